"""Audit trails: once, in order, without holes or forks, chained, and at most one open workflow per vehicle."""

from collections.abc import Iterable, Sequence

from chaos_checker.records import Audit
from chaos_checker.rules import chains
from chaos_checker.violation import RuleViolation, violations_of

ENDS = frozenset({"COMPLETED", "FAILED"})


def by_workflow(audit: Iterable[Audit]) -> dict[str, list[Audit]]:
    """Each workflow's records, in the order of the topic."""
    return chains.by_owner(audit, lambda record: record.workflow_id)


def by_vehicle(audit: Iterable[Audit]) -> dict[str, list[Audit]]:
    """Each vehicle's records, in the order of the topic."""
    return chains.by_owner(audit, lambda record: record.vehicle_id)


def whole(audit: Sequence[Audit]) -> list[RuleViolation]:
    """Once, in order, without holes or forks, chained."""
    return chains.whole("audit", by_workflow(audit), hash_of)


def hash_of(record: Audit) -> str:
    """SHA-256 over the record's canonical JSON (RFC 8785) without ``hash``."""
    content = {
        name: getattr(record, name)
        for name in (
            "workflow_id", "vehicle_id", "seq", "at_ms", "event", "actor", "from_state", "to_state", "priority",
            "reason", "attempt", "details", "prev_hash",
        )
    }  # fmt: skip
    return chains.digest({**content, "positions": dict(record.positions), "cause": record.cause._asdict()})


def named(audit: Sequence[Audit]) -> list[RuleViolation]:
    """Key and event id are ``workflow_id/seq``, and the workflow is the vehicle's."""
    violations = []
    for record in audit:
        name = f"{record.workflow_id}/{record.seq}"
        if record.key != name or record.event_id != name:
            violations.append((record.where, f"its key is {record.key!r} and its ce_id {record.event_id!r}"))
        if record.workflow_id.rpartition("~")[0] != record.vehicle_id:
            violations.append((record.where, f"a workflow of {record.vehicle_id}?"))
    return violations_of("audit-names", violations)


def one_open(audit: Sequence[Audit]) -> list[RuleViolation]:
    """A vehicle's workflows are numbered 0, 1, 2 …, and one opens only when those before have ended."""
    violations = []
    for records in by_vehicle(audit).values():
        state: dict[str, str] = {}
        for record in records:
            if record.event == "workflow_opened":
                if record.workflow_id != f"{record.vehicle_id}~{len(state)}":
                    violations.append((record.where, f"is the vehicle's workflow number {len(state)}"))
                violations += [(record.where, f"{w} is still {s}") for w, s in state.items() if s not in ENDS]
            state[record.workflow_id] = record.to_state
    return violations_of("one-open", violations)


def ended(audit: Sequence[Audit]) -> list[RuleViolation]:
    """Every workflow has ended, and every side task that was begun."""
    violations = []
    for workflow_id, records in by_workflow(audit).items():
        if records[-1].to_state not in ENDS:
            violations.append((workflow_id, f"has not ended: {records[-1].to_state} since {records[-1].where}"))
        events = [record.event for record in records]
        if events.count("side_task_started") != events.count("side_task_ended"):
            violations.append((workflow_id, "its side task has not ended"))
    return violations_of("ended", violations)
