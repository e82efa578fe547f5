"""The in-memory counterpart of the topics: input offsets are counters, outputs are lists."""

import threading
import time
from collections import Counter

from master_orchestrator.core.rejection import Rejection
from master_orchestrator.readers.view import WorkflowsView
from master_orchestrator_schemas.messages import (
    Activity,
    ActorRecord,
    Alert,
    AuditRecord,
    Cause,
    Command,
    Control,
    EntityStatus,
)
from master_orchestrator_schemas.places import Partition


class MemoryLog:
    """Offsets of the inputs, and everything the engine put out. Written by the engine's thread alone;
    what agents do, and what the judge says of it (``conduct``, ``controls``, ``entities``), by those of the agents.

    Lists only grow, so a reader in another thread sees a prefix.
    """

    def __init__(self) -> None:
        self.audit: list[AuditRecord] = []
        self.alerts: list[Alert] = []
        self.dead_letters: list[tuple[Cause, Rejection]] = []
        self.failed_commands: list[Command] = []
        self.activity: list[Activity] = []
        self.conduct: list[ActorRecord] = []
        self.controls: list[Control] = []
        self.entities: dict[str, EntityStatus] = {}
        self.workflows = WorkflowsView()
        self._next_offsets: Counter[Partition] = Counter()

    def append(self, topic: str, partition: int) -> Cause:
        """The place of a new record at the end of a partition."""
        cause = Cause(topic=topic, partition=partition, offset=self._next_offsets[Partition(topic, partition)])
        self._next_offsets[Partition(topic, partition)] += 1
        return cause


class AppendClock:
    """Kafka's LogAppendTime in memory: milliseconds since 1970 UTC that never go back."""

    def __init__(self) -> None:
        self._last = 0
        self._lock = threading.Lock()

    def now_ms(self) -> int:
        """The present time."""
        with self._lock:
            self._last = max(self._last, time.time_ns() // 1_000_000)
            return self._last
