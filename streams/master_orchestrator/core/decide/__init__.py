"""All rules: what an input of one vehicle makes happen, given its state. One module per kind of input.

A rule states events and nothing else. What the engine does by itself, once something has happened, is in
``progress.py``. An unwanted input is a ``Rejected`` event where a known workflow can record it, else a ``Rejection``.
"""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

from master_orchestrator.core.decide.context import Context, Decision
from master_orchestrator.core.decide.customer_answer import on_customer_answer
from master_orchestrator.core.decide.operator import on_operator_request
from master_orchestrator.core.decide.progress import progress
from master_orchestrator.core.decide.reply import on_reply
from master_orchestrator.core.decide.service_event import on_service_event
from master_orchestrator.core.decide.telemetry import on_telemetry
from master_orchestrator.core.decide.timer import on_timer
from master_orchestrator.core.inputs import Input
from master_orchestrator.core.policy import Policy
from master_orchestrator.core.rejection import Rejection
from master_orchestrator.core.state import VehicleState
from master_orchestrator_schemas.messages import CustomerAnswer, OperatorRequest, Reply, ServiceEvent, Telemetry, Timer

DecisionRule = Callable[[Context[None], Any], Decision]

# Any: a rule takes exactly the message that it stands under, which a mapping's type cannot say.
RULES: Mapping[type, DecisionRule] = MappingProxyType(
    {
        Telemetry: on_telemetry,
        Reply: on_reply,
        Timer: on_timer,
        ServiceEvent: on_service_event,
        OperatorRequest: on_operator_request,
        CustomerAnswer: on_customer_answer,
    }
)
"""Which rules apply to which message."""


def decide(policy: Policy, vehicle_id: str, state: VehicleState, record: Input) -> Decision:
    """What the input makes happen."""
    body = record.body
    if body.vehicle_id != vehicle_id:
        return Rejection("wrong_vehicle", f"the record's key is {vehicle_id}, its vehicle_id {body.vehicle_id}")
    return RULES[type(body)](Context(policy, state, record, None), body)


__all__ = ["RULES", "DecisionRule", "decide", "progress"]
