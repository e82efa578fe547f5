"""Waits before a retry: never shorter than 2, 4, 8 s, and where nothing was broken at most a second longer."""

from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise
from typing import NamedTuple

from chaos_checker.records import Audit, RecordPlace
from chaos_checker.rules.trails import by_workflow
from chaos_checker.violation import RuleViolation, violations_of

LATE_MS = 1_000
SETTLED_MS = 6_000
"""After a fault was lifted, or the system was seen down, waits are not judged for this long."""
BEAT_MS = 1_000
"""Somebody looks at the system every half second. Where that alone took twice as long, nothing can be in time."""
NEVER = 2**62
FAILED = {"step_failed": "step_restarted", "side_task_failed": "side_task_restarted"}


class RetryWait(NamedTuple):
    """One wait: from the failure to the retry, and when it was due."""

    where: str
    failed_ms: int
    due_ms: int
    retried_ms: int
    used: int


class Disturbed:
    """When the engine or Kafka was disturbed: intervals in ms, merged."""

    def __init__(self, intervals: Iterable[tuple[int, int]]) -> None:
        self._from: list[int] = []
        self._to: list[int] = []
        for start, end in sorted(intervals):
            if self._to and start <= self._to[-1]:
                self._to[-1] = max(self._to[-1], end)
            else:
                self._from.append(start)
                self._to.append(end)

    def overlaps(self, from_ms: int, to_ms: int) -> bool:
        """Whether any of the disturbance was in this time."""
        at = bisect_right(self._from, to_ms)
        return at > 0 and self._to[at - 1] >= from_ms


def disturbances(faults: Iterable[Mapping[str, object]], health: Iterable[Mapping[str, object]]) -> Disturbed:
    """From the journals: faults of engine and Kafka with their aftermath, and times not up."""
    intervals = [
        (int(str(fault["from_ms"])), int(str(fault["to_ms"])) + SETTLED_MS)
        for fault in faults
        if {"engine", "kafka"} & set(fault["disturbs"])  # type: ignore[call-overload]  # a list of words
    ]
    looked = 0
    for beat in health:
        if not beat["up"]:
            intervals.append((looked, int(str(beat["at_ms"])) + SETTLED_MS))
        looked = int(str(beat["at_ms"]))
    return Disturbed(intervals)


def slowness(health: Iterable[Mapping[str, object]]) -> Disturbed:
    """The times between two looks at the system's health that are too far apart: the machine had no time to spare."""
    looks = [0, *(int(str(beat["at_ms"])) for beat in health), NEVER]
    return Disturbed((before, after) for before, after in pairwise(looks) if after - before > BEAT_MS)


def waits_of(audit: Sequence[Audit]) -> list[RetryWait]:
    """Every wait that ended with a retry."""
    return [wait for records in by_workflow(audit).values() for wait in _waits(records)]


def _waits(records: Sequence[Audit]) -> Iterable[RetryWait]:
    begun: dict[str, tuple[Audit, int]] = {}
    first = {"step_restarted": 0, "side_task_restarted": 0}
    for record in records:
        due_ms = record.facts.get("retry_at_ms")
        if record.event in FAILED and due_ms is not None:
            begun[FAILED[record.event]] = (record, int(due_ms))
        elif record.event in begun:
            failed, due_ms = begun.pop(record.event)
            used = first[record.event]
            first[record.event] += 1
            yield RetryWait(failed.where, failed.at_ms, due_ms, record.at_ms, used)
        elif record.event in {"workflow_redriven", "side_task_started"} or record.event == "state_changed":
            first["side_task_restarted" if record.event == "side_task_started" else "step_restarted"] = 0


def never_shorter(waits: Iterable[RetryWait], terms_ms: Sequence[int]) -> list[RuleViolation]:
    """The n-th retry of a budget comes no sooner than the n-th wait says."""
    violations = []
    for wait in waits:
        least = terms_ms[min(wait.used, len(terms_ms) - 1)]
        if wait.due_ms - wait.failed_ms < least:
            violations.append((wait.where, f"due after {wait.due_ms - wait.failed_ms} ms, {least} ms are to be kept"))
        if wait.retried_ms < wait.due_ms:
            violations.append((wait.where, f"retried {wait.due_ms - wait.retried_ms} ms too soon"))
    return violations_of("wait-short", violations)


def as_promised(
    audit: Iterable[Audit], terms_ms: Sequence[int], longer_ms: Mapping[RecordPlace, int]
) -> list[RuleViolation]:
    """Only the agent's own wish (``longer_ms``, by its reply's place) makes a wait longer than the terms say."""
    violations = []
    for record in audit:
        due_ms = record.facts.get("retry_at_ms")
        if record.event in FAILED and due_ms is not None:
            wait, wished = int(due_ms) - record.at_ms, longer_ms.get(record.cause, 0)
            if wait not in {max(term, wished) for term in terms_ms}:
                violations.append(
                    (record.where, f"waits {wait} ms, the terms are {list(terms_ms)} and the agent's {wished}")
                )
    return violations_of("wait-terms", violations)


def outside(waits: Iterable[RetryWait], disturbed: Disturbed) -> list[RetryWait]:
    """The waits in which nothing of this was."""
    return [wait for wait in waits if not disturbed.overlaps(wait.failed_ms, wait.retried_ms)]


def never_longer(waits: Iterable[RetryWait]) -> list[RuleViolation]:
    """At most a second late; to be asked only of waits in which nothing was broken."""
    late = [(wait.where, wait.retried_ms - wait.due_ms) for wait in waits]
    return violations_of("wait-long", [(where, f"retried {ms} ms late") for where, ms in late if ms > LATE_MS])


def no_timeout_too_soon(audit: Sequence[Audit]) -> list[RuleViolation]:
    """A time-out is stated only after the command's deadline."""
    violations = []
    for records in by_workflow(audit).values():
        deadline = {"step_failed": 0, "side_task_failed": 0}
        for record in records:
            if record.facts.get("issued") is not None:
                side = "/MANUFACTURING_QUALITY/" in str(record.facts["issued"])
                deadline["side_task_failed" if side else "step_failed"] = int(record.facts["deadline_ms"])
            elif record.reason == "timeout" and record.at_ms < deadline.get(record.event, 0):
                violations.append(
                    (record.where, f"timed out {deadline[record.event] - record.at_ms} ms before its deadline")
                )
    return violations_of("timeout-early", violations)
