"""All that one partition number has in all topics, decoded: what the rules are given.

Everything that concerns a vehicle is in the same partition number of every topic, so partitions are judged one by one,
and the memory it takes is that of one.
"""

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from sys import intern
from typing import Any

from chaos_checker import actor_history
from chaos_checker.actor_history import BEHAVIOUR, ActorHistory
from chaos_checker.records import Audit, DecodedAlert, DecodedCommand, DecodedStatus, Letter, RecordPlace, StoredRecord
from chaos_checker.terms import CheckTerms
from chaos_checker.violation import RuleViolation
from chaos_checker.wire import UnreadableValueError, WireSchemas

FACTS = frozenset(
    {
        "issued",
        "deadline_ms",
        "retry_at_ms",
        "findings",
        "added",
        "appointment",
        "request_id",
        "component",
        "feedback",
        "urgent",
        "called",
        "dismissed",
    }
)
"""The details that rules look at."""
ORIGIN = ("topic", "partition", "offset", "reason", "message", "time")
MARKER = "dead_letter_done"


@dataclass
class PartitionHistory:
    """One partition's records, each kind in its topic's order. ``table``: the newest of each key of the changelog."""

    partition: int
    inputs: dict[RecordPlace, StoredRecord] = field(default_factory=dict)
    audit: list[Audit] = field(default_factory=list)
    status: list[DecodedStatus] = field(default_factory=list)
    alerts: list[DecodedAlert] = field(default_factory=list)
    letters: list[Letter] = field(default_factory=list)
    commands: list[DecodedCommand] = field(default_factory=list)
    table: dict[bytes, bytes | None] = field(default_factory=dict)
    actors: ActorHistory = field(default_factory=ActorHistory)
    unreadable: list[RuleViolation] = field(default_factory=list)


def gathered(terms: CheckTerms, wire: WireSchemas, partition: int, records: Iterable[StoredRecord]) -> PartitionHistory:
    """The history that these records are."""
    history = PartitionHistory(partition)
    take = _takers(terms, wire, history)
    for record in records:
        try:
            take[record.place.topic](record)
        except (UnreadableValueError, KeyError, TypeError, ValueError) as error:
            history.unreadable.append(RuleViolation("readable", f"{type(error).__name__}: {error}", str(record.place)))
    return history


def _takers(
    terms: CheckTerms, wire: WireSchemas, history: PartitionHistory
) -> Mapping[str, Callable[[StoredRecord], None]]:
    def take_input(record: StoredRecord) -> None:
        history.inputs[record.place] = record

    def take_change(record: StoredRecord) -> None:
        history.table[record.key] = record.value

    def take_alert(record: StoredRecord) -> None:
        alert = alert_of(record, wire)
        (history.actors.alerts if alert.kind == BEHAVIOUR else history.alerts).append(alert)

    outputs: dict[str, Callable[[StoredRecord], None]] = {
        terms.audit: lambda record: history.audit.append(audit_of(record, wire)),
        terms.status: lambda record: history.status.append(status_of(record, wire)),
        terms.alerts: take_alert,
        terms.dead_letters: lambda record: history.letters.append(letter_of(record)),
        terms.changelog: take_change,
    }
    commands = dict.fromkeys(terms.commands, lambda record: history.commands.append(command_of(record, wire)))
    of_actors = actor_history.takers(terms, wire, history.actors)
    return {**outputs, **commands, **of_actors, **dict.fromkeys(terms.inputs, take_input)}


def audit_of(record: StoredRecord, wire: WireSchemas) -> Audit:
    """The audit record that this is. Raises :class:`UnreadableValueError`, ``KeyError``, ``ValueError``."""
    content = wire.read_as("audit_record", record.value)
    cause = content["cause"]
    details = json.loads(content["details"])
    result = details.get("result") or {}
    details |= {"component": result.get("component"), "dismissed": result.get("dismissed")}
    return Audit(
        place=record.place,
        key=record.vehicle,
        event_id=record.header("ce_id"),
        facts={name: value for name, value in details.items() if name in FACTS},
        **{**_only(content, Audit), "cause": RecordPlace(cause["topic"], cause["partition"], cause["offset"])},
    )


def status_of(record: StoredRecord, wire: WireSchemas) -> DecodedStatus:
    """The status that this is; raises what :func:`audit_of` raises."""
    content = wire.read_as("status", record.value)
    content["history"] = tuple((at["at_ms"], intern(at["state"]), at["reason"]) for at in content["history"])
    return DecodedStatus(
        record.place, record.vehicle, content["workflow_id"], content["vehicle_id"], content["seq"], content
    )


def alert_of(record: StoredRecord, wire: WireSchemas) -> DecodedAlert:
    """The alert that this is; raises what :func:`audit_of` raises."""
    content = wire.read_as("alert", record.value)
    return DecodedAlert(place=record.place, key=record.vehicle, **_only(content, DecodedAlert))


def command_of(record: StoredRecord, wire: WireSchemas) -> DecodedCommand:
    """The command that this is; raises what :func:`audit_of` raises."""
    return DecodedCommand(stored=record, **_only(wire.read_as("command", record.value), DecodedCommand))


def letter_of(record: StoredRecord) -> Letter:
    """The dead letter that this is, whatever its value."""
    texts = {name: record.header(f"dead_letter_{name}") for name in ORIGIN}
    partition, offset = texts["partition"] or "", texts["offset"] or ""
    origin = None
    if texts["topic"] and partition.lstrip("-").isdecimal() and offset.lstrip("-").isdecimal():
        origin = RecordPlace(texts["topic"], int(partition), int(offset))
    return Letter(
        stored=record,
        origin=origin,
        reason=texts["reason"] or "",
        complete=None not in texts.values(),
        marker=record.header(MARKER) is not None,
        cut_from=int(record.header("dead_letter_cut_from") or 0) or None,
    )


def _only(content: Mapping[str, Any], shape: type[Any]) -> dict[str, Any]:
    """The fields of ``content`` that the shape has."""
    return {name: value for name, value in content.items() if name in shape._fields}
