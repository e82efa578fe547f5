"""An owner's answer. It counts while the conversation that it belongs to is held, whichever of its contacts it answers.

So an answer to the message before an episode got worse does not agree to what the owner is told now: it is recorded as
``late_answer``, as is one that comes when the workflow has gone on. An answer may come while a command is with the
agent, or while that step waits for its retry. OPT_OUT holds whatever has become of the workflow: it is recorded for the
vehicle, and every later task says so.
"""

from typing import Any

from msgspec.structs import replace

from master_orchestrator.core import events as ev
from master_orchestrator.core.command_ids import CommandName, parse_command_id
from master_orchestrator.core.decide.agreed import agreed
from master_orchestrator.core.decide.answers import ANSWERS, Lead
from master_orchestrator.core.decide.contact import owner_not_won, said
from master_orchestrator.core.decide.context import Context, Decision
from master_orchestrator.core.decide.conversation import continued, conversation_of
from master_orchestrator.core.decide.rating import on_rating
from master_orchestrator.core.decide.sent_time import impossible_time
from master_orchestrator.core.decide.service_event import digest_of
from master_orchestrator.core.decide.unknown import SUPERSEDED, no_such_workflow
from master_orchestrator.core.evolve import chain_of
from master_orchestrator.core.state import Chain, Workflow
from master_orchestrator_schemas.messages import CustomerAnswer
from master_orchestrator_schemas.vocabulary import AgentType, Answer, Channel, Purpose, State

LATE = "late_answer"
HELD_IN = frozenset({State.CUSTOMER_ENGAGEMENT, State.RETRY})


def on_customer_answer(context: Context[None], answer: CustomerAnswer) -> Decision:
    """What an owner's answer makes happen."""
    if impossible := impossible_time(context, answer.ts_ms):
        return impossible
    if answer.answer is Answer.RATED:
        return on_rating(context, answer, actor_of(answer), details_of(answer))
    chain = chain_of(context.state, answer.workflow_id)
    if chain is None:
        unknown = no_such_workflow(context.state, answer.vehicle_id, answer.workflow_id)
        if answer.answer is not Answer.OPT_OUT or unknown.code != SUPERSEDED or context.state.workflow is None:
            return unknown
        chain = context.state.workflow
    heard = context.about(chain, actor_of(answer), details_of(answer))
    refused = _refused(heard.noting(state=chain.state.value), answer)
    recorded: list[ev.Event] = []
    if answer.answer is Answer.OPT_OUT:
        recorded, heard = [_opted_out(heard, answer)], heard.without_details
    if isinstance(chain, Workflow) and not refused:
        return recorded + _followed(context.about(chain, heard.actor, heard.details), answer)
    return recorded or refused


def _opted_out(heard: Context[Chain], answer: CustomerAnswer) -> ev.OptedOut:
    """``purpose/channel`` joins what is not wanted, for each channel that is meant."""
    purpose = answer.purpose or Purpose.MAINTENANCE
    channels = Channel if answer.channel is None else (answer.channel,)
    opted_out = {*heard.state.opted_out, *(f"{purpose}/{channel}" for channel in channels)}
    return ev.OptedOut(**heard.head("opted_out"), opted_out=tuple(sorted(opted_out)))


def _refused(heard: Context[Chain], answer: CustomerAnswer) -> list[ev.Event]:
    """The record of an answer that does not count; empty if it does."""
    workflow = heard.workflow
    if not isinstance(workflow, Workflow) or not _is_held(workflow):
        return heard.reject(LATE)
    conversation, attempt = conversation_of(workflow), _attempt(workflow, answer)
    if attempt is None:
        return heard.reject("unknown_contact")
    if attempt < conversation.first_attempt:
        return heard.reject(LATE)
    if digest_of(answer.answer_id) in conversation.answers:
        return heard.reject("duplicate_answer")
    if answer.offer is not None and answer.offer > len(conversation.offers):
        return heard.reject("unknown_offer")
    return []


def _is_held(workflow: Workflow) -> bool:
    execution = workflow.execution
    return workflow.state in HELD_IN and execution is not None and execution.step is AgentType.CUSTOMER_ENGAGEMENT


def _attempt(workflow: Workflow, answer: CustomerAnswer) -> int | None:
    """The execution whose contact it answers, by its id or else by its time; None: there was no such contact."""
    if answer.contact_id is None:
        conversation = conversation_of(workflow)
        return conversation.first_attempt - (answer.ts_ms < conversation.began_ms)
    name = _contact_name(workflow, answer)
    if name is None or name.attempt >= workflow.executions.get(AgentType.CUSTOMER_ENGAGEMENT.value, 0):
        return None
    return name.attempt if name.step == AgentType.CUSTOMER_ENGAGEMENT else None


def _contact_name(workflow: Workflow, answer: CustomerAnswer) -> CommandName | None:
    return None if answer.contact_id is None else parse_command_id(workflow.workflow_id, answer.contact_id)


def _followed(context: Context[Workflow], answer: CustomerAnswer) -> list[ev.Event]:
    """What the table says."""
    lead = ANSWERS[answer.answer][context.workflow.priority]
    if lead is Lead.BOOK:
        return _booked(context, answer)
    if lead is Lead.CONTACT:
        name, digest = _contact_name(context.workflow, answer), digest_of(answer.answer_id)
        heard_of = None if name is None else (name.attempt, name.revision)
        return continued(context, "answer", heard=answer.answer, heard_of=heard_of, digest=digest)
    return owner_not_won(context, answer.answer, said(answer.answer))


def _booked(context: Context[Workflow], answer: CustomerAnswer) -> list[ev.Event]:
    offers = conversation_of(context.workflow).offers
    chosen = None if answer.offer is None else offers[answer.offer - 1]
    wish_ms = answer.preferred_from_ms if chosen is None else chosen["start_ms"]
    facts = replace(context.workflow.facts, preferred_from_ms=wish_ms, chosen=chosen)
    return agreed(context, "answer", facts)


def actor_of(answer: CustomerAnswer) -> str:
    """Who answered, for the audit trail: the owner, by which channel."""
    return f"owner:{answer.channel or 'unknown'}"


def details_of(answer: CustomerAnswer) -> dict[str, Any]:
    """What the owner answered, for the audit trail."""
    details = {
        "answer_id": answer.answer_id,
        "answer": answer.answer.value,
        "answered_at_ms": answer.ts_ms,
        "contact_id": answer.contact_id,
        "offer": answer.offer,
        "preferred_from_ms": answer.preferred_from_ms,
        "channel": answer.channel,
        "purpose": answer.purpose,
        "csat": answer.csat,
        "nps": answer.nps,
        "fixed_right_first_time": answer.fixed_right_first_time,
        "comment": answer.comment,
    }
    return {name: value for name, value in details.items() if value is not None}
