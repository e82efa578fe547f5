"""The engine's own processor on a table in memory: records go in batches, and each one's fate is told."""

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from fuzz_suite.records.arrival import Arrived
from fuzz_suite.records.surroundings import Surroundings
from fuzz_suite.watchdog import cpu_limit
from master_orchestrator.core.outcome import Outcome
from master_orchestrator.core.state import VehicleState, decode_state
from master_orchestrator.shell.counting import EngineCounts
from master_orchestrator.shell.layout import unpack_vehicle
from master_orchestrator.shell.processor import Work
from master_orchestrator_schemas.metrics import Metrics

PARTITION = 3
GIVEN_UP = "retries_exhausted"
"""The reason of a command's dead letter, which is not the record's own."""
HANG_S = 10.0


@dataclass
class Fate:
    """What became of one record: the outcome of its step, if it came so far, and why it is a dead letter, if it is.

    ``cpu_s``: what it took; of the last record of a batch with the batch's end.
    """

    record: Arrived
    outcome: Outcome | None = None
    refusals: list[str] = field(default_factory=list)
    accepted: bool | None = None
    cpu_s: float = 0.0


class Noting(EngineCounts):
    """The engine's counts, which notes besides what they are told about the record at hand."""

    def __init__(self) -> None:
        super().__init__(Metrics())
        self.fates: list[Fate] = []

    def feed(self, records: Sequence[Arrived]) -> Iterator[tuple[int, Arrived]]:
        """The records as the processor takes them, one when it has done with the one before."""
        self.fates = []
        for record in records:
            self.fates.append(Fate(record))
            started_s = time.process_time()
            yield record.rank, record
            self.fates[-1].cpu_s = time.process_time() - started_s

    def outcome(self, topic: str, outcome: Outcome) -> None:
        """Note the outcome of the record's step."""
        super().outcome(topic, outcome)
        self.fates[-1].outcome = outcome

    def reading(self, *, accepted: bool) -> None:
        """Note whether it was a reading that changed anything."""
        super().reading(accepted=accepted)
        self.fates[-1].accepted = accepted

    def dead_letter(self, topic: str, reason: str) -> None:
        """Note why it is a dead letter."""
        super().dead_letter(topic, reason)
        if reason != GIVEN_UP:
            self.fates[-1].refusals.append(reason)


class Stage:
    """A partition: its table, and the processor of its engine."""

    def __init__(self, around: Surroundings) -> None:
        self.around = around
        self.table: dict[bytes, bytes] = {}
        self._noting = Noting()
        self._processor = around.processor(self._noting)

    def state(self, vehicle_id: str) -> VehicleState | None:
        """What the table has of a vehicle."""
        stored = self.table.get(vehicle_id.encode())
        return None if stored is None else decode_state(unpack_vehicle(stored)[1])

    def process(self, records: Sequence[Arrived]) -> tuple[Work, list[Fate]]:
        """Apply a batch, without keeping what came of it. Raises whatever the processor raises, and ``HangError``."""
        with cpu_limit(HANG_S):
            work = self._processor.process(PARTITION, self._noting.feed(records), self.table.get)
        return work, self._noting.fates

    @property
    def at(self) -> int:
        """Which record of the batch was at hand last."""
        return len(self._noting.fates) - 1

    def keep(self, work: Work) -> None:
        """Write the batch's states into the table."""
        self.table |= work.vehicles
