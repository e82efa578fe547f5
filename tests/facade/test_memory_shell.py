"""The in-memory shell: order, urgency, deadlines, and what happens when something breaks."""

import threading
from collections.abc import Iterator

import pytest
from support.four_agents import HOT, four_agents

from master_orchestrator import AgentType, MasterOrchestrator, OrchestratorError, State
from master_orchestrator.core.outcome import Deadline
from master_orchestrator.errors import InvalidHandlerError, UnknownAgentError
from master_orchestrator.facade.setup import without_unserved
from master_orchestrator.memory.log import AppendClock
from master_orchestrator.memory.shell import MemoryShell
from master_orchestrator.memory.timers import Timers
from master_orchestrator_agents import Task
from master_orchestrator_schemas.messages import Dtc, Telemetry, Timer
from master_orchestrator_schemas.topology import load_topology
from master_orchestrator_schemas.vocabulary import AlertKind


class Gate:
    """A DATA_ANALYSIS handler that notes its vehicles and lets none through until opened."""

    def __init__(self) -> None:
        self.seen: list[str] = []
        self.begun = threading.Event()
        self.open = threading.Event()

    def __call__(self, task: Task) -> dict[str, object]:
        self.seen.append(task.vehicle_id)
        self.begun.set()
        assert self.open.wait(30)
        return {}


def test_urgent_commands_overtake_routine_ones() -> None:
    gate = Gate()
    with MasterOrchestrator(max_workers=1) as orchestrator:
        for agent, handler in four_agents(DATA_ANALYSIS=gate).items():
            orchestrator.register_agent(agent, handler)
        orchestrator.start()
        orchestrator.receive_vehicle_telemetry("occupies", {"speed": 50})
        assert gate.begun.wait(10)
        ids = [orchestrator.receive_vehicle_telemetry(f"routine-{n}", {"speed": 50}) for n in range(5)]
        ids.append(orchestrator.receive_vehicle_telemetry("urgent", {"brake_failure": True}))
        gate.open.set()
        for workflow_id in ids:
            orchestrator.wait_until_ended(workflow_id, timeout=10)

    assert ["occupies", "urgent"] == gate.seen[:2]
    assert [f"routine-{n}" for n in range(5)] == gate.seen[2:]


def test_the_six_built_in_agents_work_when_asked_for_by_name() -> None:
    orchestrator = MasterOrchestrator()
    for agent in AgentType:
        orchestrator.register_agent(agent, "reference")

    with orchestrator:
        workflow_id = orchestrator.receive_vehicle_telemetry("car-1", HOT)
        moved = orchestrator.wait_until(workflow_id, State.SCHEDULED, State.COMPLETED, State.FAILED, timeout=20)

    assert moved["state"] is not State.FAILED


@pytest.mark.parametrize("handler", ["remote", "referense", 42, None])
def test_a_handler_that_is_none_is_refused_when_it_is_registered(handler: object) -> None:
    with pytest.raises(InvalidHandlerError, match="DIAGNOSIS"):
        MasterOrchestrator().register_agent(AgentType.DIAGNOSIS, handler)  # type: ignore[call-overload]  # the mistake


def test_an_agent_type_that_is_none_is_refused() -> None:
    with pytest.raises(UnknownAgentError, match="DATA_ANALYSIS"):
        MasterOrchestrator().register_agent("ANALYSIS", lambda _: {})  # type: ignore[call-overload]  # the mistake


def test_a_result_too_large_for_the_wire_fails_for_good() -> None:
    orchestrator = MasterOrchestrator()
    for agent, handler in four_agents(DATA_ANALYSIS=lambda _: {"blob": "x" * 300_000}).items():
        orchestrator.register_agent(agent, handler)

    with orchestrator:
        status = orchestrator.wait_until_ended(orchestrator.receive_vehicle_telemetry("car-1", HOT), timeout=10)

    assert ("FAILED", "agent_rejected") == (status["state"], status["reason"])


