"""More commands than a lane's bound can hold: no work is done twice, and what can be done is done.

In virtual time, with the engine's own executions and retries and the runner's own rule for what is skipped. Within a
lane commands go in the order in which they came; ``test_lane_fairness.py`` is about the lanes.
"""

import heapq
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from itertools import count

import pytest
from support.commands import command_for

from master_orchestrator.core.decide.executions import next_execution
from master_orchestrator.core.decide.failures import retry_wait_ms
from master_orchestrator.core.policy import Policy
from master_orchestrator.core.state import Execution
from master_orchestrator_agents.runner.execution import expired
from master_orchestrator_agents.runner.handling_time import MARGIN_MS, MAX_EXPECTED_MS, HandlingTime
from master_orchestrator_schemas.topology import Topology
from master_orchestrator_schemas.vocabulary import AgentType, Priority

AGENT, PRIORITY, WORKERS, HANDLING_MS = AgentType.DIAGNOSIS, Priority.HIGH, 8, 2_000
PER_SECOND = WORKERS * 1_000 / HANDLING_MS


@dataclass
class Overload:
    """One agent's runner and the engine's timers for its commands."""

    policy: Policy
    handling: HandlingTime
    now_ms: int = 0
    calls: int = 0
    sent: int = 0
    done: set[int] = field(default_factory=set)
    failed: set[int] = field(default_factory=set)

    def __post_init__(self) -> None:
        self._order = count()
        self._events: list[tuple[int, int, Callable[[], None]]] = []
        self._queue: deque[tuple[int, Execution]] = deque()
        self._newest: dict[int, Execution] = {}
        self._free = WORKERS

    def run(self, arrivals_ms: Iterable[int]) -> None:
        """A workflow's first command at each of these times, until all have ended."""
        for workflow, at_ms in enumerate(arrivals_ms):
            first = Execution(AGENT, 0, 0, 0, at_ms, self.policy.deadline_ms(AGENT, PRIORITY, at_ms))
            self._at(at_ms, lambda workflow=workflow, first=first: self._issue(workflow, first))  # type: ignore[misc]
        while self._events:
            self.now_ms, _, happens = heapq.heappop(self._events)
            happens()

    def _at(self, at_ms: int, happens: Callable[[], None]) -> None:
        heapq.heappush(self._events, (at_ms, next(self._order), happens))

    def _issue(self, workflow: int, execution: Execution) -> None:
        self.sent += 1
        self._newest[workflow] = execution
        self._queue.append((workflow, execution))
        self._at(execution.deadline_ms, lambda: self._due(workflow, execution))
        self._work()

    def _due(self, workflow: int, execution: Execution) -> None:
        if workflow in self.done or self._newest[workflow] != execution:
            return
        wait_ms = retry_wait_ms(self.policy, execution)
        if wait_ms is None:
            self.failed.add(workflow)
            return
        retry_ms = self.now_ms + wait_ms
        self._at(retry_ms, lambda: self._issue(workflow, next_execution(self.policy, execution, PRIORITY, retry_ms)))

    def _work(self) -> None:
        while self._free and self._queue:
            workflow, execution = self._queue.popleft()
            within_ms = execution.deadline_ms - execution.issued_at_ms
            command = command_for(AGENT, f"v{workflow}~0", issued_at_ms=execution.issued_at_ms, within_ms=within_ms)
            if not expired(command, self.now_ms, self.handling.expected_ms):
                self._free -= 1
                self.calls += 1
                self._at(self.now_ms + HANDLING_MS, lambda w=workflow, e=execution: self._handled(w, e))  # type: ignore[misc]

    def _handled(self, workflow: int, execution: Execution) -> None:
        self._free += 1
        self.handling.observe(HANDLING_MS)
        if self.now_ms <= execution.deadline_ms and self._newest[workflow] == execution:
            self.done.add(workflow)
        self._work()


@pytest.fixture
def overload(topology: Topology) -> Overload:
    """Nothing has come yet."""
    return Overload(Policy.from_topology(topology), HandlingTime(topology.agents[AGENT].reply_within_ms))


@pytest.fixture
def within_bound(topology: Topology) -> int:
    """How many commands are handled from an issue to its deadline."""
    return int(PER_SECOND * topology.time_to_reply_ms(AGENT, PRIORITY.lane) / 1_000)


def test_a_burst_within_the_bound_has_no_time_out(overload: Overload, within_bound: int) -> None:
    overload.run([0] * (within_bound - WORKERS))
    assert (set(), within_bound - WORKERS) == (overload.failed, len(overload.done))
    assert overload.sent == overload.calls == within_bound - WORKERS


@pytest.mark.parametrize("times", [1.5, 3])
def test_a_burst_beyond_the_bound_is_done_by_the_retries_and_nothing_is_handled_twice(
    overload: Overload, within_bound: int, times: float
) -> None:
    burst = int(times * within_bound)
    overload.run([0] * burst)
    assert (set(), burst) == (overload.failed, len(overload.done))
    assert burst == overload.calls
    assert overload.sent <= burst * (1 + len(overload.policy.retry_waits_ms))


def test_a_lasting_overload_leaves_the_workers_doing_useful_work(overload: Overload) -> None:
    """Twice what the workers can do, for ten minutes: all that is handled is answered in time."""
    arrivals = [int(number * 1_000 / (2 * PER_SECOND)) for number in range(int(2 * PER_SECOND * 600))]
    overload.run(arrivals)
    assert overload.calls == len(overload.done)
    assert len(overload.done) >= PER_SECOND * 600
    assert overload.sent <= len(arrivals) * (1 + len(overload.policy.retry_waits_ms))


def test_what_waited_no_longer_than_its_lane_allows_is_handled_whatever_was_slow_before(topology: Topology) -> None:
    for agent, terms in topology.agents.items():
        handling = HandlingTime(terms.reply_within_ms)
        for took_ms in (1, 10 * terms.reply_within_ms, 5):
            handling.observe(took_ms)
        for lane, lane_terms in topology.lanes.items():
            command = command_for(agent, within_ms=topology.time_to_reply_ms(agent, lane))
            assert not expired(command, lane_terms.max_wait_ms, handling.expected_ms)


def test_the_expected_time_follows_the_handler_and_is_bounded() -> None:
    handling = HandlingTime(86_400_000)
    assert 0 == handling.expected_ms
    for _ in range(60):
        handling.observe(200)
    assert 200 + MARGIN_MS == handling.expected_ms
    handling.observe(86_400_000)
    assert MAX_EXPECTED_MS == handling.expected_ms
    for _ in range(150):
        handling.observe(200)
    assert 200 + MARGIN_MS <= handling.expected_ms < 1_000 + MARGIN_MS
