"""What the replay of ``audit verify`` finds: where a vehicle first differs, and vehicles that cannot be replayed."""

from collections.abc import Iterable, Mapping
from typing import Protocol

import msgspec

from master_orchestrator_schemas.messages import AuditRecord

HASHES = ("prev_hash", "hash")
"""Fields that differ whenever another one does: named last."""


class Difference(msgspec.Struct, frozen=True):
    """The first audit record of a vehicle that the replay does not give as it stands; ``field`` says where.

    ``field`` is that of the audit record, or ``record`` (only one side has it), ``cause`` (the input it names cannot be
    applied) or ``bytes`` (the same content, encoded in another way).
    """

    workflow_id: str
    seq: int
    field: str
    text: str


class Untold(msgspec.Struct, frozen=True):
    """What cannot be told, and why. ``vehicle_id`` None: of all vehicles. ``records``: how many of the trail."""

    vehicle_id: str | None
    records: int
    text: str


class Replayed(msgspec.Struct, frozen=True, kw_only=True):
    """What was replayed, what came out otherwise, and what could not be replayed.

    ``records``: audit records given again, byte for byte. ``inputs``: how many inputs were applied for it.
    """

    vehicles: int = 0
    records: int = 0
    inputs: int = 0
    differences: tuple[Difference, ...] = ()
    untold: tuple[Untold, ...] = ()


def summed(verdicts: Iterable[Replayed]) -> Replayed:
    """One verdict of many."""
    parts = list(verdicts)
    return Replayed(
        vehicles=sum(part.vehicles for part in parts),
        records=sum(part.records for part in parts),
        inputs=sum(part.inputs for part in parts),
        differences=tuple(difference for part in parts for difference in part.differences),
        untold=tuple(untold for part in parts for untold in part.untold),
    )


class Finished(Protocol):
    """What is looked at of a replay that is over."""

    vehicle_id: str
    difference: Difference | None
    records: int
    inputs: int
    length: int
    """Records of the trail."""
    moved: str | None
    """Where its first inputs stand, if that is another partition."""
    earliest: dict[str, int]
    """Per topic, the offset of the first input that the trail names."""


def verdict_of(replay: Finished, log_starts: Mapping[str, int], readings: str) -> Replayed:
    """The verdict on one vehicle.

    Where early readings are gone, nobody knows whether this vehicle had some: its first records may rest on them. If
    the replay gives the same bytes, it had none that mattered; if not, that does not prove the trail wrong.
    """
    gone, difference = replay.moved or _cut(replay.earliest, log_starts), replay.difference
    if gone is None and difference is not None and log_starts[readings]:
        place = f"{difference.workflow_id}/{difference.seq}: {difference.field}: {difference.text}"
        gone = f"{readings} now begins at offset {log_starts[readings]}; what was before may explain that {place}"
    if gone is not None:
        return Replayed(inputs=replay.inputs, untold=(Untold(replay.vehicle_id, replay.length, gone),))
    differences = () if difference is None else (difference,)
    return Replayed(vehicles=1, records=replay.records, inputs=replay.inputs, differences=differences)


def _cut(named: Mapping[str, int], log_starts: Mapping[str, int]) -> str | None:
    """Why inputs are known to be gone, given the first that the trail names and where the topics begin."""
    for topic, offset in named.items():
        if max(offset, 0) < log_starts.get(topic, 0):  # a forger's positions may be anything
            return f"its trail names {topic} offset {offset}, the topic now begins at {log_starts[topic]}"
    return None


def first_difference(replayed: AuditRecord, recorded: AuditRecord) -> tuple[str, str]:
    """The first field in which a replayed record is not the one of the trail, and how they differ."""
    fields = [name for name in AuditRecord.__struct_fields__ if name not in HASHES]
    for name in (*fields, *HASHES):
        given, stands = getattr(replayed, name), getattr(recorded, name)
        if given != stands:
            return name, f"the replay gives {_shown(given)}, the trail has {_shown(stands)}"
    return "bytes", "the same content, but encoded in another way than the engine does"


def _shown(value: object) -> str:
    text = value if isinstance(value, str) else msgspec.json.encode(value).decode()
    return text if len(text) <= 200 else f"{text[:200]}… ({len(text)} characters)"
