"""Deadlines become ticks: a heap, rebuilt from the table after every assignment.

A tick is an input like any other, produced to the timers topic keyed by vehicle, so that waiting never blocks a
partition and every decision has a record as its cause. A tick that is late or repeated does nothing: the core checks it
against the state.
"""

import threading
import time
from collections.abc import Callable

import structlog

from master_orchestrator.core.outcome import Deadline
from master_orchestrator.ports import waitable
from master_orchestrator.timer_heap import TimerHeap
from master_orchestrator_schemas.messages import Timer

log = structlog.get_logger(__name__)

Send = Callable[[int, list[Timer]], None]


class TimerThread:
    """Sends the ticks when they are due, from a thread of its own so that a long batch does not delay them."""

    def __init__(
        self, send: Send, on_delay: Callable[[float], None], on_failure: Callable[[BaseException], None]
    ) -> None:
        self._heap = TimerHeap()
        self._send, self._on_delay, self._on_failure = send, on_delay, on_failure
        self._changed = threading.Condition()
        self._stopping = False
        self.sending_since: float | None = None
        """Monotonic seconds; None while nothing is being sent."""
        self._thread = threading.Thread(target=self._run, name="timers", daemon=True)

    @property
    def pending(self) -> int:
        """Deadlines that are waited for."""
        return self._heap.standing

    def start(self) -> None:
        """Begin to send."""
        self._thread.start()

    @property
    def alive(self) -> bool:
        """Whether it still runs."""
        return self._thread.is_alive()

    def stop(self, patience_s: float) -> bool:
        """Send no more; whether the thread has ended in time."""
        with self._changed:
            self._stopping = True
            self._changed.notify()
        self._thread.join(patience_s)
        return not self._thread.is_alive()

    def reset(self, partitions: dict[int, dict[str, list[Deadline]]]) -> None:
        """Own just these partitions, whose vehicles wait for these deadlines."""
        with self._changed:
            self._heap.reset(partitions)
            for partition, vehicles in partitions.items():
                self._update(partition, vehicles)
            self._changed.notify()

    def update(self, partition: int, vehicles: dict[str, list[Deadline]]) -> None:
        """New deadlines of some vehicles of a partition."""
        with self._changed:
            before = self._heap.next_due_ms()
            self._update(partition, vehicles)
            if self._heap.next_due_ms() != before:
                self._changed.notify()

    def _update(self, partition: int, vehicles: dict[str, list[Deadline]]) -> None:
        for vehicle_id, deadlines in vehicles.items():
            self._heap.update(partition, vehicle_id, deadlines)

    def _run(self) -> None:
        try:
            while (ticks := self._next()) is not None:
                self.sending_since = time.monotonic()
                for partition, timers in ticks.items():
                    self._on_delay(max(0.0, _now_ms() - min(t.due_ms for t in timers)) / 1000)
                    self._send(partition, timers)
                self.sending_since = None
        except Exception as error:  # noqa: BLE001  without timers no wait would end: the process must not live on
            self._on_failure(error)

    def _next(self) -> dict[int, list[Timer]] | None:
        """Wait for due ticks; None when stopping."""
        with self._changed:
            while not self._stopping:
                if ticks := self._heap.due(_now_ms()):
                    return ticks
                due = self._heap.next_due_ms()
                self._changed.wait(None if due is None else _wait_s(due))
            return None


def _wait_s(due_ms: int) -> float:
    """Until then; an appointment may be in the year 9999, which is longer than a thread can wait at once."""
    return waitable(max(0.001, (due_ms - _now_ms()) / 1000))


def _now_ms() -> int:
    return time.time_ns() // 1_000_000
