"""The run over records: vehicles come and go, each driven through workflows by sound and broken records alike."""

from random import Random

import msgspec

from fuzz_suite.findings import FindingsLog, ShardTally, WrongError
from fuzz_suite.records import envelope
from fuzz_suite.records.arrival import Arrival
from fuzz_suite.records.hostile_json import hostile_json
from fuzz_suite.records.judge import Judge, ending
from fuzz_suite.records.mutations import mutated
from fuzz_suite.records.stage import PARTITION, PartitionStage
from fuzz_suite.records.surroundings import FuzzContracts, surroundings
from fuzz_suite.records.traffic import FuzzedVehicle, Message, Traffic
from fuzz_suite.watchdog import HangError
from master_orchestrator.core.outcome import Outcome
from master_orchestrator_schemas.partitioner import partition_of_key
from master_orchestrator_schemas.registry import INPUTS

SHARD = 10_000
START_MS = 1_700_000_000_000
VEHICLES = 6
LIFE = 600
"""Records of a vehicle, after which its whole trail is checked and another takes its place."""
ASTRAY = 0.05
"""The share of vehicles whose records stand in another partition than theirs."""
MAX_BATCH = 6
SLOW_S = 0.25
"""CPU time that no record may take."""
OUTSIDE = ("Telemetry", "ServiceEvent", "OperatorRequest", "CustomerAnswer")
JSON_RANKS = frozenset(INPUTS.index(name) for name in OUTSIDE)


class RecordCase(msgspec.Struct, frozen=True):
    """A batch, and the table's values of the vehicles it may concern."""

    variant: int
    table: dict[str, bytes]
    records: tuple[Arrival, ...]


class RecordShard:
    """One shard: its chance, its vehicles, its stage."""

    def __init__(self, seed: int, index: int) -> None:
        self.tally = ShardTally()
        self._variant = index
        self._rng = Random(f"records/{seed}/{index}")
        self._around: FuzzContracts = surroundings(index)
        self._stage = PartitionStage(self._around)
        self._judge = Judge(self._stage)
        self._traffic = Traffic(self._rng)
        self._findings = FindingsLog("records", self.tally)
        self._offsets = [0] * len(INPUTS)
        self._made = 0
        self._vehicles = [self._vehicle() for _ in range(VEHICLES)]
        self._before = b"\x00"

    def run(self, count: int) -> ShardTally:
        """N records."""
        done = 0
        while done < count:
            few = min(self._rng.choice((1, 1, 2, MAX_BATCH)), count - done)
            self._batch([self._arrival() for _ in range(few)])
            done += few
        for vehicle in self._vehicles:
            self._retire(vehicle)
        return self.tally

    def _vehicle(self) -> FuzzedVehicle:
        """The next vehicle of this partition, or now and then one of another, sent by a wrong partitioner."""
        astray = self._rng.random() < ASTRAY
        while True:
            self._made += 1
            name = f"v-{self._made}"
            if (partition_of_key(name.encode(), self._around.topology.partitions) != PARTITION) == astray:
                return FuzzedVehicle(name, START_MS)

    def _arrival(self) -> Arrival:
        rng = self._rng
        place = rng.randrange(VEHICLES)
        vehicle = self._vehicles[place]
        if vehicle.records >= LIFE:
            self._retire(vehicle)
            vehicle = self._vehicles[place] = self._vehicle()
        vehicle.records += 1
        message = self._traffic.message(vehicle, self._stage.state(vehicle.vehicle_id))
        rank = INPUTS.index(type(message).__name__)
        value = self._value(message, rank)
        if rng.random() < 0.01:
            rank = rng.randrange(len(INPUTS))
        offset = self._offsets[rank]
        self._offsets[rank] += rng.choice((1, 1, 1, 2))
        return Arrival(
            rank=rank,
            offset=offset,
            timestamp=envelope.time_of(rng, vehicle.at_ms),
            key=envelope.key_of(rng, vehicle.vehicle_id),
            value=value,
            headers=envelope.headers_of(rng),
        )

    def _value(self, message: Message, rank: int) -> bytes | None:
        """Nearly half of them as they are, so that workflows get on; the others broken, or hostile JSON."""
        rng = self._rng
        draw = rng.random()
        if draw > 0.8 and (rank in JSON_RANKS or draw > 0.99):
            return hostile_json(rng, message)
        value = self._around.written.encode(message)
        before, self._before = self._before, value
        return value if draw < 0.45 else mutated(rng, value, before)

    def _batch(self, records: list[Arrival]) -> None:
        """Apply. A batch that raises is applied record by record, so that the others are not lost with the one."""
        case = self._case(records)
        try:
            work, fates = self._stage.process(records)
        except (Exception, HangError) as error:  # noqa: BLE001 - to find these is what this is for
            if len(records) == 1:
                self._findings.raised(error, case)
                self.tally.counts["raised"] += 1
                return
            for record in records:
                self._batch([record])
            return
        with self._findings.watching(case):
            self._judge.batch(work, fates)
            if self._stage.cpu_s > SLOW_S:
                _judge_time(case)
        self._stage.keep(work)
        for fate in fates:
            with self._findings.watching(case):
                self.tally.counts[ending(fate)] += 1
                if fate.outcome is not None:
                    self._learn(fate.record, fate.outcome)

    def _learn(self, record: Arrival, outcome: Outcome) -> None:
        self.tally.counts.update(f"moves_to.{one.to_state}" for one in outcome.audit if one.from_state != one.to_state)
        for vehicle in self._vehicles:
            if record.key == vehicle.vehicle_id.encode():
                vehicle.learn(outcome)

    def _case(self, records: list[Arrival]) -> RecordCase:
        table = {vehicle.vehicle_id: vehicle.vehicle_id.encode() for vehicle in self._vehicles}
        known = {name: self._stage.table[key] for name, key in table.items() if key in self._stage.table}
        return RecordCase(self._variant, known, tuple(records))

    def _retire(self, vehicle: FuzzedVehicle) -> None:
        with self._findings.watching(self._case([])):
            self._judge.retire(vehicle.vehicle_id)
        self._stage.table.pop(vehicle.vehicle_id.encode(), None)


def _staged(case: RecordCase) -> PartitionStage:
    stage = PartitionStage(surroundings(case.variant))
    stage.table = {name.encode(): value for name, value in case.table.items()}
    return stage


def _judge_time(case: RecordCase) -> None:
    """No record takes long, at best of three times: the first time something else may have come between."""
    stage = _staged(case)
    for record in case.records:
        took_s = min(_taken_s(stage, record) for _ in range(3))
        if took_s > SLOW_S:
            raise WrongError(f"a record takes more than {SLOW_S} s", f"{took_s:.2f} s")
        stage.keep(stage.process([record])[0])


def _taken_s(stage: PartitionStage, record: Arrival) -> float:
    stage.process([record])
    return stage.cpu_s


def shard(seed: int, index: int, count: int) -> ShardTally:
    """One shard of a run."""
    return RecordShard(seed, index).run(count)


def replay(case: bytes) -> str:
    """A saved batch again: how each of its records ends. Trails that began before the batch are not judged."""
    given = msgspec.json.decode(case, type=RecordCase)
    _, fates = _staged(given).process(given.records)
    _judge_time(given)
    return "\n".join(f"{INPUTS[fate.record.rank]} {fate.record.offset}: {ending(fate)}" for fate in fates)
