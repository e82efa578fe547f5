"""The in-memory counterpart of the topics: input offsets are counters, outputs are lists."""

from collections import Counter

from master_orchestrator.readers.view import WorkflowsView
from master_orchestrator_schemas.messages import Alert, AuditRecord, Cause, Command

PARTITION = 0
"""There is one."""


class MemoryLog:
    """Offsets of the inputs, and everything the engine put out. Written by the engine's thread alone.

    Lists only grow, so a reader in another thread sees a prefix.
    """

    def __init__(self) -> None:
        self.audit: list[AuditRecord] = []
        self.alerts: list[Alert] = []
        self.dead_letters: list[tuple[Cause, str]] = []
        self.failed_commands: list[Command] = []
        self.workflows = WorkflowsView()
        self._next_offsets: Counter[str] = Counter()

    def append(self, topic: str) -> Cause:
        """The place of a new record at the end of a topic."""
        cause = Cause(topic=topic, partition=PARTITION, offset=self._next_offsets[topic])
        self._next_offsets[topic] += 1
        return cause
