"""What the judge knows of each record: plain values, one shape per kind of topic."""

from collections.abc import Mapping
from typing import Any, NamedTuple

Headers = tuple[tuple[str, bytes | None], ...]


class RecordPlace(NamedTuple):
    """Where a record stands."""

    topic: str
    partition: int
    offset: int

    def __str__(self) -> str:
        return f"{self.topic}[{self.partition}]@{self.offset}"


class StoredRecord(NamedTuple):
    """A record as it stands in its topic. ``at_ms``: the broker's time."""

    place: RecordPlace
    at_ms: int
    key: bytes
    value: bytes | None
    headers: Headers

    @property
    def vehicle(self) -> str:
        """Its key as text; of an input, the vehicle it is about."""
        return self.key.decode(errors="replace")

    def header(self, name: str) -> str | None:
        """The first header of the name."""
        first = next((value for known, value in self.headers if known == name), None)
        return None if first is None else first.decode(errors="replace")


class Audit(NamedTuple):
    """A decoded audit record; ``details`` is its text, ``facts`` the parts of it that rules look at."""

    place: RecordPlace
    key: str
    event_id: str | None
    workflow_id: str
    vehicle_id: str
    seq: int
    at_ms: int
    event: str
    actor: str
    from_state: str | None
    to_state: str
    priority: int
    reason: str | None
    attempt: int
    details: str
    facts: Mapping[str, Any]
    cause: RecordPlace
    positions: Mapping[str, int]
    prev_hash: str
    hash: str

    @property
    def where(self) -> str:
        """For a violation: the record's name and place."""
        return f"{self.workflow_id}/{self.seq} at {self.place}"


class DecodedStatus(NamedTuple):
    """A decoded status; ``fields`` is the whole of it, its history as tuples (time, state, reason)."""

    place: RecordPlace
    key: str
    workflow_id: str
    vehicle_id: str
    seq: int
    fields: Mapping[str, Any]


class DecodedAlert(NamedTuple):
    """A decoded alert."""

    place: RecordPlace
    key: str
    alert_id: str
    kind: str
    at_ms: int
    vehicle_id: str | None
    workflow_id: str | None
    priority: int | None


class DecodedCommand(NamedTuple):
    """A command with the record that holds it."""

    stored: StoredRecord
    command_id: str
    workflow_id: str
    vehicle_id: str
    agent: str
    priority: int
    step: str
    attempt: int
    revision: int
    issued_at_ms: int
    deadline_ms: int


class Letter(NamedTuple):
    """A dead letter. ``origin``: None if its headers do not say; a command given up has the offset -1."""

    stored: StoredRecord
    origin: RecordPlace | None
    reason: str
    complete: bool
    marker: bool
    cut_from: int | None


class SentRecord(NamedTuple):
    """A record that the load handed over. ``place``: None if its delivery is not known.

    ``aborted``: its transaction was given up for certain. ``needed``: all records on which ``expects`` rests were
    acknowledged. ``rule``: the finding that it reports. ``name``: under which the load has sent it.
    """

    place: RecordPlace | None
    topic: str
    acked: bool
    aborted: bool
    vehicle: str
    expects: str
    strict: bool
    needed: bool
    rule: str | None
    request_id: str | None
    size: int
    name: str
