"""The table as its changelog holds it, read by the documented layout: places in MessagePack arrays.

A vehicle's key is its id, its value 8 bytes of earliest deadline and then its state; reserved keys begin with a NUL.
"""

import struct
from collections.abc import Mapping
from typing import Any, NamedTuple

import msgspec

POSITION_KEY = b"\x00position"
DUE = struct.Struct(">q")
VERSION = 14
STATES = (
    "PENDING", "DATA_ANALYSIS", "DIAGNOSIS", "URGENCY_ASSESSMENT", "CUSTOMER_ENGAGEMENT", "SCHEDULING", "SCHEDULED",
    "IN_SERVICE", "FEEDBACK", "COMPLETED", "FAILED", "RETRY",
)  # fmt: skip
"""By their number in stored histories."""


class KeptWorkflow(NamedTuple):
    """What the state keeps of a workflow; of a replaced one the first six only."""

    workflow_id: str
    state: str
    priority: int
    reason: str | None
    seq: int
    hash: str
    side: bool
    opened_at_ms: int = 0
    updated_at_ms: int = 0
    waits: bool = False
    attempt: int = 0
    findings: tuple[str, ...] = ()
    appointment: tuple[Any, ...] = (None, None, None, None)
    history: tuple[tuple[int, str], ...] = ()


class StoredVehicle(NamedTuple):
    """One vehicle's state. ``due_ms``: its earliest deadline, 0 for none; ``positions`` in rank order, 0: none yet."""

    vehicle_id: str
    due_ms: int
    positions: tuple[int, ...]
    episodes: int
    workflow: KeptWorkflow | None
    older: KeptWorkflow | None


def vehicles(table: Mapping[bytes, bytes | None]) -> list[StoredVehicle]:
    """All vehicles of a partition's table. Raises ``msgspec.DecodeError``, ``IndexError`` on what is not a state."""
    return [
        vehicle_of(key.decode(), value)
        for key, value in table.items()
        if value is not None and not key.startswith(b"\x00")
    ]


def vehicle_of(vehicle_id: str, value: bytes) -> StoredVehicle:
    """The vehicle of a table's value. Raises ``ValueError`` on a state of another version than this reader knows."""
    state = msgspec.msgpack.decode(value[DUE.size :])
    if state[0] != VERSION:
        raise ValueError(f"{vehicle_id}: a state of version {state[0]}, the judge knows {VERSION}; teach it")
    return StoredVehicle(
        vehicle_id=vehicle_id,
        due_ms=DUE.unpack_from(value)[0],
        positions=tuple(state[1]),
        episodes=state[3],
        workflow=None if state[8] is None else _workflow(state[8]),
        older=None if state[9] is None else _chain(state[9]),
    )


def input_positions(table: Mapping[bytes, bytes | None]) -> dict[str, int]:
    """Input topic -> next offset, as stored with the newest transaction; empty if there was none."""
    stored = table.get(POSITION_KEY)
    return {} if stored is None else dict(msgspec.msgpack.decode(stored))


def _chain(chain: list[Any]) -> KeptWorkflow:
    workflow_id, state, priority, reason, seq, newest_hash, _, side = chain[:8]
    return KeptWorkflow(workflow_id, state, priority, reason, seq, newest_hash, side is not None)


def _workflow(kept: list[Any]) -> KeptWorkflow:
    execution, booked, opened_ms = kept[11], kept[15], kept[8]
    return _chain(kept)._replace(
        opened_at_ms=opened_ms,
        updated_at_ms=kept[9],
        waits=kept[10] is not None,
        attempt=0 if execution is None else execution[1],
        findings=tuple(finding[0] for finding in kept[13]),
        appointment=(None,) * 4 if booked is None or booked[4] else tuple(booked[:4]),
        history=tuple((opened_ms + after_ms, STATES[state]) for after_ms, state, _ in kept[19]),
    )
