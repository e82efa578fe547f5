"""Nothing without a cause: each audit record names an input of its vehicle, and each is applied once, in order."""

from collections.abc import Mapping, Sequence

from chaos_checker.records import Audit, Letter, RecordPlace, StoredRecord
from chaos_checker.rules.letters import refused_unread
from chaos_checker.rules.trails import by_vehicle
from chaos_checker.terms import CheckTerms
from chaos_checker.violation import RuleViolation, violations_of

ACTORS = {
    "agent": "Reply", "workshop": "ServiceEvent", "operator": "OperatorRequest",
    "owner": "CustomerAnswer", "gateway": "Telemetry",
}  # fmt: skip
"""Whose doing comes from which topic; the engine's own may come from any."""


def caused(
    audit: Sequence[Audit], inputs: Mapping[RecordPlace, StoredRecord], terms: CheckTerms
) -> list[RuleViolation]:
    """The cause is in its topic, of the same vehicle and partition, and its time is the record's."""
    violations = []
    for record in audit:
        cause = inputs.get(record.cause)
        topic = ACTORS.get(record.actor.partition(":")[0])
        if cause is None:
            violations.append((record.where, f"its cause {record.cause} is not there"))
        elif cause.vehicle != record.vehicle_id:
            violations.append((record.where, f"its cause {record.cause} is of {cause.vehicle}"))
        elif cause.at_ms != record.at_ms:
            violations.append((record.where, f"at {record.at_ms}, its cause at {cause.at_ms}"))
        elif record.place.partition != record.cause.partition:
            violations.append((record.where, f"its cause is in another partition: {record.cause}"))
        elif topic is not None and record.cause.topic != terms.input(topic):
            violations.append((record.where, f"{record.actor} by a record of {record.cause.topic}"))
    return violations_of("cause", violations)


def in_order(audit: Sequence[Audit], inputs: Mapping[RecordPlace, StoredRecord]) -> list[RuleViolation]:
    """A vehicle's input positions only grow, each behind one of its records; a cause moves its own topic's."""
    violations = []
    for records in by_vehicle(audit).values():
        before: dict[str, int] = {}
        last: RecordPlace | None = None
        for record in records:
            if wrong := _disorder(record, before, last, inputs):
                violations.append((record.where, wrong))
            before, last = dict(record.positions), record.cause
    return violations_of("vehicle-order", violations)


def _disorder(
    record: Audit, before: Mapping[str, int], last: RecordPlace | None, inputs: Mapping[RecordPlace, StoredRecord]
) -> str:
    at, cause = record.positions, record.cause
    if any(at.get(topic, 0) < offset for topic, offset in before.items()):
        return f"its positions {dict(at)} go back behind {dict(before)}"
    if at.get(cause.topic) != cause.offset + 1:
        return f"its positions {dict(at)} do not end with its cause {cause}"
    if cause == last:
        return "" if dict(at) == before else "its positions move within one cause"
    if before.get(cause.topic, 0) > cause.offset:
        return f"its cause {cause} is applied again"
    for topic, offset in at.items():
        stored = inputs.get(RecordPlace(topic, cause.partition, offset - 1))
        if stored is None or stored.vehicle != record.vehicle_id:
            return f"its position {offset} in {topic} is not behind a record of the vehicle"
    return ""


def newest_positions(
    inputs: Mapping[RecordPlace, StoredRecord], letters: Sequence[Letter]
) -> dict[str, dict[str, int]]:
    """Per vehicle and topic, the offset behind its last record that could be read: how far its state has to be."""
    unread = refused_unread(letters)
    newest: dict[str, dict[str, int]] = {}
    for place, record in inputs.items():
        if place not in unread:
            of_vehicle = newest.setdefault(record.vehicle, {})
            of_vehicle[place.topic] = max(of_vehicle.get(place.topic, 0), place.offset + 1)
    return newest


def answered(
    audit: Sequence[Audit], inputs: Mapping[RecordPlace, StoredRecord], letters: Sequence[Letter], terms: CheckTerms
) -> list[RuleViolation]:
    """Each reply, workshop's report and operator's request has left its record in the trail, or is a dead letter."""
    causes = {record.cause for record in audit}
    dead = {letter.origin for letter in letters}
    topics = {terms.input(schema) for schema in ("Reply", "ServiceEvent", "OperatorRequest", "CustomerAnswer")}
    violations = [
        (str(place), f"of {record.vehicle}: {'both' if place in causes else 'neither'} in the trail and a dead letter")
        for place, record in inputs.items()
        if place.topic in topics and (place in causes) == (place in dead)
    ]
    return violations_of("answered", violations)
