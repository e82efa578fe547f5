"""The engine's own processor on a table in memory: records go in batches, and each one's fate is told."""

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from fuzz_suite.findings import WrongError
from fuzz_suite.records.arrival import Arrival
from fuzz_suite.records.surroundings import FuzzContracts
from fuzz_suite.watchdog import cpu_limit
from master_orchestrator.core.outcome import Outcome
from master_orchestrator.core.state import VehicleState, decode_state
from master_orchestrator.core.table import unpack_vehicle
from master_orchestrator.shell.outgoing import GIVEN_UP
from master_orchestrator.shell.processor import Processor, Work
from master_orchestrator.shell.records import Record
from master_orchestrator.shell.vehicle_job import changes
from master_orchestrator_schemas.messages import Telemetry
from master_orchestrator_schemas.reasons import CORE_REASONS
from master_orchestrator_schemas.registry import INPUTS

PARTITION = 3
HANG_S = 10.0
TELEMETRY = INPUTS.index(Telemetry.__name__)


@dataclass
class RecordFate:
    """What became of one record: the outcome of its step, if it came so far, and its dead letter, if it is one.

    ``reason``: of the dead letter. ``accepted``: whether it was a reading that changed anything. ``quiet``: it has no
    outcome, as nothing but a state came of it.
    """

    record: Arrival
    outcome: Outcome | None = None
    letter: Record | None = None
    reason: str | None = None
    accepted: bool | None = None
    quiet: bool = False


class PartitionStage:
    """A partition: its table, and the processor of its engine."""

    def __init__(self, around: FuzzContracts) -> None:
        self.around = around
        self.table: dict[bytes, bytes] = {}
        self.cpu_s = 0.0
        """What the last batch took."""
        self._job = around.job()
        self._processor = Processor(self._job, self._job.writer, self._job.counts)
        self._dead, self._inputs = around.topology.dead_letter_topic, around.topology.input_topics

    def state(self, vehicle_id: str) -> VehicleState | None:
        """What the table has of a vehicle."""
        stored = self.table.get(vehicle_id.encode())
        return None if stored is None else decode_state(unpack_vehicle(stored)[1])

    def process(self, records: Sequence[Arrival]) -> tuple[Work[VehicleState, Outcome], list[RecordFate]]:
        """Apply a batch, without keeping what came of it. Raises what the processor raises, and ``HangError``."""
        started_s = time.process_time()
        with cpu_limit(HANG_S):
            self._job.quiet_offsets.clear()
            work = self._processor.process(PARTITION, [(record.rank, record) for record in records], self.table.get)
        self.cpu_s = time.process_time() - started_s
        return work, self._fates(records, work)

    def keep(self, work: Work[VehicleState, Outcome]) -> None:
        """Write the batch's states into the table."""
        self.table |= work.entries

    def _fates(self, records: Sequence[Arrival], work: Work[VehicleState, Outcome]) -> list[RecordFate]:
        """A dead letter names its record; outcomes and what they say of readings come in the records' order."""
        letters = self._letters(work)
        outcomes = ((topic, outcome) for topic, _, outcome in work.outcomes)
        readings = (
            changes(before, outcome)
            for topic, before, outcome in work.outcomes
            if topic == self._inputs[TELEMETRY] and outcome.rejection is None
        )
        quiet = {(cause.topic, cause.offset) for cause in work.quiet}
        fates = [
            RecordFate(record, accepted=True, quiet=True)
            if (self._inputs[record.rank], record.offset) in quiet
            else self._fate(record, letters, outcomes, readings)
            for record in records
        ]
        left = [*letters, *outcomes, *readings]
        if left:
            raise WrongError("something is told that belongs to no record", repr(left)[:500])
        return fates

    def _fate(
        self,
        record: Arrival,
        letters: dict[tuple[str, int], Record],
        outcomes: Iterator[tuple[str, Outcome]],
        readings: Iterator[bool],
    ) -> RecordFate:
        topic = self._inputs[record.rank]
        if record.rank == TELEMETRY and record.offset in self._job.quiet_offsets:
            return RecordFate(record, accepted=True)
        fate = RecordFate(record, letter=letters.pop((topic, record.offset), None))
        if fate.letter is not None:
            fate.reason = _headers(fate.letter)["dead_letter_reason"].decode()
        if fate.reason is None or fate.reason in CORE_REASONS:
            told_topic, fate.outcome = next(outcomes, (None, None))
            if told_topic != topic:
                raise WrongError("a record is lost: neither applied nor a dead letter", topic)
        if record.rank == TELEMETRY and fate.reason is None:
            fate.accepted = next(readings, None)
        return fate

    def _letters(self, work: Work[VehicleState, Outcome]) -> dict[tuple[str, int], Record]:
        """The records' own dead letters, by topic and offset; commands given up have no offset."""
        letters = {}
        for record in work.records:
            if record.topic == self._dead:
                headers = _headers(record)
                if headers["dead_letter_reason"] != GIVEN_UP.encode():
                    letters[headers["dead_letter_topic"].decode(), int(headers["dead_letter_offset"])] = record
        return letters


def _headers(record: Record) -> Mapping[str, bytes]:
    """The last of each name: a sender may have used ours."""
    return {name: text for name, text in record.headers or () if text is not None}
