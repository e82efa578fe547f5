"""Deadlines of all vehicles in one heap; a thread sleeps on a condition until the nearest is due."""

import heapq
import threading
from collections.abc import Callable, Iterable

from master_orchestrator.core.outcome import Deadline
from master_orchestrator.ports import waitable

Entry = tuple[int, str, Deadline]


class Timers:
    """Calls ``tick(vehicle_id, deadline)`` once for each deadline that is still held when it is due."""

    def __init__(self, tick: Callable[[str, Deadline], None], now_ms: Callable[[], int]) -> None:
        self._tick = tick
        self._now_ms = now_ms
        self._held: dict[str, frozenset[Deadline]] = {}
        self._heap: list[Entry] = []
        self._changed = threading.Condition()
        self._stopping = False
        self._thread = threading.Thread(target=self._run, name="memory-timers", daemon=True)

    def start(self) -> None:
        """Start the thread."""
        self._thread.start()

    def hold(self, vehicle_id: str, deadlines: Iterable[Deadline]) -> None:
        """Replace all deadlines of a vehicle; those it no longer has will not tick."""
        wanted = frozenset(deadlines)
        with self._changed:
            known = self._held.get(vehicle_id, frozenset())
            if wanted == known:
                return
            for deadline in wanted - known:
                heapq.heappush(self._heap, (deadline.due_ms, vehicle_id, deadline))
            if wanted:
                self._held[vehicle_id] = wanted
            else:
                self._held.pop(vehicle_id, None)
            self._changed.notify()

    def stop(self) -> None:
        """End the thread; no tick comes after this returns."""
        with self._changed:
            self._stopping = True
            self._changed.notify()
        self._thread.join()

    def _run(self) -> None:
        while (entry := self._next_due()) is not None:
            _, vehicle_id, deadline = entry
            self._tick(vehicle_id, deadline)

    def _next_due(self) -> Entry | None:
        """Block until a held deadline is due; None when stopping."""
        with self._changed:
            while not self._stopping:
                self._drop_stale()
                left_ms = self._heap[0][0] - self._now_ms() if self._heap else None
                if left_ms is not None and left_ms <= 0:
                    return self._pop()
                # An appointment may be in the year 9999, which is longer than a thread can wait at once.
                self._changed.wait(None if left_ms is None else waitable(left_ms / 1000))
            return None

    def _drop_stale(self) -> None:
        while self._heap and self._heap[0][2] not in self._held.get(self._heap[0][1], ()):
            heapq.heappop(self._heap)

    def _pop(self) -> Entry:
        """Take the nearest entry out; it is no longer held, so an unchanged state that names it again ticks again."""
        entry = heapq.heappop(self._heap)
        _, vehicle_id, deadline = entry
        self._held[vehicle_id] -= {deadline}
        return entry
