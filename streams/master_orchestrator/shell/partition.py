"""One owned partition: its table, its transactional producer, its input positions, and the step that joins them.

The order of a step, and what a crash between two of its parts means (``docs/engine.md`` has the table):
begin; audit, status, alerts, dead letters; changelog, outbox, position; commit; local write; commands; memory.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from master_orchestrator.core.table import POSITION_KEY, pack_positions, unpack_positions, unpack_vehicle
from master_orchestrator.shell.clients import PartitionProducer, PlainProducers
from master_orchestrator.shell.layout import pack_outbox, unpack_outbox
from master_orchestrator.shell.processor import Work
from master_orchestrator.shell.records import Record
from master_orchestrator.shell.store import PartitionStore


class OwnedPartition:
    """Everything that belongs to one partition while this worker owns it."""

    def __init__(
        self,
        number: int,
        *,
        store: PartitionStore,
        producer: PartitionProducer,
        commands: PlainProducers,
        changelog: str,
    ) -> None:
        self.number, self.store = number, store
        self._producer, self._commands, self._changelog = producer, commands, changelog
        self._outbox_filled = True
        self.positions: dict[str, int] = {}

    def recover(self) -> dict[str, int]:
        """After the table is caught up: send the newest outbox again; the stored positions."""
        self._commands.send(unpack_outbox(self.store.get), self.number)
        return unpack_positions(self.store.get(POSITION_KEY))

    def waiting(self) -> Iterator[tuple[bytes, bytes]]:
        """All keys of the table that wait for something, with their stored states."""
        for key, value in self.store.vehicles():
            due_ms, state = unpack_vehicle(value)
            if due_ms:
                yield key, state

    def commit(self, work: Work[Any, Any], positions: Mapping[str, int]) -> None:
        """Make ``work`` and the positions after it durable, then send its commands. Blocking; any error is fatal."""
        entries = {**work.entries, **self._outbox(work.commands)}
        after = {**self.positions, **positions}
        position = Record(self._changelog, POSITION_KEY, pack_positions(after))
        changelog = (Record(self._changelog, key, value) for key, value in entries.items())
        offset = self._producer.commit([*work.records, *changelog], position)
        self.store.write({**entries, POSITION_KEY: position.value}, offset)
        self._commands.send(work.commands, self.number)
        self.positions = after

    def _outbox(self, commands: Sequence[Record]) -> dict[bytes, bytes]:
        """The outbox records of this batch; none where it was empty and stays so."""
        if not commands and not self._outbox_filled:
            return {}
        self._outbox_filled = bool(commands)
        return pack_outbox(commands)
