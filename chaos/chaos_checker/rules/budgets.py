"""Attempts: numbered without holes, back to the step that failed, and within one execution and its retries."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from chaos_checker.records import Audit
from chaos_checker.rules.trails import by_workflow
from chaos_checker.violation import RuleViolation, violations_of

SIDE = "MANUFACTURING_QUALITY"
AGAIN = frozenset({"priority_changed", "findings_folded"})
"""Events that may issue the outstanding command again, as its next revision."""
ISSUING = AGAIN | {
    "state_changed",
    "step_restarted",
    "side_task_started",
    "side_task_restarted",
    "conversation_continued",
}


@dataclass
class _Execution:
    step: str
    attempt: int
    first: int
    revision: int = 0


@dataclass
class _Steps:
    """Follows one workflow's executions; ``wrong`` collects what is not as it should be."""

    retries: int
    executed: dict[str, int] = field(default_factory=dict)
    main: _Execution | None = None
    side: _Execution | None = None
    wrong: list[tuple[str, str]] = field(default_factory=list)

    def take(self, record: Audit) -> None:
        issued = record.facts.get("issued")
        if issued is not None:
            self._issue(record, str(issued))
        elif record.event == "workflow_redriven" and self.main is not None:
            self.main.first = self.main.attempt + 1
        if record.event == "workflow_failed" and (record.from_state, record.reason) == ("RETRY", "retries_exhausted"):
            self._exhausted(record, self.main)
        if self.main is not None and record.event in ISSUING - {"side_task_restarted"}:
            self._expect(record, record.attempt == self.main.attempt, f"attempt {record.attempt} of {self.main}")

    def _issue(self, record: Audit, command_id: str) -> None:
        parts = command_id.removeprefix(f"{record.workflow_id}/").split("/")
        if len(parts) != 3 or not (parts[1].isdecimal() and parts[2].isdecimal()):
            self.wrong.append((record.where, f"issues {command_id}, which is not a command of the workflow"))
            return
        step, attempt, revision = parts[0], int(parts[1]), int(parts[2])
        last = self.side if step == SIDE else self.main
        now = self._next(record, step, last)
        self._expect(record, (now.attempt, now.revision) == (attempt, revision), f"issues {command_id}, due is {now}")
        self._expect(record, attempt - now.first <= self.retries, f"{command_id} is beyond {self.retries} retries")
        now.attempt, now.revision = attempt, revision
        self.executed[step] = attempt + 1
        if step == SIDE:
            self.side = now
        else:
            self.main = now

    def _next(self, record: Audit, step: str, last: _Execution | None) -> _Execution:
        """What the record has to issue."""
        fresh = self.executed.get(step, 0)
        if record.event in AGAIN and last is not None and step == last.step:
            return _Execution(step, last.attempt, last.first, last.revision + 1)
        if record.event in {"step_restarted", "side_task_restarted"} and last is not None:
            self._expect(record, step == last.step, f"retries {step}, but {last.step} failed")
            self._expect(record, step in {record.to_state, SIDE}, f"retries {step} in {record.to_state}")
            return _Execution(step, last.attempt + 1, last.first)
        self._expect(record, step in {record.to_state, SIDE}, f"issues {step} in {record.to_state}")
        return _Execution(step, fresh, fresh)

    def _exhausted(self, record: Audit, last: _Execution | None) -> None:
        used = None if last is None else last.attempt - last.first
        self._expect(record, used == self.retries, f"given up after {used} of {self.retries} retries")

    def _expect(self, record: Audit, holds: bool, otherwise: str) -> None:  # noqa: FBT001  what is asked
        if not holds:
            self.wrong.append((record.where, otherwise))


def within_budget(audit: Sequence[Audit], retries: int) -> list[RuleViolation]:
    """Executions are numbered 0, 1, 2 … per step; one and ``retries`` more per budget; FAILED only when it is used."""
    violations = []
    for records in by_workflow(audit).values():
        steps = _Steps(retries)
        for record in records:
            steps.take(record)
        violations += steps.wrong
    return violations_of("budget", violations)
