"""Commands: all that the trail names and no other, each in one version, in order."""

from collections.abc import Iterable, Sequence

from chaos_checker.records import Audit, DecodedCommand
from chaos_checker.rules.budgets import SIDE
from chaos_checker.rules.trails import by_vehicle
from chaos_checker.terms import command_topic
from chaos_checker.violation import RuleViolation, violations_of


def first_ones(commands: Iterable[DecodedCommand]) -> dict[str, DecodedCommand]:
    """The first record of each command id; records of one topic have to come in its order."""
    first: dict[str, DecodedCommand] = {}
    for command in commands:
        first.setdefault(command.command_id, command)
    return first


def one_version(commands: Sequence[DecodedCommand]) -> list[RuleViolation]:
    """A repeat is the same in all: topic, partition, key, bytes, headers."""
    first, violations = first_ones(commands), []
    for command in commands:
        stored, before = command.stored, first[command.command_id].stored
        if (stored.key, stored.value, stored.headers) != (before.key, before.value, before.headers):
            violations.append(
                (str(stored.place), f"{command.command_id} is there in another version than {before.place}")
            )
        elif stored.place[:2] != before.place[:2]:
            violations.append((str(stored.place), f"{command.command_id} is in another lane too: {before.place}"))
    return violations_of("command-version", violations)


def all_sent(audit: Sequence[Audit], commands: Sequence[DecodedCommand]) -> list[RuleViolation]:
    """Each command that the trail names was sent, and no other."""
    issued = {str(record.facts["issued"]): record for record in audit if record.facts.get("issued") is not None}
    first = first_ones(commands)
    violations = [(record.where, f"{name} was not sent") for name, record in issued.items() if name not in first]
    violations += [(str(c.stored.place), f"no trail names {name}") for name, c in first.items() if name not in issued]
    return violations_of("command-sent", violations)


def as_issued(audit: Sequence[Audit], commands: Sequence[DecodedCommand]) -> list[RuleViolation]:
    """Each says what its audit record says, under the vehicle's key, on its priority's lane."""
    issued = {str(record.facts["issued"]): record for record in audit if record.facts.get("issued") is not None}
    violations = []
    for name, command in first_ones(commands).items():
        wrong = _differences(command, issued[name]) if name in issued else []
        if wrong:
            violations.append((str(command.stored.place), f"{name} has another {', '.join(wrong)} than its trail"))
    return violations_of("command-content", violations)


def _differences(command: DecodedCommand, record: Audit) -> list[str]:
    issued_name = f"{record.workflow_id}/{command.step}/{command.attempt}/{command.revision}"
    expected = {
        "id": (command.command_id, issued_name),
        "ce_id": (command.stored.header("ce_id"), command.command_id),
        "workflow": (command.workflow_id, record.workflow_id),
        "vehicle": (command.vehicle_id, record.vehicle_id),
        "key": (command.stored.vehicle, record.vehicle_id),
        "partition": (command.stored.place.partition, record.cause.partition),
        "agent": (command.agent, command.step),
        "time": (command.issued_at_ms, record.at_ms),
        "deadline": (command.deadline_ms, record.facts.get("deadline_ms")),
        "lane": (command.stored.place.topic, command_topic(command.agent, command.priority)),
        # The side task keeps the priority that it began with.
        "priority": (command.priority, command.priority if command.step == SIDE else record.priority),
    }
    return [name for name, (is_, due) in expected.items() if is_ != due]


def in_order(audit: Sequence[Audit], commands: Sequence[DecodedCommand]) -> list[RuleViolation]:
    """On each lane a vehicle's commands first appear in the order of its trail."""
    first, violations = first_ones(commands), []
    for records in by_vehicle(audit).values():
        newest: dict[str, int] = {}
        for record in records:
            command = first.get(str(record.facts.get("issued")))
            if command is not None:
                topic, _, offset = command.stored.place
                if offset < newest.get(topic, -1):
                    violations.append(
                        (str(command.stored.place), f"{command.command_id} overtook one issued before it")
                    )
                newest[topic] = offset
    return violations_of("command-order", violations)
