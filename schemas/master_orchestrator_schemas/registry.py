"""Every kind of message on the wire: its class, its Avro subject, its role, and the id that its sender gives it.

The rest derives from this table: the names that ``topology.yaml`` may use, the order of the inputs, the codec's
readers and writers. A new kind is a class in ``messages/``, a schema in ``avro/``, a row here, a member of a union
here, and a topic in ``topology.yaml``; tests name what is missing.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Any

import msgspec

from master_orchestrator_schemas.messages import (
    Activity,
    ActorRecord,
    ActorTick,
    Alert,
    AuditRecord,
    Command,
    Control,
    CustomerAnswer,
    EntityStatus,
    OperatorRequest,
    Reply,
    SenderFeedback,
    ServiceEvent,
    Status,
    Telemetry,
    Timer,
    UebaRequest,
)

Request = Telemetry | ServiceEvent | OperatorRequest | CustomerAnswer
"""What comes in from outside."""

Body = Request | Timer | Reply
"""What the engine reads."""

UebaBody = UebaRequest | Activity | ActorTick
"""What the judge of behaviour reads."""

UebaOutput = ActorRecord | EntityStatus | Control

Message = Body | Command | AuditRecord | Status | Alert | SenderFeedback | UebaBody | UebaOutput
"""What has a schema."""


class Role(StrEnum):
    """How a message passes the engine. A command's topics follow from agent and lane; every other role has one each."""

    INPUT = "input"
    OUTPUT = "output"
    COMMAND = "command"


class App(StrEnum):
    """The Faust app whose input or output a message is."""

    ENGINE = "engine"
    UEBA = "ueba"


@dataclass(frozen=True)
class MessageKind:
    """One kind of message.

    Args:
        type: its class in ``messages/``.
        subject: of its Avro schemas, ``avro/<subject>.v<N>.avsc``; persistent.
        role: how it passes the engine.
        sender_id: the sender's own id of a request; None for what does not come from outside.
        app: whose input or output it is.
    """

    type: type[msgspec.Struct]
    subject: str
    role: Role
    sender_id: Callable[[Any], str] | None = None
    app: App = App.ENGINE

    @property
    def name(self) -> str:
        """The class's name, which ``topology.yaml`` and the header ``ce_type`` use."""
        return self.type.__name__


def _reading_id(reading: Telemetry) -> str:
    return reading.request_id or f"{reading.vehicle_id}/{reading.ts_ms}"


KINDS: tuple[MessageKind, ...] = (
    # The inputs in rank order: those of one vehicle with the same timestamp are applied in this order. People first, a
    # reply before its time-out. A stored state holds positions by rank: a new input goes behind the others.
    MessageKind(OperatorRequest, "operator_request", Role.INPUT, lambda request: request.request_id),
    MessageKind(ServiceEvent, "service_event", Role.INPUT, lambda event: event.event_id),
    MessageKind(Reply, "reply", Role.INPUT),
    MessageKind(Timer, "timer", Role.INPUT),
    MessageKind(Telemetry, "telemetry", Role.INPUT, _reading_id),
    MessageKind(CustomerAnswer, "customer_answer", Role.INPUT, lambda answer: answer.answer_id),
    MessageKind(Command, "command", Role.COMMAND),
    MessageKind(AuditRecord, "audit_record", Role.OUTPUT),
    MessageKind(Status, "status", Role.OUTPUT),
    MessageKind(Alert, "alert", Role.OUTPUT),
    MessageKind(SenderFeedback, "sender_feedback", Role.OUTPUT),
    # The judge of behaviour: its inputs in rank order too.
    MessageKind(UebaRequest, "ueba_request", Role.INPUT, app=App.UEBA),
    MessageKind(Activity, "activity", Role.INPUT, app=App.UEBA),
    MessageKind(ActorTick, "actor_tick", Role.INPUT, app=App.UEBA),
    MessageKind(ActorRecord, "actor_record", Role.OUTPUT, app=App.UEBA),
    MessageKind(EntityStatus, "entity_status", Role.OUTPUT, app=App.UEBA),
    MessageKind(Control, "control", Role.OUTPUT, app=App.UEBA),
)


def _names(app: App, role: Role) -> tuple[str, ...]:
    return tuple(kind.name for kind in KINDS if kind.app is app and kind.role is role)


INPUTS = _names(App.ENGINE, Role.INPUT)
"""Names of the engine's inputs in rank order."""

OUTPUTS = _names(App.ENGINE, Role.OUTPUT)

UEBA_INPUTS = _names(App.UEBA, Role.INPUT)
"""Names of the inputs of the judge of behaviour in rank order."""

UEBA_OUTPUTS = _names(App.UEBA, Role.OUTPUT)

TYPES: Mapping[str, type[Any]] = MappingProxyType({kind.name: kind.type for kind in KINDS})
"""Name -> class."""

SUBJECTS: Mapping[str, type[Any]] = MappingProxyType({kind.subject: kind.type for kind in KINDS})
"""Avro subject -> class."""

_SENDER_IDS = {kind.type: kind.sender_id for kind in KINDS if kind.sender_id is not None}


def sender_id_of(request: Request) -> str:
    """The sender's own id of a request."""
    return _SENDER_IDS[type(request)](request)
