"""An operator's request: cancel, redrive, another priority. What the table does not have is rejected, and recorded."""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

from msgspec.structs import replace

from master_orchestrator.core import events as ev
from master_orchestrator.core.decide.priority import change_priority
from master_orchestrator.core.decide.steps import failed, no_such_workflow, rejected
from master_orchestrator.core.evolve import chain_of
from master_orchestrator.core.inputs import Input
from master_orchestrator.core.policy import Policy
from master_orchestrator.core.state import VehicleState, Workflow
from master_orchestrator.core.transitions import allowed
from master_orchestrator_schemas.messages import OperatorRequest
from master_orchestrator_schemas.vocabulary import OperatorAction, Reason, State


def on_operator_request(
    policy: Policy, state: VehicleState, record: Input, request: OperatorRequest
) -> list[ev.Event] | ev.Refusal:
    """What an operator's request makes happen."""
    chain = chain_of(state, request.workflow_id)
    if chain is None:
        return no_such_workflow(state, request.vehicle_id, request.workflow_id)
    if not isinstance(chain, Workflow):
        return rejected(chain.workflow_id, record.at_ms, _actor(request), "superseded_workflow", details_of(request))
    return ACTIONS[request.action](policy, state, chain, record.at_ms, request)


def _cancel(
    policy: Policy, state: VehicleState, workflow: Workflow, at_ms: int, request: OperatorRequest
) -> list[ev.Event]:
    if not allowed(workflow.state, State.FAILED):
        return _rejected(workflow, at_ms, request, "illegal_request")
    return [
        failed(policy, state, workflow, at_ms, Reason.CANCELLED, actor=_actor(request), details=details_of(request))
    ]


def _redrive(
    policy: Policy,  # noqa: ARG001 - the form of all ACTIONS
    state: VehicleState,  # noqa: ARG001
    workflow: Workflow,
    at_ms: int,
    request: OperatorRequest,
) -> list[ev.Event]:
    """Back to the step of the last execution; a workflow cancelled between booking and repair is booked anew."""
    last = workflow.execution
    if workflow.state is not State.FAILED or last is None:
        return _rejected(workflow, at_ms, request, "illegal_request")
    return [
        ev.WorkflowRedriven(
            workflow_id=workflow.workflow_id,
            at_ms=at_ms,
            actor=_actor(request),
            reason="redriven",
            details=details_of(request),
            execution=replace(last, budget_from=last.attempt + 1),
        )
    ]


def _set_priority(
    policy: Policy,
    state: VehicleState,  # noqa: ARG001 - the form of all ACTIONS
    workflow: Workflow,
    at_ms: int,
    request: OperatorRequest,
) -> list[ev.Event]:
    priority = request.priority
    if priority is None:
        return _rejected(workflow, at_ms, request, "priority_missing")
    if not workflow.is_open:
        return _rejected(workflow, at_ms, request, "illegal_request")
    if priority is workflow.priority:
        return _rejected(workflow, at_ms, request, "same_priority")
    return change_priority(
        policy,
        workflow,
        priority,
        at_ms,
        reason="operator",
        actor=_actor(request),
        details=details_of(request),
        least=priority,
    )


def _rejected(workflow: Workflow, at_ms: int, request: OperatorRequest, code: str) -> list[ev.Event]:
    said = {**details_of(request), "state": workflow.state.value}
    return rejected(workflow.workflow_id, at_ms, _actor(request), code, said)


def _actor(request: OperatorRequest) -> str:
    return f"operator:{request.operator}"


def details_of(request: OperatorRequest) -> dict[str, Any]:
    """What the operator asked for, for the audit trail."""
    said = {"request_id": request.request_id, "action": request.action.value}
    if request.priority is not None:
        said["priority"] = request.priority.name
    if request.reason is not None:
        said["because"] = request.reason
    return said


ACTIONS: Mapping[OperatorAction, Callable[[Policy, VehicleState, Workflow, int, OperatorRequest], list[ev.Event]]] = (
    MappingProxyType(
        {
            OperatorAction.CANCEL: _cancel,
            OperatorAction.REDRIVE: _redrive,
            OperatorAction.SET_PRIORITY: _set_priority,
        }
    )
)
"""What each action makes happen."""
