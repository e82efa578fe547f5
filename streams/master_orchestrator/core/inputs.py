"""What the core is given: one decoded record with where and when it stood in Kafka."""

import msgspec

from master_orchestrator_schemas.left_out import LeftOut
from master_orchestrator_schemas.messages import Cause
from master_orchestrator_schemas.registry import Body

__all__ = ["Body", "Input"]


class Input(msgspec.Struct, frozen=True, kw_only=True):
    """One input record of one vehicle.

    Args:
        cause: topic, partition and offset of the record.
        at_ms: the record's timestamp, the only clock there is (milliseconds since 1970 UTC, set by the broker).
        body: the decoded message.
        gateway: who brought a reading; None where its headers are not at hand, as in a replay.
        left_out: what of the record was not understood, and is not in ``body``.
        traceparent: the record's W3C trace context, carried on to every command and audit record of its workflow.
    """

    cause: Cause
    at_ms: int
    body: Body
    traceparent: str | None = None
    gateway: str | None = None
    left_out: tuple[LeftOut, ...] = ()
