"""``audit verify``: is the audit trail what the engine wrote, and does everything else follow from it?

Of every workflow: the hash chain holds; only moves of the transition table were made, each from where the one before
ended; the vehicle's input positions never go back, so no input was applied twice; and the newest status record is the
fold of the trail.
"""

from collections.abc import Iterable, Iterator, Mapping

import msgspec

from master_orchestrator.core.audit_chain import Violation, verify_chain
from master_orchestrator.core.fold import as_folded, fold_audit
from master_orchestrator.core.transitions import INITIAL, allowed
from master_orchestrator_schemas.messages import AuditRecord, Status


class TrailVerdict(msgspec.Struct, frozen=True, kw_only=True):
    """What was looked at, and everything that is wrong."""

    workflows: int
    records: int
    violations: tuple[Violation, ...]

    def __add__(self, other: "TrailVerdict") -> "TrailVerdict":
        return TrailVerdict(
            workflows=self.workflows + other.workflows,
            records=self.records + other.records,
            violations=self.violations + other.violations,
        )


NOTHING = TrailVerdict(workflows=0, records=0, violations=())


def verify(
    records: Iterable[AuditRecord], later: Iterable[AuditRecord], statuses: Mapping[str, Status]
) -> TrailVerdict:
    """Check audit records, in the order they stand on their topic, against themselves and the newest statuses.

    Args:
        records: those that stood there before the statuses were read.
        later: those that came meanwhile.
        statuses: the newest by workflow.
    """
    before = list(records)
    trail = [*before, *later]
    by_workflow = _by_workflow(trail)
    violations = [
        *verify_chain(trail),
        *_positions(trail),
        *(wrong for workflow in by_workflow.values() for wrong in _moves(workflow)),
        *(wrong for workflow_id, status in statuses.items() for wrong in _status(status, by_workflow.get(workflow_id))),
        *_behind(_by_workflow(before), statuses),
    ]
    return TrailVerdict(workflows=len(by_workflow), records=len(trail), violations=tuple(violations))


def _by_workflow(trail: Iterable[AuditRecord]) -> dict[str, list[AuditRecord]]:
    """The records of each workflow, exact repeats left out."""
    trails: dict[str, list[AuditRecord]] = {}
    for record in trail:
        known = trails.setdefault(record.workflow_id, [])
        if record not in known[-1:]:
            known.append(record)
    return trails


def _moves(workflow: list[AuditRecord]) -> Iterator[Violation]:
    """Each record begins where the one before ended, and goes where the table lets it."""
    state = None
    for record in workflow:
        if record.from_state != state:
            yield _violation(record, "illegal_move", f"from {record.from_state}, but the workflow was in {state}")
        elif state is None and record.to_state != INITIAL:
            yield _violation(record, "illegal_move", f"it opens in {record.to_state}, not in {INITIAL}")
        elif state not in (None, record.to_state) and not allowed(state, record.to_state):
            yield _violation(record, "illegal_move", f"the table has no {state} -> {record.to_state}")
        state = record.to_state


def _positions(trail: list[AuditRecord]) -> Iterator[Violation]:
    """A vehicle's positions only grow, over all of its workflows, and the cause is behind them.

    They begin again where the vehicle has moved to another partition, since partitions were added.
    """
    known: dict[tuple[str, int], dict[str, int]] = {}
    for record in trail:
        before = known.setdefault((record.vehicle_id, record.cause.partition), {})
        back = sorted(topic for topic, position in before.items() if record.positions.get(topic, 0) < position)
        if back:
            yield _violation(record, "position_went_back", f"of {', '.join(back)}: an input was applied twice")
        if record.positions.get(record.cause.topic) != record.cause.offset + 1:
            yield _violation(record, "position_wrong", f"its cause is {record.cause}, but that is not where it stands")
        before.update(record.positions)


def _status(status: Status, workflow: list[AuditRecord] | None) -> Iterator[Violation]:
    """A status is the fold of the trail up to its ``seq``."""
    upto = [record for record in workflow or () if record.seq <= status.seq]
    if not upto or upto[-1].seq < status.seq:
        ends = upto[-1].seq if upto else "nothing"
        text = f"its status is of record {status.seq}, its trail ends with {ends}"
        yield Violation(status.workflow_id, status.seq, "truncated", text)
    elif (folded := _fold(upto)) != (told := as_folded(status)):
        text = "cannot be folded" if folded is None else f"folds to another {', '.join(_differing(folded, told))}"
        yield Violation(status.workflow_id, status.seq, "status_differs", f"its trail {text} than its status says")


def _fold(trail: list[AuditRecord]) -> Status | None:
    """None where somebody has made the details or the reason into something the engine does not write."""
    try:
        return fold_audit(trail)[trail[0].workflow_id]
    except (AttributeError, LookupError, TypeError, ValueError):
        return None


def _differing(one: Status, other: Status) -> list[str]:
    return [name for name in one.__struct_fields__ if getattr(one, name) != getattr(other, name)]


def _behind(by_workflow: Mapping[str, list[AuditRecord]], statuses: Mapping[str, Status]) -> Iterator[Violation]:
    """Every record that was there before the statuses were read is in one of them.

    But for the side task of a workflow that a newer one has replaced: it goes on in the trail alone, and moves nothing.
    """
    newest_of = {records[0].vehicle_id: workflow_id for workflow_id, records in by_workflow.items()}
    for workflow_id, records in by_workflow.items():
        status, newest = statuses.get(workflow_id), records[-1]
        if status is None:
            yield _violation(newest, "status_behind", "the workflow has no status")
            continue
        left_out = [record for record in records if record.seq > status.seq]
        replaced = newest_of[newest.vehicle_id] != workflow_id
        if left_out and not (replaced and all(record.from_state == record.to_state for record in left_out)):
            yield _violation(newest, "status_behind", f"the newest status of the workflow is of record {status.seq}")


def _violation(record: AuditRecord, kind: str, text: str) -> Violation:
    return Violation(record.workflow_id, record.seq, kind, text)
