"""All that one partition number has of actors, decoded: what they did, and what the ueba app made of it."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from chaos_checker.actor_records import ActorEntry, DecodedActivity, DecodedControl, DecodedEntity, DoneAct, OpenCount
from chaos_checker.records import DecodedAlert, StoredRecord
from chaos_checker.terms import CheckTerms
from chaos_checker.wire import WireSchemas

BEHAVIOUR = "BEHAVIOUR"
"""The kind of the ueba app's alerts."""


@dataclass
class ActorHistory:
    """One partition's records of actors, each kind in its topic's order.

    ``ends``: behind the last record of each input; ``entities``: the newest of each actor; ``table``: the newest of
    each key of the app's changelog.
    """

    activities: list[DecodedActivity] = field(default_factory=list)
    trail: list[ActorEntry] = field(default_factory=list)
    entities: dict[str, DecodedEntity] = field(default_factory=dict)
    controls: list[DecodedControl] = field(default_factory=list)
    alerts: list[DecodedAlert] = field(default_factory=list)
    table: dict[bytes, bytes | None] = field(default_factory=dict)
    ends: dict[str, int] = field(default_factory=dict)


def takers(terms: CheckTerms, wire: WireSchemas, history: ActorHistory) -> Mapping[str, Callable[[StoredRecord], None]]:
    """By topic, what takes a record into the history. They raise what reading a value raises."""

    def take_input(record: StoredRecord) -> None:
        history.ends[record.place.topic] = record.place.offset + 1

    def take_activity(record: StoredRecord) -> None:
        take_input(record)
        history.activities.append(activity_of(record, wire))

    def take_entity(record: StoredRecord) -> None:
        entity = entity_of(record, wire)
        history.entities[entity.actor] = entity

    def take_change(record: StoredRecord) -> None:
        history.table[record.key] = record.value

    return {
        **dict.fromkeys(terms.actor_inputs, take_input),
        terms.activity: take_activity,
        terms.actor_trail: lambda record: history.trail.append(entry_of(record, wire)),
        terms.entities: take_entity,
        terms.controls: lambda record: history.controls.append(control_of(record, wire)),
        terms.actor_changelog: take_change,
    }


def activity_of(record: StoredRecord, wire: WireSchemas) -> DecodedActivity:
    """The session that this is. Raises :class:`UnreadableValueError`, ``KeyError``."""
    content = wire.read_as("activity", record.value)
    acts = tuple(
        DoneAct(act["action"].lower(), act["resource"], act["count"], act["override"]) for act in content["acts"]
    )
    return DecodedActivity(record.place, content["activity_id"], content["actor"], content["phase"] == "DONE", acts)


def entry_of(record: StoredRecord, wire: WireSchemas) -> ActorEntry:
    """The record of a trail that this is. Raises :class:`UnreadableValueError`, ``KeyError``, ``ValueError``."""
    content = wire.read_as("actor_record", record.value)
    written = content.pop("hash")
    return ActorEntry(
        place=record.place,
        key=record.vehicle,
        event_id=record.header("ce_id"),
        hash=written,
        content=content,
        facts=json.loads(content["details"]),
        **{name: content[name] for name in ("actor", "seq", "event", "finding_id", "prev_hash")},
    )


def control_of(record: StoredRecord, wire: WireSchemas) -> DecodedControl:
    """The control that this is. Raises :class:`UnreadableValueError`, ``KeyError``."""
    content = wire.read_as("control", record.value)
    return DecodedControl(record.place, content["actor"], content["level"])


def entity_of(record: StoredRecord, wire: WireSchemas) -> DecodedEntity:
    """The standing that this is. Raises :class:`UnreadableValueError`, ``KeyError``."""
    content = wire.read_as("entity_status", record.value)
    names = ("finding_id", "rule", "action", "resource", "count")
    counts = tuple(OpenCount(*(found[name] for name in names)) for found in content["findings"])
    return DecodedEntity(record.place, content["actor"], counts)
