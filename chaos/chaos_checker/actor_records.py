"""What the judge knows of actors' records: what they did, what the ueba app says of it, what the load did as rogues."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from chaos_checker.records import RecordPlace


class DoneAct(NamedTuple):
    """Equal acts of a session. ``action``: in small letters, as findings name it."""

    action: str
    resource: str
    times: int
    override: str | None


class DecodedActivity(NamedTuple):
    """A decoded session of an actor; ``done`` is False for what is written ahead of acts."""

    place: RecordPlace
    activity_id: str
    actor: str
    done: bool
    acts: tuple[DoneAct, ...]


class ActorEntry(NamedTuple):
    """A decoded record of an actor's trail; ``content`` is all of it but the hash, ``facts`` its details."""

    place: RecordPlace
    key: str
    event_id: str | None
    actor: str
    seq: int
    event: str
    finding_id: str | None
    prev_hash: str
    hash: str
    content: Mapping[str, Any]
    facts: Mapping[str, Any]

    @property
    def where(self) -> str:
        """For a violation: the record's name and place."""
        return f"{self.actor}/{self.seq} at {self.place}"


class DecodedControl(NamedTuple):
    """A decoded control: what an actor is held to."""

    place: RecordPlace
    actor: str
    level: str


class OpenCount(NamedTuple):
    """How many acts an open finding holds, as readers are told."""

    finding_id: str
    rule: str
    action: str
    resource: str
    times: int


class DecodedEntity(NamedTuple):
    """A decoded standing of an actor."""

    place: RecordPlace
    actor: str
    findings: tuple[OpenCount, ...]


class RogueAct(NamedTuple):
    """An acknowledged record of the load's rogues, which break their charter once in each."""

    place: RecordPlace
    activity_id: str
    actor: str
