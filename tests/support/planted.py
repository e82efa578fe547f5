"""Violations to be planted in the history of ``judged_history.py``, one function for each kind of harm."""

from collections.abc import Callable, Mapping
from typing import Any

from chaos_checker.records import Audit, DecodedCommand, RecordPlace, StoredRecord
from chaos_checker.vehicles import DUE, POSITION_KEY
from msgspec import msgpack

from support.judged_history import TELEMETRY, Judged

Plant = Callable[[Judged], None]


def at(records: list[Any], **fields: Any) -> int:
    """The index of the first record whose fields are these."""
    matching = (all(getattr(record, name) == value for name, value in fields.items()) for record in records)
    return next(index for index, matches in enumerate(matching) if matches)


def edit(records: list[Any], changes: Mapping[str, Any], **fields: Any) -> None:
    """Change the first such record."""
    index = at(records, **fields)
    records[index] = records[index]._replace(**changes)


def audit_edit(fields: Mapping[str, Any], **changes: Any) -> Plant:
    return lambda judged: edit(judged.history.audit, changes, **fields)


def facts_edit(fields: Mapping[str, Any], **facts: Any) -> Plant:
    """Change what a record's details say."""

    def plant(judged: Judged) -> None:
        index = at(judged.history.audit, **fields)
        record = judged.history.audit[index]
        judged.history.audit[index] = record._replace(facts={**record.facts, **facts})

    return plant


def sent_edit(fields: Mapping[str, Any], **changes: Any) -> Plant:
    return lambda judged: edit(judged.sent, changes, **fields)


def drop(kind: str, /, **fields: Any) -> Plant:
    """Take the first such record away."""

    def plant(judged: Judged) -> None:
        records = getattr(judged.history, kind)
        del records[at(records, **fields)]

    return plant


def twice(kind: str, /, **fields: Any) -> Plant:
    """The first such record comes again, at the end."""

    def plant(judged: Judged) -> None:
        records = getattr(judged.history, kind)
        records.append(records[at(records, **fields)])

    return plant


def swap(kind: str, first: Mapping[str, Any], second: Mapping[str, Any]) -> Plant:
    def plant(judged: Judged) -> None:
        records = getattr(judged.history, kind)
        one, two = at(records, **first), at(records, **second)
        records[one], records[two] = records[two], records[one]

    return plant


def all_of(*plants: Plant) -> Plant:
    def plant(judged: Judged) -> None:
        for one in plants:
            one(judged)

    return plant


def cause_of(judged: Judged, **fields: Any) -> RecordPlace:
    record: Audit = judged.history.audit[at(judged.history.audit, **fields)]
    return record.cause


def input_gone(judged: Judged) -> None:
    del judged.history.inputs[cause_of(judged, vehicle_id="serviced", seq=0)]


def input_edit(fields: Mapping[str, Any], **changes: Any) -> Plant:
    """Change the record that is the cause of the first such audit record."""

    def plant(judged: Judged) -> None:
        place = cause_of(judged, **fields)
        judged.history.inputs[place] = judged.history.inputs[place]._replace(**changes)

    return plant


def input_more(topic: str, vehicle: str) -> Plant:
    """One more record at the end of an input."""

    def plant(judged: Judged) -> None:
        place = RecordPlace(topic, 0, 1 + max(p.offset for p in judged.history.inputs if p.topic == topic))
        judged.history.inputs[place] = StoredRecord(place, 0, vehicle.encode(), b"", ())
        judged.ends[topic] += 1

    return plant


def whole_cause_gone(judged: Judged) -> None:
    """All that a reply has caused is missing from the trail."""
    cause = cause_of(judged, event="rejected")
    judged.history.audit[:] = [record for record in judged.history.audit if record.cause != cause]


def applied_again(judged: Judged) -> None:
    """The effects of one input come a second time, as the next records of the trail."""
    audit = judged.history.audit
    first = audit[at(audit, vehicle_id="checked", event="check_joined")]
    audit.insert(audit.index(first) + 2, first._replace(seq=99))


def command_edit(**changes: Any) -> Plant:
    """A repeat of a command that is not the same."""

    def plant(judged: Judged) -> None:
        commands = judged.history.commands
        commands.append(commands[0]._replace(stored=commands[0].stored._replace(**changes)))

    return plant


def other_lane(judged: Judged) -> None:
    command = judged.history.commands[0]
    place = command.stored.place._replace(topic="agent.feedback.routine")
    judged.history.commands.append(command._replace(stored=command.stored._replace(place=place)))


def overtaken(judged: Judged) -> None:
    """Two commands of one vehicle on one lane, the later one first."""
    commands = judged.history.commands
    by_lane: dict[tuple[str, str], list[DecodedCommand]] = {}
    for command in commands:
        by_lane.setdefault((command.vehicle_id, command.stored.place.topic), []).append(command)
    one, two = next(of_lane for of_lane in by_lane.values() if len(of_lane) > 1)[:2]
    for command, place in ((one, two.stored.place), (two, one.stored.place)):
        commands[commands.index(command)] = command._replace(stored=command.stored._replace(place=place))


def status_edit(**fields: object) -> Plant:
    def plant(judged: Judged) -> None:
        status = judged.history.status[3]
        judged.history.status[3] = status._replace(fields={**status.fields, **fields})

    return plant


def letter_edit(was: str, /, **changes: Any) -> Plant:
    return lambda judged: edit(judged.history.letters, changes, reason=was)


def letter_bytes(judged: Judged) -> None:
    index = at(judged.history.letters, reason="undecodable")
    letter = judged.history.letters[index]
    judged.history.letters[index] = letter._replace(stored=letter.stored._replace(value=b"\x7fELG"))


def stray_letter(judged: Judged) -> None:
    """A good reply, refused."""
    place = cause_of(judged, vehicle_id="serviced", event="workflow_completed")
    letter = judged.history.letters[0]
    judged.history.letters.append(letter._replace(origin=place, reason="superseded_workflow"))


def state_edit(vehicle: str, path: tuple[int, ...], value: object) -> Plant:
    """Change one place of a vehicle's stored state."""

    def plant(judged: Judged) -> None:
        key = vehicle.encode()
        packed = judged.history.table[key] or b""
        state = msgpack.decode(packed[DUE.size :])
        inner = state
        for index in path[:-1]:
            inner = inner[index]
        inner[path[-1]] = value
        judged.history.table[key] = packed[: DUE.size] + msgpack.encode(state)

    return plant


def state_gone(judged: Judged) -> None:
    del judged.history.table[b"serviced"]


def state_of_nobody(judged: Judged) -> None:
    judged.history.table[b"nobody"] = judged.history.table[b"spoilt"]


def waits_still(judged: Judged) -> None:
    packed = judged.history.table[b"serviced"] or b""
    judged.history.table[b"serviced"] = DUE.pack(1) + packed[DUE.size :]


def unread(judged: Judged) -> None:
    positions = msgpack.decode(judged.history.table[POSITION_KEY] or b"")
    judged.history.table[POSITION_KEY] = msgpack.encode({**positions, TELEMETRY: positions[TELEMETRY] - 1})


def position_back(judged: Judged) -> None:
    edit(judged.history.audit, {"positions": {TELEMETRY: 1}}, vehicle_id="retried", seq=3)
