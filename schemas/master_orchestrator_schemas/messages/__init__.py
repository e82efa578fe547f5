"""The message classes of the wire, one struct per Avro record. Hot path: msgspec structs, frozen."""

from master_orchestrator_schemas.messages.feedback import Mistake, SenderFeedback
from master_orchestrator_schemas.messages.inputs import (
    Failure,
    OperatorRequest,
    Reply,
    ServiceEvent,
    Timer,
)
from master_orchestrator_schemas.messages.outputs import (
    Alert,
    AuditRecord,
    Cause,
    Command,
    Diagnosis,
    Evidence,
    LikelyCause,
    Status,
    Transition,
)
from master_orchestrator_schemas.messages.telemetry import SIGNALS, Dtc, J1939Fault, Telemetry

__all__ = [
    "SIGNALS",
    "Alert",
    "AuditRecord",
    "Cause",
    "Command",
    "Diagnosis",
    "Dtc",
    "Evidence",
    "Failure",
    "J1939Fault",
    "LikelyCause",
    "Mistake",
    "OperatorRequest",
    "Reply",
    "SenderFeedback",
    "ServiceEvent",
    "Status",
    "Telemetry",
    "Timer",
    "Transition",
]
