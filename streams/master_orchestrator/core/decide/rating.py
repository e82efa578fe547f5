"""An owner's rating of a repair, which comes when the workflow has ended: no workflow waits for it.

The first rating of a workflow counts. It is recorded in the trail of the vehicle's newest workflow, which names the one
that is rated: an owner whose vehicle has broken down again rates the repair before. A bad one calls a human.
"""

from typing import Any

from master_orchestrator.core import events as ev
from master_orchestrator.core.decide import calls
from master_orchestrator.core.decide.context import Context, Decision
from master_orchestrator.core.decide.service_event import digest_of
from master_orchestrator.core.decide.unknown import SUPERSEDED, no_such_workflow
from master_orchestrator.core.evolve import chain_of
from master_orchestrator.core.state import Workflow
from master_orchestrator_schemas.messages import CustomerAnswer
from master_orchestrator_schemas.vocabulary import AgentType, Reason, State

ASKED_IN = frozenset({State.FEEDBACK, State.RETRY})


def on_rating(context: Context[None], answer: CustomerAnswer, actor: str, details: dict[str, Any]) -> Decision:
    """What a rating makes happen."""
    newest = context.state.workflow
    if chain_of(context.state, answer.workflow_id) is None:
        unknown = no_such_workflow(context.state, answer.vehicle_id, answer.workflow_id)
        if unknown.code != SUPERSEDED:
            return unknown
    if newest is None:
        return no_such_workflow(context.state, answer.vehicle_id, answer.workflow_id)
    heard = context.about(newest, actor, {**details, "rated": answer.workflow_id})
    if answer.csat is None or (newest.workflow_id == answer.workflow_id and not _is_serviced(newest)):
        return heard.reject("nothing_to_rate")
    digest = digest_of(f"RATED/{answer.workflow_id}")
    if digest in newest.service_events:
        return heard.reject("duplicate_answer")
    called: tuple[ev.Call, ...] = ()
    if answer.csat <= context.policy.learning.recovery_csat:
        called = calls.dissatisfied(context.vehicle_id, newest, answer.csat, answer.comment or "")
    return [ev.OwnerRated(**heard.head("rated"), service_event=digest, calls=called)]


def _is_serviced(workflow: Workflow) -> bool:
    completed = workflow.state is State.COMPLETED and workflow.reason == Reason.SERVICED
    execution = workflow.execution
    is_asked = execution is not None and execution.step is AgentType.FEEDBACK
    return completed or (is_asked and workflow.state in ASKED_IN)
