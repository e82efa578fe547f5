"""Whether runners are ready, and whether they are alive: reckoned from the turns of their poll loops, when asked.

A runner is ready as a member of its group, though others may have all partitions: it stands by. Dead workers need no
look: the poll loop ends the process for them.
"""

import time
from collections.abc import Callable, Sequence

from master_orchestrator_schemas.health import Verdict, joint
from master_orchestrator_schemas.vocabulary import AgentType

QUIET_S = 10.0
"""Not ready if the poll loop has not turned for so long. It turns ten times a second and more."""

STUCK_S = 90.0
"""Not alive then: longer than anything the loop waits for."""


class RunnerHealth:
    """The marks of one runner's poll loop, and the verdicts, which any thread may ask for."""

    def __init__(self, agent: AgentType, clock: Callable[[], float] = time.monotonic) -> None:
        self._agent, self._clock = agent, clock
        self._turned_at, self._member = clock(), False

    def turned(self, *, member: bool) -> None:
        """The poll loop turns. ``member``: the group has told this runner its partitions, none included."""
        self._turned_at, self._member = self._clock(), member

    def ready(self) -> Verdict:
        """Whether it takes commands, or stands by for them."""
        if not self._member:
            return Verdict(ok=False, why=f"{self._agent} joins its group, or ends")
        if (still := self._still()) > QUIET_S:
            return Verdict(ok=False, why=f"{self._agent} has not polled for {still:.0f} s")
        return Verdict(ok=True, why="members of their groups")

    def live(self) -> Verdict:
        """Whether its poll loop turns."""
        if (still := self._still()) > STUCK_S:
            return Verdict(ok=False, why=f"{self._agent} has not polled for {still:.0f} s")
        return Verdict(ok=True, why="polling")

    def _still(self) -> float:
        return self._clock() - self._turned_at


class FleetHealth:
    """The runners of one process: as ready and alive as the worst of them."""

    def __init__(self, runners: Sequence[RunnerHealth]) -> None:
        self._runners = runners

    def ready(self) -> Verdict:
        """Whether all of them are."""
        return joint(runner.ready() for runner in self._runners)

    def live(self) -> Verdict:
        """Whether all of them are."""
        return joint(runner.live() for runner in self._runners)
