"""The supervisor on a clock of its own: order of start and stop, back-off, what is given up and what is not."""

import pytest

from master_orchestrator.errors import OrchestratorError
from master_orchestrator.exit_codes import ExitCode
from master_orchestrator.supervision.supervisor import STOP_TIMEOUT_S, Backoff, NotStartableError, Supervisor
from master_orchestrator_agents.runner.agent_runner import DRAIN_S
from master_orchestrator_agents.runner.poll_loop import ABANDON_S, CLOSE_S, COMMIT_WAIT_S, FLUSH_S


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


class FakeService:
    """Records what it was told in a journal shared with its siblings."""

    def __init__(self, name: str, journal: list[str], *, finite: bool = False) -> None:
        self.name = name
        self.finite = finite
        self.code: int | None = None
        self.fails_to_start = False
        self._journal = journal

    def prepare(self) -> None:
        self._journal.append(f"prepare {self.name}")

    def start(self) -> None:
        self._journal.append(f"start {self.name}")
        if self.fails_to_start:
            raise OrchestratorError("no room")
        self.code = None

    def exit_code(self) -> int | None:
        return self.code

    def ask_to_stop(self) -> None:
        self._journal.append(f"ask {self.name}")

    def end(self, timeout_s: float) -> None:
        assert timeout_s >= 0
        self._journal.append(f"end {self.name}")
        self.code = 0


def test_starts_by_stage_and_stops_in_reverse_each_stage_side_by_side() -> None:
    journal: list[str] = []
    broker, engine, agents, load = (FakeService(name, journal) for name in ("broker", "engine", "agents", "load"))
    with Supervisor([[broker], [engine, agents], [load]]) as supervisor:
        supervisor.start()
    starts = ["start broker", "start engine", "start agents", "start load"]
    stops = ["ask load", "end load", "ask engine", "ask agents", "end engine", "end agents", "ask broker", "end broker"]
    assert starts + stops == journal


def test_what_was_prepared_ends_with_the_rest_when_an_earlier_stage_does_not_start() -> None:
    journal: list[str] = []
    broker, engine = (FakeService(name, journal) for name in ("broker", "engine"))
    broker.fails_to_start = True
    with Supervisor([[broker], [engine]]) as supervisor:
        supervisor.prepare_stage(1)
        with pytest.raises(OrchestratorError, match="no room"):
            supervisor.start_stage(0)
    assert ["prepare engine", "start broker", "ask engine", "end engine"] == journal


def test_what_was_prepared_and_started_ends_once() -> None:
    journal: list[str] = []
    engine = FakeService("engine", journal)
    with Supervisor([[engine]]) as supervisor:
        supervisor.prepare_stage(0)
        supervisor.start_stage(0)
    assert ["prepare engine", "start engine", "ask engine", "end engine"] == journal


def test_agents_that_drain_to_the_end_are_not_killed_before_they_have_committed_and_left() -> None:
    leaving_s = ABANDON_S + FLUSH_S + COMMIT_WAIT_S + CLOSE_S

    assert DRAIN_S + leaving_s < STOP_TIMEOUT_S


def test_a_start_that_fails_half_way_stops_what_runs() -> None:
    journal: list[str] = []
    broker, engine = FakeService("broker", journal), FakeService("engine", journal)
    engine.fails_to_start = True
    with pytest.raises(OrchestratorError, match="no room"), Supervisor([[broker], [engine]]) as supervisor:
        supervisor.start()
    assert ["start broker", "start engine", "ask broker", "end broker"] == journal


def test_a_mistake_at_the_first_start_is_for_the_user_to_mend_a_later_one_is_not() -> None:
    clock, load = Clock(), FakeService("load", [])
    supervisor = Supervisor([[load]], clock=clock)
    supervisor.start()
    load.code = 1
    supervisor.watch()
    clock.now += 1.0
    supervisor.watch()
    load.code = 2  # a file that another one is writing, say
    supervisor.watch()
    supervisor.stop()

    supervisor.start()
    load.code = 2
    with pytest.raises(NotStartableError, match="load cannot run as it was told to"):
        supervisor.watch()


def test_a_broker_that_is_away_is_nobodys_mistake() -> None:
    clock, load = Clock(), FakeService("load", [])
    supervisor = Supervisor([[load]], clock=clock)
    supervisor.start()
    load.code = ExitCode.UNAVAILABLE
    supervisor.watch()
    clock.now += 1.0
    supervisor.watch()
    assert load.exit_code() is None


def test_a_death_waits_longer_each_time_and_is_forgiven_after_a_while() -> None:
    journal: list[str] = []
    clock, service = Clock(), FakeService("engine", journal)
    supervisor = Supervisor([[service]], Backoff(first_s=1.0, max_s=3.0, forgiven_after_s=10.0), clock=clock)
    supervisor.start()
    waits = [_wait_after_death(supervisor, service, clock) for _ in range(4)]
    assert pytest.approx([1.0, 2.0, 3.0, 3.0], abs=0.11) == waits
    clock.now += 10.0
    assert pytest.approx(1.0, abs=0.11) == _wait_after_death(supervisor, service, clock)


def test_a_start_again_that_fails_is_tried_again_later() -> None:
    journal: list[str] = []
    clock, service = Clock(), FakeService("engine", journal)
    supervisor = Supervisor([[service]], Backoff(first_s=1.0), clock=clock)
    supervisor.start()
    service.code, service.fails_to_start = -9, True
    for _ in range(20):
        clock.now += 0.5
        supervisor.watch()
    assert 1 < journal.count("start engine") < 6
    service.fails_to_start = False
    clock.now += 60
    supervisor.watch()
    supervisor.watch()
    assert service.exit_code() is None


def test_only_a_finite_service_may_end_with_0() -> None:
    journal: list[str] = []
    clock = Clock()
    engine, load = FakeService("engine", journal), FakeService("load", journal, finite=True)
    supervisor = Supervisor([[engine], [load]], clock=clock)
    supervisor.start()
    engine.code = load.code = 0
    supervisor.watch()
    clock.now += 60
    supervisor.watch()
    assert supervisor.done("load")
    assert not supervisor.done("engine")
    assert [2, 1] == [journal.count("start engine"), journal.count("start load")]


def test_a_finite_service_that_fails_is_started_again() -> None:
    journal: list[str] = []
    clock, load = Clock(), FakeService("load", journal, finite=True)
    supervisor = Supervisor([[load]], clock=clock)
    supervisor.start()
    load.code = 1
    supervisor.watch()
    clock.now += 60
    supervisor.watch()
    assert not supervisor.done("load")
    assert ["start load", "start load"] == journal


def _wait_after_death(supervisor: Supervisor, service: FakeService, clock: Clock) -> float:
    """Kill the service, and return how long the supervisor took to start it again."""
    service.code = -9
    died_at = clock.now
    while service.exit_code() is not None:
        supervisor.watch()
        clock.now += 0.1
    return clock.now - 0.1 - died_at
