"""An operator's request: cancel, redrive, another priority, a campaign's work.

What the table does not have is rejected, and recorded.
"""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

from msgspec.structs import replace

from master_orchestrator.core import events as ev
from master_orchestrator.core.decide.campaigns import CAMPAIGN_ACTIONS, on_campaign_request
from master_orchestrator.core.decide.context import Context, Decision
from master_orchestrator.core.decide.priority import change_priority
from master_orchestrator.core.decide.unknown import no_such_workflow
from master_orchestrator.core.evolve import chain_of
from master_orchestrator.core.state import Workflow
from master_orchestrator.core.transitions import allowed
from master_orchestrator_schemas.messages import OperatorRequest
from master_orchestrator_schemas.vocabulary import OperatorAction, Reason, State


def on_operator_request(context: Context[None], request: OperatorRequest) -> Decision:
    """What an operator's request makes happen."""
    actor, details = f"operator:{request.operator}", details_of(request)
    if request.action in CAMPAIGN_ACTIONS:
        return on_campaign_request(replace(context, actor=actor, details=details), request)
    chain = chain_of(context.state, request.workflow_id)
    if chain is None:
        return no_such_workflow(context.state, request.vehicle_id, request.workflow_id)
    if not isinstance(chain, Workflow):
        return context.about(chain, actor, details).reject("superseded_workflow")
    return ACTIONS[request.action](context.about(chain, actor, details), request)


def _cancel(context: Context[Workflow], _request: OperatorRequest) -> list[ev.Event]:
    if not allowed(context.workflow.state, State.FAILED):
        return _rejected(context, "illegal_request")
    return context.fail(Reason.CANCELLED)


def _redrive(context: Context[Workflow], _request: OperatorRequest) -> list[ev.Event]:
    """Back to the step of the last execution; a workflow cancelled between booking and repair is booked again."""
    last = context.workflow.execution
    if context.workflow.state is not State.FAILED or last is None:
        return _rejected(context, "illegal_request")
    return [ev.WorkflowRedriven(**context.head("redriven"), execution=replace(last, budget_from=last.attempt + 1))]


def _set_priority(context: Context[Workflow], request: OperatorRequest) -> list[ev.Event]:
    priority = request.priority
    if priority is None:
        return _rejected(context, "priority_missing")
    if not context.workflow.is_open:
        return _rejected(context, "illegal_request")
    if priority is context.workflow.priority:
        return _rejected(context, "same_priority")
    return change_priority(context, priority, "operator", least=priority)


def _rejected(context: Context[Workflow], code: str) -> list[ev.Event]:
    return context.noting(state=context.workflow.state.value).reject(code)


def details_of(request: OperatorRequest) -> dict[str, Any]:
    """What the operator asked for, for the audit trail."""
    details = {"request_id": request.request_id, "action": request.action.value}
    if request.priority is not None:
        details["priority"] = request.priority.name
    if request.campaign is not None:
        details["campaign"] = request.campaign.campaign_id
    if request.reason is not None:
        details["because"] = request.reason
    return details


ACTIONS: Mapping[OperatorAction, Callable[[Context[Workflow], OperatorRequest], list[ev.Event]]] = MappingProxyType(
    {
        OperatorAction.CANCEL: _cancel,
        OperatorAction.REDRIVE: _redrive,
        OperatorAction.SET_PRIORITY: _set_priority,
    }
)
"""What each action makes happen."""