def test_a_record_that_the_core_fails_at_is_a_dead_letter_with_an_alert_as_on_kafka(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def faulty(*_: object) -> None:
        raise ZeroDivisionError

    handlers = four_agents()
    shell = MemoryShell(without_unserved(load_topology(), handlers), handlers, max_workers=1)
    shell.start()
    with monkeypatch.context() as patch:
        patch.setattr("master_orchestrator.memory.engine.step", faulty)
        answer = shell.submit(Telemetry(vehicle_id="car-1", ts_ms=1)).answer.result(10)
    assert "unprocessable: ZeroDivisionError: " == answer.rejection
    assert [AlertKind.RECORD_UNPROCESSABLE] == [alert.kind for alert in shell.log.alerts]
    assert [(answer.cause, "unprocessable")] == [(cause, why.code) for cause, why in shell.log.dead_letters]
    assert shell.submit(Telemetry(vehicle_id="car-1", ts_ms=1_700_000_000_000)).answer.result(10).rejection is None
    shell.stop()


def test_a_record_that_kafka_s_intake_would_reject_is_rejected_in_memory_too() -> None:
    handlers = four_agents()
    shell = MemoryShell(without_unserved(load_topology(), handlers), handlers, max_workers=1)
    shell.start()
    reading = Telemetry(vehicle_id="car-1", ts_ms=1, dtcs=(Dtc(code="P0301", status=0x08),) * 65)
    assert (shell.submit(reading).answer.result(10).rejection or "").startswith("invalid: ")
    shell.stop()


def test_without_memory_nothing_is_applied_any_more(monkeypatch: pytest.MonkeyPatch) -> None:
    def faulty(*_: object) -> None:
        raise MemoryError

    handlers = four_agents()
    shell = MemoryShell(without_unserved(load_topology(), handlers), handlers, max_workers=1)
    shell.start()
    with monkeypatch.context() as patch:
        patch.setattr("master_orchestrator.memory.engine.step", faulty)
        with pytest.raises(MemoryError):
            shell.submit(Telemetry(vehicle_id="car-1", ts_ms=1)).answer.result(10)
    with pytest.raises(OrchestratorError, match="fault"):
        shell.submit(Telemetry(vehicle_id="car-1", ts_ms=2)).answer.result(10)
    shell.stop()


def test_a_handler_that_never_ends_does_not_hold_up_the_shutdown_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("master_orchestrator.memory.pool.DRAIN_S", 0.1)
    gate = Gate()
    orchestrator = MasterOrchestrator()
    for agent, handler in four_agents(DATA_ANALYSIS=gate).items():
        orchestrator.register_agent(agent, handler)

    orchestrator.start()
    orchestrator.receive_vehicle_telemetry("car-1", HOT)
    assert gate.begun.wait(10)
    orchestrator.shutdown()  # comes back

    assert not gate.open.is_set()
    gate.open.set()


@pytest.mark.parametrize("max_workers", [0, -1, "10"])
def test_a_number_of_workers_that_is_none_is_refused(max_workers: object) -> None:
    with pytest.raises(OrchestratorError, match="max_workers"):
        MasterOrchestrator(max_workers)  # type: ignore[arg-type]  # the mistake under test


class Ticks:
    """Timers under test, and what they ticked."""

    def __init__(self) -> None:
        self.seen: list[tuple[str, str]] = []
        self.some = threading.Event()
        self.clock = AppendClock()
        self.timers = Timers(self._tick, self.clock.now_ms)

    def _tick(self, tick: Timer) -> None:
        self.seen.append((tick.vehicle_id, tick.deadline_id))
        self.some.set()

    def deadline(self, name: str, in_ms: int) -> Deadline:
        return Deadline(due_ms=self.clock.now_ms() + in_ms, workflow_id="w", deadline_id=name)


@pytest.fixture
def ticks() -> Iterator[Ticks]:
    made = Ticks()
    made.timers.start()
    yield made
    made.timers.stop()


def test_a_nearer_deadline_wakes_the_timers_and_a_dropped_one_does_not_tick(ticks: Ticks) -> None:
    ticks.timers.hold("far", [ticks.deadline("never", 3_600_000)])
    ticks.timers.hold("dropped", [ticks.deadline("dropped", 40)])
    ticks.timers.hold("dropped", [])
    ticks.timers.hold("near", [ticks.deadline("near", 80)])

    assert ticks.some.wait(10)
    assert [("near", "near")] == ticks.seen


def test_a_deadline_thousands_of_years_away_is_waited_for(ticks: Ticks) -> None:
    ticks.timers.hold("parked", [ticks.deadline("year 9999", 250_000_000_000_000)])
    ticks.timers.hold("car", [ticks.deadline("due", 50)])

    assert ticks.some.wait(10)
    assert [("car", "due")] == ticks.seen
    ticks.some.clear()
    ticks.timers.hold("van", [ticks.deadline("due too", 50)])
    assert ticks.some.wait(10)


def test_no_tick_comes_before_it_is_due(ticks: Ticks) -> None:
    deadline = ticks.deadline("due", 50)
    ticks.timers.hold("car", [deadline])

    assert ticks.some.wait(10)
    assert deadline.due_ms <= ticks.clock.now_ms()
