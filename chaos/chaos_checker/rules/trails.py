"""Audit trails: once, in order, without holes or forks, chained, and at most one open workflow per vehicle."""

import json
from collections.abc import Iterable, Sequence
from hashlib import sha256
from itertools import pairwise

from chaos_checker.records import Audit
from chaos_checker.violation import RuleViolation, violations_of

GENESIS = "0" * 64
ENDS = frozenset({"COMPLETED", "FAILED"})


def by_workflow(audit: Iterable[Audit]) -> dict[str, list[Audit]]:
    """Each workflow's records, in the order of the topic."""
    trails: dict[str, list[Audit]] = {}
    for record in audit:
        trails.setdefault(record.workflow_id, []).append(record)
    return trails


def by_vehicle(audit: Iterable[Audit]) -> dict[str, list[Audit]]:
    """Each vehicle's records, in the order of the topic."""
    trails: dict[str, list[Audit]] = {}
    for record in audit:
        trails.setdefault(record.vehicle_id, []).append(record)
    return trails


def once(audit: Sequence[Audit]) -> list[RuleViolation]:
    """No two records of one workflow have the same ``seq``: the same twice, or a fork."""
    seen: dict[tuple[str, int], Audit] = {}
    violations = []
    for record in audit:
        first = seen.get((record.workflow_id, record.seq))
        if first is None:
            seen[record.workflow_id, record.seq] = record
        else:
            kind = "twice" if first.hash == record.hash else "in two versions"
            violations.append((record.where, f"the record is there {kind}, first at {first.place}"))
    return violations_of("audit-once", violations)


def unbroken(audit: Sequence[Audit]) -> list[RuleViolation]:
    """``seq`` counts 0, 1, 2 … in the order of the topic."""
    violations = []
    for records in by_workflow(audit).values():
        if records[0].seq != 0:
            violations.append((records[0].where, "the trail does not begin with seq 0"))
        violations += [
            (after.where, f"seq {after.seq} follows {before.seq}")
            for before, after in pairwise(records)
            if after.seq != before.seq + 1
        ]
    return violations_of("audit-seq", violations)


def chained(audit: Sequence[Audit]) -> list[RuleViolation]:
    """Each record's hash is that of its content, and the next record holds it."""
    violations = [
        (record.where, "its hash is not that of its content") for record in audit if hash_of(record) != record.hash
    ]
    for records in by_workflow(audit).values():
        expected = GENESIS
        for record in records:
            if record.prev_hash != expected:
                violations.append((record.where, "prev_hash is not the hash of the record before"))
            expected = record.hash
    return violations_of("audit-chain", violations)


def hash_of(record: Audit) -> str:
    """SHA-256 over the record's canonical JSON (RFC 8785) without ``hash``."""
    cause = record.cause
    content = {
        name: getattr(record, name)
        for name in (
            "workflow_id", "vehicle_id", "seq", "at_ms", "event", "actor", "from_state", "to_state", "priority",
            "reason", "attempt", "details", "prev_hash",
        )
    }  # fmt: skip
    content["positions"] = dict(record.positions)
    content["cause"] = {"topic": cause.topic, "partition": cause.partition, "offset": cause.offset}
    text = json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return sha256(text.encode()).hexdigest()


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
