"""The conversation with an owner, one command of CUSTOMER_ENGAGEMENT for each contact.

The agent replies at once: what it sent, and until when an answer is waited for. That wait is the workflow's deadline,
so it survives every restart, and an open conversation costs state only. The agent knows the ladder; the core counts,
and ends a conversation that does not end by itself.
"""

from msgspec.structs import replace

from master_orchestrator.core import bounds
from master_orchestrator.core import events as ev
from master_orchestrator.core.decide.contact import owner_not_won
from master_orchestrator.core.decide.context import Context
from master_orchestrator.core.decide.executions import first_execution
from master_orchestrator.core.state import Conversation, Workflow
from master_orchestrator_schemas.messages.telemetry import MAX_MS
from master_orchestrator_schemas.results import CustomerEngagementResult
from master_orchestrator_schemas.vocabulary import AgentType, Answer, Priority


def conversation_of(workflow: Workflow) -> Conversation:
    """The workflow's conversation, also before its first contact is confirmed."""
    if workflow.conversation is not None:
        return workflow.conversation
    execution = workflow.execution
    if execution is None:
        raise KeyError(workflow.workflow_id)
    return Conversation(began_ms=execution.issued_at_ms, first_attempt=execution.budget_from)


def is_waiting(workflow: Workflow) -> bool:
    """Whether the owner's answer is waited for, with no command outstanding."""
    return workflow.conversation is not None and workflow.conversation.waiting


def contacted(context: Context[Workflow], result: CustomerEngagementResult, wish_ms: int) -> list[ev.Event]:
    """The owner was contacted, or may be only later: the answer is waited for until ``wish_ms``, within bounds."""
    before = conversation_of(context.workflow)
    tried, offers = before.tried, before.offers
    if result.channel is not None:
        tried = (*tried, bounds.clip(result.channel, bounds.CHANNEL_BYTES))[-bounds.MAX_TRIED :]
    if result.offers:
        offers = tuple(
            {**offer.model_dump(), "workshop_id": bounds.clip(offer.workshop_id, bounds.WORD_BYTES)}
            for offer in result.offers
        )
    held = replace(before, waiting=True, tried=tried, offers=offers)
    return [ev.OwnerContacted(**context.head("contacted"), conversation=held, due_ms=_until_ms(context, wish_ms))]


def asked_later(context: Context[Workflow], wish_ms: int) -> list[ev.Event]:
    """FEEDBACK -> RETRY: the owner may be asked how it went only later."""
    return [ev.StepFailed(**context.head("asked_later"), retry_at_ms=_until_ms(context, wish_ms), is_answer=True)]


def _until_ms(context: Context[Workflow], wish_ms: int) -> int:
    """What the agent wishes, within bounds."""
    latest_ms = context.at_ms + context.policy.conversation.max_wait_ms
    return min(max(wish_ms, context.at_ms), latest_ms, MAX_MS)


def continued(
    context: Context[Workflow],
    reason: str,
    *,
    heard: Answer | None = None,
    heard_of: tuple[int, int] | None = None,
    digest: int | None = None,
    priority: Priority | None = None,
) -> list[ev.Event]:
    """The next command of the conversation, or its end after the last that is allowed.

    ``heard_of``: attempt and revision of the contact that was answered, ``digest``: of the answer. ``priority``: of the
    command, where an event before changes that of the workflow.
    """
    before, policy = conversation_of(context.workflow), context.policy
    if before.turn + 1 >= policy.conversation.max_turns:
        return owner_not_won(context.noting(turns=before.turn + 1), Answer.NO_ANSWER, "no answer to any contact")
    answers = before.answers if digest is None else (*before.answers, digest)[-bounds.MAX_ANSWERS :]
    held = replace(before, turn=before.turn + 1, waiting=False, heard=heard, answers=answers, heard_of=heard_of)
    step = AgentType.CUSTOMER_ENGAGEMENT
    execution = first_execution(policy, context.workflow, step, priority or context.workflow.priority, context.at_ms)
    return [ev.ConversationContinued(**context.head(reason), conversation=held, execution=execution)]
