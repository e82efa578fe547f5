"""Deadlines become ticks: a heap in memory, rebuilt from the table after every assignment.

A tick is an input like any other, produced to the timers topic keyed by vehicle, so that waiting never blocks a
partition and every decision has a record as its cause. A tick that is late or repeated does nothing: the core checks it
against the state. One that found the vehicle still waiting is sent again after a while.
"""

import heapq
import threading
import time
from collections.abc import Callable, Iterable

import structlog

from master_orchestrator.core.outcome import Deadline
from master_orchestrator.ports import waitable
from master_orchestrator_schemas.messages import Timer

log = structlog.get_logger(__name__)

REPEAT_MS = 2_000
MAX_REPEAT_MS = 60_000
"""A tick is sent again after 2, 4, 8 … 60 s while the state still waits: this clock may be ahead of the broker's, or
the engine behind, which more ticks would not help."""
STALE = 1_000
"""Deadlines that no longer stand are swept out of the heap once there are more of them than of those that stand."""

Send = Callable[[int, list[Timer]], None]


class TimerHeap:
    """The deadlines of the owned partitions. Time is an argument. Not safe for threads: see :class:`TimerThread`."""

    def __init__(self) -> None:
        self._heap: list[tuple[int, int, str, Deadline, int]] = []
        self._waiting: dict[int, dict[str, frozenset[Deadline]]] = {}
        self._standing = 0

    def reset(self, partitions: Iterable[int]) -> None:
        """Own these partitions and forget all deadlines."""
        self._heap.clear()
        self._standing = 0
        self._waiting = {partition: {} for partition in partitions}

    def update(self, partition: int, vehicle_id: str, deadlines: Iterable[Deadline]) -> None:
        """The vehicle waits for just these deadlines from now on."""
        waiting = self._waiting.get(partition)
        if waiting is None:
            return
        known, wanted = waiting.get(vehicle_id, frozenset()), frozenset(deadlines)
        for deadline in wanted - known:
            heapq.heappush(self._heap, (deadline.due_ms, partition, vehicle_id, deadline, REPEAT_MS))
        self._standing += len(wanted) - len(known)
        if wanted:
            waiting[vehicle_id] = wanted
        else:
            waiting.pop(vehicle_id, None)
        if len(self._heap) > 2 * self._standing + STALE:
            self._heap = [entry for entry in self._heap if self._stands(entry[1], entry[2], entry[3])]
            heapq.heapify(self._heap)

    def _stands(self, partition: int, vehicle_id: str, deadline: Deadline) -> bool:
        return deadline in self._waiting.get(partition, {}).get(vehicle_id, ())

    @property
    def size(self) -> int:
        """Entries in the heap, those that no longer stand included."""
        return len(self._heap)

    def next_due_ms(self) -> int | None:
        """When the next tick may be due; None if nothing waits."""
        return self._heap[0][0] if self._heap else None

    def due(self, now_ms: int) -> dict[int, list[Timer]]:
        """The ticks due now, by partition; each comes again, less and less often, while its vehicle waits."""
        ticks: dict[int, list[Timer]] = {}
        while self._heap and self._heap[0][0] <= now_ms:
            _, partition, vehicle_id, deadline, repeat_ms = heapq.heappop(self._heap)
            if self._stands(partition, vehicle_id, deadline):
                ticks.setdefault(partition, []).append(
                    Timer(
                        vehicle_id=vehicle_id,
                        workflow_id=deadline.workflow_id,
                        deadline_id=deadline.deadline_id,
                        due_ms=deadline.due_ms,
                    )
                )
                later = min(2 * repeat_ms, MAX_REPEAT_MS)
                heapq.heappush(self._heap, (now_ms + repeat_ms, partition, vehicle_id, deadline, later))
        return ticks


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
