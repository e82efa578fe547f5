"""Deadlines of all vehicles in one heap; a thread sleeps on a condition until the nearest is due."""

import threading
from collections.abc import Callable, Iterable

from master_orchestrator.core.outcome import Deadline
from master_orchestrator.ports import waitable
from master_orchestrator.timer_heap import TimerHeap
from master_orchestrator_schemas.messages import Timer

ALL = 0
"""The one partition that the heap is told of: there is one owner."""


class Timers:
    """Calls ``tick`` for each deadline that is still held when it is due, and again while it is held on."""

    def __init__(self, tick: Callable[[Timer], None], now_ms: Callable[[], int]) -> None:
        self._tick = tick
        self._now_ms = now_ms
        self._heap = TimerHeap()
        self._heap.reset([ALL])
        self._changed = threading.Condition()
        self._stopping = False
        self._thread = threading.Thread(target=self._run, name="memory-timers", daemon=True)

    def start(self) -> None:
        """Start the thread."""
        self._thread.start()

    def hold(self, vehicle_id: str, deadlines: Iterable[Deadline]) -> None:
        """Replace all deadlines of a vehicle; those it no longer has will not tick."""
        with self._changed:
            before = self._heap.next_due_ms()
            self._heap.update(ALL, vehicle_id, deadlines)
            if self._heap.next_due_ms() != before:
                self._changed.notify()

    def stop(self) -> None:
        """End the thread; no tick comes after this returns."""
        with self._changed:
            self._stopping = True
            self._changed.notify()
        self._thread.join()

    def _run(self) -> None:
        while (ticks := self._next()) is not None:
            for tick in ticks:
                self._tick(tick)

    def _next(self) -> list[Timer] | None:
        """Block until ticks are due; None when stopping."""
        with self._changed:
            while not self._stopping:
                if ticks := self._heap.due(self._now_ms()).get(ALL):
                    return ticks
                due_ms = self._heap.next_due_ms()
                # An appointment may be in the year 9999, which is longer than a thread can wait at once.
                left_s = None if due_ms is None else max(0.001, (due_ms - self._now_ms()) / 1000)
                self._changed.wait(None if left_s is None else waitable(left_s))
            return None
