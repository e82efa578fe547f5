"""The table, by its changelog: agrees with the fold of the trail, and stands at the very end of the inputs."""

from collections.abc import Mapping, Sequence

from chaos_checker.fold import ENDS, Newest
from chaos_checker.records import Audit
from chaos_checker.vehicles import KeptWorkflow, StoredVehicle
from chaos_checker.violation import RuleViolation, violations_of

PENDING = frozenset({"waits", "side"})
"""What an open workflow may have; that it is open still is for another rule to say."""


def as_folded(vehicles: Sequence[StoredVehicle], folds: Mapping[str, Newest]) -> list[RuleViolation]:
    """Each vehicle's newest workflow is what its trail says; each that has a trail has a state."""
    violations = []
    for vehicle in vehicles:
        fold = folds.get(vehicle.vehicle_id)
        if fold is None and vehicle.episodes:
            violations.append(
                (vehicle.vehicle_id, f"its state counts {vehicle.episodes} workflows, it has no audit record")
            )
        elif fold is not None and (wrong := _wrong(vehicle, fold)):
            violations.append((vehicle.vehicle_id, wrong))
    stateless = folds.keys() - {vehicle.vehicle_id for vehicle in vehicles}
    violations += [(vehicle_id, "it has audit records and no state") for vehicle_id in sorted(stateless)]
    return violations_of("table-fold", violations)


def _wrong(vehicle: StoredVehicle, fold: Newest) -> str:
    if vehicle.episodes != fold.episodes:
        return f"its state counts {vehicle.episodes} workflows, its trail {fold.episodes}"
    if vehicle.workflow is None:
        return "its state has no workflow"
    due = _kept(fold)
    ended = fold.workflow.fields["state"] in ENDS
    looked_at = KeptWorkflow._fields if ended else [name for name in KeptWorkflow._fields if name not in PENDING]
    wrong = [name for name in looked_at if getattr(vehicle.workflow, name) != getattr(due, name)]
    if wrong:
        is_ = {name: getattr(vehicle.workflow, name) for name in wrong}
        return f"its state has {is_}, its trail { ({name: getattr(due, name) for name in wrong}) }"
    if ended and vehicle.due_ms:
        return f"all is over, and it waits for {vehicle.due_ms}"
    return _wrong_tail(vehicle.older, fold.tails)


def _wrong_tail(older: KeptWorkflow | None, tails: Mapping[str, Audit]) -> str:
    if older is None:
        return ""
    tail = tails.get(older.workflow_id)
    if tail is None or (tail.seq, tail.hash, tail.to_state) != (older.seq, older.hash, older.state):
        return f"its replaced workflow is {older}, by the trail {tail and tail.where}"
    return f"the side task of {older.workflow_id} is pending" if older.side else ""


def _kept(fold: Newest) -> KeptWorkflow:
    """An ended workflow as its trail tells it."""
    fields, last = fold.workflow.fields, fold.workflow.last
    names = ("appointment_start_ms", "appointment_end_ms", "appointment_id", "workshop_id")
    return KeptWorkflow(
        workflow_id=last.workflow_id,
        state=fields["state"],
        priority=fields["priority"],
        reason=fields["reason"],
        seq=last.seq,
        hash=last.hash,
        side=False,
        opened_at_ms=fields["created_at_ms"],
        updated_at_ms=fields["updated_at_ms"],
        waits=False,
        attempt=fields["attempt"],
        findings=tuple(fields["findings"]),
        appointment=tuple(fields[name] for name in names),
        history=tuple(entry[:2] for entry in fields["history"]),
    )


def all_applied(
    vehicles: Sequence[StoredVehicle], newest: Mapping[str, Mapping[str, int]], inputs: Sequence[str]
) -> list[RuleViolation]:
    """Each vehicle's state stands behind its last record in every input. ``inputs``: topics in rank order."""
    violations = []
    known = {vehicle.vehicle_id: vehicle for vehicle in vehicles}
    for vehicle_id, due in newest.items():
        vehicle = known.get(vehicle_id)
        at = {} if vehicle is None else {t: p for t, p in zip(inputs, vehicle.positions, strict=False) if p}
        if at != dict(due):
            violations.append((vehicle_id, f"its state is at {at}, its records end at {dict(due)}"))
    violations += [(vehicle_id, "it has a state and no input") for vehicle_id in known.keys() - newest.keys()]
    return violations_of("table-positions", violations)


def at_the_end(
    partition: int, stored: Mapping[str, int], last: Mapping[str, int], ends: Mapping[str, int]
) -> list[RuleViolation]:
    """The stored input positions leave nothing to be read. ``last``: behind each topic's last record, markers aside."""
    violations = []
    for topic, end in ends.items():
        at = stored.get(topic, 0)
        if not last.get(topic, 0) <= at <= end:
            violations.append(
                (f"{topic}[{partition}]", f"read up to {at}, its last record ends at {last.get(topic, 0)}")
            )
    return violations_of("all-read", violations)
