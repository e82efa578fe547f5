"""Readiness and liveness of runners, computed on request from their last polls.

A runner is ready as a member of its group, also when other members have all partitions: it is a standby. Dead workers
need no check here: the poll loop ends the process.
"""

import time
from collections.abc import Callable, Sequence

from master_orchestrator_schemas.health import HealthVerdict, joint
from master_orchestrator_schemas.vocabulary import AgentType

NOT_READY_AFTER_S = 10.0
"""Not ready after this time without a poll. The loop polls at least ten times a second."""

CONTROLS_UNKNOWN_AFTER_S = 30.0
"""Not ready after this time without a look at the controls topic, which is looked at every five seconds."""

NOT_ALIVE_AFTER_S = 90.0
"""Not alive after this time without a poll: longer than any wait of the loop."""


class RunnerHealth:
    """Readiness and liveness of one runner; any thread may ask."""

    def __init__(self, agent: AgentType, clock: Callable[[], float] = time.monotonic) -> None:
        self._agent, self._clock = agent, clock
        self._polled_at, self._member = clock(), False
        self.controls_lag_s: Callable[[], float] = lambda: 0.0
        """For how long nothing is known of newer controls."""

    def polled(self, *, member: bool) -> None:
        """The poll loop polled. ``member``: the group has assigned this runner its partitions, or none."""
        self._polled_at, self._member = self._clock(), member

    def ready(self) -> HealthVerdict:
        """Whether it takes commands, or is a standby."""
        if not self._member:
            return HealthVerdict(ok=False, why=f"{self._agent} joins or leaves its group")
        if (silence_s := self._silence_s()) > NOT_READY_AFTER_S:
            return HealthVerdict(ok=False, why=f"{self._agent} has not polled for {silence_s:.0f} s")
        if (lag_s := self.controls_lag_s()) > CONTROLS_UNKNOWN_AFTER_S:
            return HealthVerdict(
                ok=False, why=f"{self._agent} has read no controls for {lag_s:.0f} s and obeys the last known"
            )
        return HealthVerdict(ok=True, why="members of their groups")

    def live(self) -> HealthVerdict:
        """Whether its poll loop polls."""
        if (silence_s := self._silence_s()) > NOT_ALIVE_AFTER_S:
            return HealthVerdict(ok=False, why=f"{self._agent} has not polled for {silence_s:.0f} s")
        return HealthVerdict(ok=True, why="polling")

    def _silence_s(self) -> float:
        return self._clock() - self._polled_at


class ProcessHealth:
    """All runners of one process: as ready and alive as the worst of them."""

    def __init__(self, runners: Sequence[RunnerHealth]) -> None:
        self._runners = runners

    def ready(self) -> HealthVerdict:
        """Whether all of them are."""
        return joint(runner.ready() for runner in self._runners)

    def live(self) -> HealthVerdict:
        """Whether all of them are."""
        return joint(runner.live() for runner in self._runners)
