"""The deadlines of vehicles, and the ticks that are due: the same in memory and on Kafka.

A tick that found its vehicle still waiting comes again after a while.
"""

import heapq
from collections.abc import Iterable

from master_orchestrator.core.outcome import Deadline
from master_orchestrator_schemas.messages import Timer

REPEAT_MS = 2_000
MAX_REPEAT_MS = 60_000
"""A tick is sent again after 2, 4, 8 … 60 s while the state still waits: this clock may be ahead of the broker's, or
the engine behind, which more ticks would not help."""
STALE = 1_000
"""Deadlines that no longer stand are swept out of the heap once there are more of them than of those that stand."""


class TimerHeap:
    """The deadlines of the owned partitions. Time is an argument. Not safe for threads: its owner holds a lock."""

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
        known, current = waiting.get(vehicle_id, frozenset()), frozenset(deadlines)
        for deadline in current - known:
            heapq.heappush(self._heap, (deadline.due_ms, partition, vehicle_id, deadline, REPEAT_MS))
        self._standing += len(current) - len(known)
        if current:
            waiting[vehicle_id] = current
        else:
            waiting.pop(vehicle_id, None)
        if len(self._heap) > 2 * self._standing + STALE:
            self._heap = [entry for entry in self._heap if self._stands(entry[1], entry[2], entry[3])]
            heapq.heapify(self._heap)

    def _stands(self, partition: int, vehicle_id: str, deadline: Deadline) -> bool:
        return deadline in self._waiting.get(partition, {}).get(vehicle_id, ())

    @property
    def standing(self) -> int:
        """Deadlines that are waited for."""
        return self._standing

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
