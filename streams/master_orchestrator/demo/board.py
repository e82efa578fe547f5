"""What the live table knows: status records become rows. Pure: the time is an argument."""

from collections import Counter
from collections.abc import Iterable
from typing import NamedTuple

from master_orchestrator.core.transitions import END_STATES
from master_orchestrator_schemas.messages import Status
from master_orchestrator_schemas.vocabulary import Priority, State


class BoardRow(NamedTuple):
    """One workflow as a line of the table. ``age_s``: since it was opened, or how long it took."""

    workflow_id: str
    vehicle_id: str
    state: State
    step: str | None
    priority: Priority
    attempts: int
    retried: bool
    findings: tuple[str, ...]
    reason: str | None
    age_s: float


class Board:
    """Fed with status records in any order; the newest ``seq`` of each workflow counts.

    ``vehicles`` limits it to those of this run, on a cluster where others have workflows too.
    """

    def __init__(self, vehicles: Iterable[str]) -> None:
        self._vehicles = frozenset(vehicles)
        self._newest: dict[str, Status] = {}
        self.changes = 0
        self.retries = 0

    def apply(self, status: Status) -> bool:
        """Take a record; whether it changed anything."""
        known = self._newest.get(status.workflow_id)
        if status.vehicle_id not in self._vehicles or (known is not None and known.seq >= status.seq):
            return False
        self._newest[status.workflow_id] = status
        self.changes += 1
        self.retries += status.state is State.RETRY and (known is None or known.state is not State.RETRY)
        return True

    @property
    def statuses(self) -> tuple[Status, ...]:
        """The newest status of every workflow, in order of their first appearance."""
        return tuple(self._newest.values())

    @property
    def open(self) -> tuple[Status, ...]:
        """Those that have not ended."""
        return tuple(status for status in self._newest.values() if status.state not in END_STATES)

    @property
    def completed(self) -> int:
        """How many are COMPLETED."""
        return sum(status.state is State.COMPLETED for status in self._newest.values())

    def counts(self) -> dict[State, int]:
        """Workflows by state, only states that occur, in the order of the states."""
        counts = Counter(status.state for status in self._newest.values())
        return {state: counts[state] for state in State if counts[state]}

    def reasons(self) -> dict[str, int]:
        """Ended workflows by the reason they ended for, the most frequent first."""
        return dict(Counter(str(status.reason) for status in self._newest.values() if status.reason).most_common())

    def without_workflow(self, vehicles: Iterable[str]) -> tuple[str, ...]:
        """Those of ``vehicles`` for which none has been opened so far."""
        opened = {status.vehicle_id for status in self._newest.values()}
        return tuple(vehicle for vehicle in vehicles if vehicle not in opened)

    def rows(self, now_ms: int) -> tuple[BoardRow, ...]:
        """Open workflows first, the most pressing at the top; then the ended ones, the latest at the top."""

        def place(status: Status) -> tuple[bool, int, int]:
            ended = status.state in END_STATES
            return ended, 0 if ended else status.priority, -status.updated_at_ms if ended else status.created_at_ms

        return tuple(_row(status, now_ms) for status in sorted(self._newest.values(), key=place))

    def most_telling(self) -> Status | None:
        """The workflow whose timeline shows most: it went the whole way, with most executions, then most urgent."""

        def telling(status: Status) -> tuple[bool, int, int, int]:
            return status.state is State.COMPLETED, len(status.history), status.attempts, -status.priority

        return max(self._newest.values(), key=telling, default=None)


def _row(status: Status, now_ms: int) -> BoardRow:
    until_ms = status.updated_at_ms if status.state in END_STATES else now_ms
    return BoardRow(
        workflow_id=status.workflow_id,
        vehicle_id=status.vehicle_id,
        state=status.state,
        step=status.step,
        priority=status.priority,
        attempts=status.attempts,
        retried=any(transition.state is State.RETRY for transition in status.history),
        findings=(*status.findings, *(due.item for due in status.service)),
        reason=None if status.reason is None else str(status.reason),
        age_s=max(0.0, (until_ms - status.created_at_ms) / 1000),
    )
