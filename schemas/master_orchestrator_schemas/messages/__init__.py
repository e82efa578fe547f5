"""The message classes of the wire, one struct per Avro record. Hot path: msgspec structs, frozen."""

from master_orchestrator_schemas.messages.activity import Activity, SessionAct
from master_orchestrator_schemas.messages.feedback import Mistake, SenderFeedback
from master_orchestrator_schemas.messages.inputs import (
    Campaign,
    CustomerAnswer,
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
    ServiceDue,
    Status,
    Transition,
)
from master_orchestrator_schemas.messages.telemetry import SIGNALS, Dtc, J1939Fault, Telemetry
from master_orchestrator_schemas.messages.ueba import (
    ActorRecord,
    ActorTick,
    Control,
    ControlledPair,
    EntityStatus,
    FindingSession,
    OpenFinding,
    UebaRequest,
)

__all__ = [
    "SIGNALS",
    "Activity",
    "ActorRecord",
    "ActorTick",
    "Alert",
    "AuditRecord",
    "Campaign",
    "Cause",
    "Command",
    "Control",
    "ControlledPair",
    "CustomerAnswer",
    "Diagnosis",
    "Dtc",
    "EntityStatus",
    "Evidence",
    "Failure",
    "FindingSession",
    "J1939Fault",
    "LikelyCause",
    "Mistake",
    "OpenFinding",
    "OperatorRequest",
    "Reply",
    "SenderFeedback",
    "ServiceDue",
    "ServiceEvent",
    "SessionAct",
    "Status",
    "Telemetry",
    "Timer",
    "Transition",
    "UebaRequest",
]
