"""How far the engine is behind its inputs: records not applied, and how old the oldest of them can be.

What is asked of the consumer is read from another thread, so every value may be a moment old.
"""

import threading
from collections.abc import Mapping
from typing import NamedTuple

from master_orchestrator_schemas.places import Partition


class LogPlace(NamedTuple):
    """What the consumer knows of a topic-partition: where its log ends, and what it would fetch next."""

    end: int
    fetched: int


class Behind(NamedTuple):
    """Records not applied, and at most how old the oldest of them is, in seconds."""

    records: int
    seconds: float


class InputProgress:
    """The marks that batches leave, and what they come to when asked. Seconds are the clock's since 1970."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._handed: dict[Partition, int] = {}
        self._applied_s: dict[Partition, float] = {}
        self._caught_up_s: dict[Partition, float] = {}
        self._owned_since_s = 0.0

    def reset(self, positions: Mapping[Partition, int], now_s: float) -> None:
        """Own just these topic-partitions, applied up to here, from now on."""
        with self._lock:
            self._handed, self._applied_s, self._caught_up_s = dict(positions), {}, {}
            self._owned_since_s = now_s

    def handed(self, partition: Partition, next_offset: int) -> None:
        """Records up to here have been given to the engine."""
        with self._lock:
            self._handed[partition] = next_offset

    def applied(self, partition: Partition, timestamp_ms: int) -> None:
        """The newest record applied has this timestamp."""
        with self._lock:
            self._applied_s[partition] = timestamp_ms / 1000

    def applied_until_s(self, partition: Partition) -> float:
        """What came before this time has been applied; 0.0 where that is not known."""
        with self._lock:
            return self._newest_s(partition)

    def _newest_s(self, partition: Partition) -> float:
        return max(self._caught_up_s.get(partition, 0.0), self._applied_s.get(partition, 0.0))

    def behind(
        self, now_s: float, positions: Mapping[Partition, int], log: Mapping[Partition, LogPlace]
    ) -> dict[Partition, Behind]:
        """How far each is behind. An age is counted from the newest record applied, or the last moment in which nothing
        was left to apply; where neither is known, from the take-over.

        What the consumer has passed without giving a record, the markers of transactions, is not left to apply, unless
        records before it still are.
        """
        behind: dict[Partition, Behind] = {}
        with self._lock:
            for partition, position in positions.items():
                known = log.get(partition)
                if known is None:
                    continue
                done = position >= self._handed.get(partition, 0)
                left = max(0, known.end - (max(position, known.fetched) if done else position))
                if left == 0:
                    self._caught_up_s[partition] = now_s
                since = self._newest_s(partition) or self._owned_since_s
                behind[partition] = Behind(left, max(0.0, now_s - since) if left else 0.0)
        return behind
