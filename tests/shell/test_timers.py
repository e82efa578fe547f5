"""Deadlines and ticks."""

import queue

import pytest

from master_orchestrator.core.outcome import Deadline
from master_orchestrator.shell.timers import TimerThread
from master_orchestrator.timer_heap import REPEAT_MS, STALE, TimerHeap
from master_orchestrator_schemas.messages import Timer

YEAR_9999_MS = 253_402_214_400_000


def deadline(due_ms: int, name: str = "d") -> Deadline:
    return Deadline(due_ms=due_ms, workflow_id="v~1", deadline_id=name)


def names(ticks: dict[int, list[Timer]]) -> dict[int, list[str]]:
    return {partition: [tick.deadline_id for tick in timers] for partition, timers in ticks.items()}


@pytest.fixture
def heap() -> TimerHeap:
    heap = TimerHeap()
    heap.reset([0, 1])
    return heap


def test_a_tick_comes_when_due_and_not_before(heap: TimerHeap) -> None:
    heap.update(0, "v", [deadline(100)])
    assert {} == heap.due(99)
    assert {0: ["d"]} == names(heap.due(100))


def test_a_tick_comes_again_while_the_vehicle_waits(heap: TimerHeap) -> None:
    heap.update(0, "v", [deadline(100)])
    heap.due(100)
    assert {} == heap.due(100 + REPEAT_MS - 1)
    assert {0: ["d"]} == names(heap.due(100 + REPEAT_MS))


def test_a_tick_that_changes_nothing_comes_less_and_less_often(heap: TimerHeap) -> None:
    heap.update(0, "v", [deadline(0)])
    times = [now for now in range(0, 400_000, 1_000) if heap.due(now)]
    assert [0, 2_000, 6_000, 14_000, 30_000, 62_000, 122_000] == times[:7]


def test_replaced_deadlines_do_not_pile_up(heap: TimerHeap) -> None:
    for number in range(20_000):
        heap.update(0, "v", [deadline(10**12, f"d{number}")])
    assert heap.size <= STALE + 2
    assert {0: ["d19999"]} == names(heap.due(10**12))


def test_a_deadline_that_no_longer_stands_sends_nothing(heap: TimerHeap) -> None:
    heap.update(0, "v", [deadline(100)])
    heap.update(0, "v", [deadline(200, "later")])
    assert {} == heap.due(150)
    heap.update(0, "v", [])
    assert {} == heap.due(10_000)
    assert heap.next_due_ms() is None


def test_partitions_not_owned_are_ignored_and_forgotten(heap: TimerHeap) -> None:
    heap.update(7, "v", [deadline(100)])
    heap.update(1, "v", [deadline(100)])
    heap.reset([0])
    assert {} == heap.due(1_000)


def test_a_deadline_thousands_of_years_away_is_waited_for() -> None:
    sent: queue.Queue[int] = queue.Queue()
    failures: queue.Queue[BaseException] = queue.Queue()
    thread = TimerThread(lambda partition, _ticks: sent.put(partition), lambda _seconds: None, failures.put)
    thread.reset({0: {"v": [deadline(YEAR_9999_MS)]}})
    thread.start()
    for number in range(20):
        thread.update(0, {f"w{number}": [deadline(1)]})
        assert 0 == sent.get(timeout=5)
    assert thread.stop(5)
    assert failures.empty()


def test_the_thread_sends_what_is_due_and_reports_its_own_death() -> None:
    sent: queue.Queue[tuple[int, list[str]]] = queue.Queue()
    failures: queue.Queue[BaseException] = queue.Queue()

    def send(partition: int, ticks: list[Timer]) -> None:
        if partition == 1:
            raise RuntimeError("broker gone")
        sent.put((partition, [tick.deadline_id for tick in ticks]))

    thread = TimerThread(send, lambda _seconds: None, failures.put)
    thread.start()
    thread.reset({0: {"v": [deadline(1)]}, 1: {}})
    assert (0, ["d"]) == sent.get(timeout=5)
    thread.update(1, {"w": [deadline(2)]})
    assert "broker gone" == str(failures.get(timeout=5))
    assert thread.stop(5)
