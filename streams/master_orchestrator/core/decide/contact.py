"""What becomes of a workflow whose owner does not agree: declines, does not answer, cannot be asked."""

from master_orchestrator.core import events as ev
from master_orchestrator.core.decide import appointments, calls
from master_orchestrator.core.decide.answers import OUTCOMES, Lead
from master_orchestrator.core.decide.context import Context
from master_orchestrator.core.state import Workflow
from master_orchestrator_schemas.vocabulary import Answer, Reason

DECLINING = frozenset({Answer.DECLINE, Answer.OPT_OUT})
"""Answers of an owner who was reached; after the others nobody was."""


def said(answer: Answer) -> str:
    """An answer in words, for a call."""
    return {Answer.DECLINE: "declined", Answer.OPT_OUT: "opted out"}.get(answer, answer.lower().replace("_", " "))


def owner_not_won(context: Context[Workflow], answer: Answer, why: str) -> list[ev.Event]:
    """The end of the workflow, with a call for a human if the table says so. A standing booking is kept."""
    workflow = context.workflow
    reason = Reason.DECLINED if answer in DECLINING else Reason.NO_ANSWER
    is_called = OUTCOMES[answer][workflow.priority] is Lead.CALL
    called = calls.owner_not_won(context.policy, context.vehicle_id, workflow, why) if is_called else ()
    appointment = workflow.standing
    if appointment is not None:
        return appointments.stands(context, appointment, reason, called)
    return context.complete(reason, called)
