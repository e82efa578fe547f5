"""The status topic says what the fold of the audit trail says: after every input, once, in order."""

from collections.abc import Mapping, Sequence

from chaos_checker.fold import Newest
from chaos_checker.records import DecodedStatus
from chaos_checker.violation import RuleViolation, violations_of

NOT_IN_THE_TRAIL = frozenset({"evidence", "diagnosis", "due_ms", "service"})
"""Fields of a status that the trail does not tell; replay compares them with the inputs."""


def by_vehicle(statuses: Sequence[DecodedStatus]) -> dict[str, list[DecodedStatus]]:
    """Each vehicle's statuses, in the order of the topic."""
    grouped: dict[str, list[DecodedStatus]] = {}
    for status in statuses:
        grouped.setdefault(status.vehicle_id, []).append(status)
    return grouped


def once(statuses: Sequence[DecodedStatus]) -> list[RuleViolation]:
    """No two statuses of a workflow have the same ``seq``, and each has its workflow's key."""
    seen: dict[tuple[str, int], DecodedStatus] = {}
    violations = []
    for status in statuses:
        first = seen.get((status.workflow_id, status.seq))
        if first is None:
            seen[status.workflow_id, status.seq] = status
        else:
            violations.append(
                (str(status.place), f"{status.workflow_id}/{status.seq} was sent before, at {first.place}")
            )
        if status.key != status.workflow_id:
            violations.append((str(status.place), f"its key is {status.key!r}"))
    return violations_of("status-once", violations)


def in_order(statuses: Sequence[DecodedStatus], folds: Mapping[str, Newest]) -> list[RuleViolation]:
    """A vehicle's statuses come in the order of its trail, one for each input that changed a workflow."""
    violations, of_vehicle = [], by_vehicle(statuses)
    for vehicle_id in of_vehicle.keys() | folds.keys():
        is_ = [(status.workflow_id, status.seq) for status in of_vehicle.get(vehicle_id, [])]
        fold = folds.get(vehicle_id)
        due = [] if fold is None else [(entry.last.workflow_id, entry.last.seq) for entry in fold.statuses]
        if is_ != due:
            violations.append((vehicle_id, _first_difference(is_, due)))
    return violations_of("status-order", violations)


def _first_difference(is_: list[tuple[str, int]], due: list[tuple[str, int]]) -> str:
    same = next((n for n, (a, b) in enumerate(zip(is_, due, strict=False)) if a != b), min(len(is_), len(due)))
    there = is_[same] if same < len(is_) else "nothing"
    expected = due[same] if same < len(due) else "nothing"
    return f"status number {same} is {there}, by the trail it is {expected}"


def as_folded(statuses: Sequence[DecodedStatus], folds: Mapping[str, Newest]) -> list[RuleViolation]:
    """Each says what the trail says."""
    due = {(f.last.workflow_id, f.last.seq): f.fields for fold in folds.values() for f in fold.statuses}
    violations = []
    for status in statuses:
        fields = due.get((status.workflow_id, status.seq), status.fields)
        names = (fields.keys() | status.fields.keys()) - NOT_IN_THE_TRAIL
        wrong = sorted(name for name in names if fields.get(name) != status.fields.get(name))
        if wrong:
            violations.append(
                (str(status.place), f"{status.workflow_id}/{status.seq}: {_shown(status, fields, wrong)}")
            )
    return violations_of("status-fold", violations)


def _shown(status: DecodedStatus, fields: Mapping[str, object], wrong: Sequence[str]) -> str:
    return ", ".join(f"{name} is {status.fields.get(name)!r}, by the trail {fields.get(name)!r}" for name in wrong[:3])
