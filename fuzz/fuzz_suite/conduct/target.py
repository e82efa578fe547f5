"""The run over what the ueba app reads: each record is judged or a dead letter, whatever it holds.

Every fourth batch, by chance, goes through a second processor that keeps nothing decoded: both have to come to the
same. At the end of a shard all inputs are replayed, as ``ueba verify --replay`` does it.
"""

from collections import deque
from random import Random

import msgspec

from fuzz_suite.conduct.traffic import ActorTraffic
from fuzz_suite.findings import FindingsLog, ShardTally, WrongError
from fuzz_suite.records import envelope
from fuzz_suite.records.arrival import Arrival
from fuzz_suite.records.hostile_json import hostile_json
from fuzz_suite.records.mutations import mutated
from fuzz_suite.records.surroundings import GENEROUS
from fuzz_suite.watchdog import HangError, cpu_limit
from master_orchestrator.behaviour import actor_state
from master_orchestrator.behaviour.actor_state import GENESIS, ActorState
from master_orchestrator.behaviour.conduct import Conduct
from master_orchestrator.behaviour.trail import ActorOutcome, hash_of
from master_orchestrator.core.intake import RecordReader
from master_orchestrator.core.unprocessable import UNPROCESSABLE
from master_orchestrator.readers.replay import Arrived
from master_orchestrator.readers.verify_actors import ActorReplay, Written
from master_orchestrator.shell.actor_counts import ActorCounts
from master_orchestrator.shell.actor_job import ActorJob
from master_orchestrator.shell.job import Get
from master_orchestrator.shell.processor import Processor, Work
from master_orchestrator.shell.worker import actor_job
from master_orchestrator_schemas.codec import Codec
from master_orchestrator_schemas.messages import ActorRecord, Cause, UebaRequest
from master_orchestrator_schemas.messages.telemetry import MAX_MS
from master_orchestrator_schemas.metrics import Metrics
from master_orchestrator_schemas.registry import UEBA_INPUTS, UebaBody
from master_orchestrator_schemas.topology import load_topology

SHARD = 5_000
START_MS = 1_700_000_000_000
BATCHES = (1, 2, 16, 64)
BEHIND_MS = (0, 0, 330_000, 400_000, 90_000_000)
"""How much earlier than ticks and requests activity is stamped: after an outage of the app it waits to be read, and the
clocks of brokers differ."""
ACTIVITY = UEBA_INPUTS.index("Activity")
READ_AGAIN = 0.25
HANG_S = 10.0
MAX_STORED = 512 * 1024
"""Bytes of one actor, all entries together."""

TOPOLOGY = load_topology().model_copy(update={"partitions": 1})
CODEC, WRITTEN = Codec(TOPOLOGY.limits), Codec(GENEROUS)

ActorWork = Work[ActorState, ActorOutcome]


class ForgetfulJob(ActorJob):
    """Reads each actor from the table each time, as after a restart."""

    def load(self, key: bytes, value: bytes, get: Get) -> ActorState:
        """The actor as it was stored."""
        return actor_state.decode(key.decode(), value, get)


def _forgetful() -> Processor[ActorState, ActorOutcome]:
    counts = ActorCounts(Metrics(), TOPOLOGY.topic_of("Activity"))
    job = ForgetfulJob(TOPOLOGY, CODEC, counts)
    return Processor(job, job.writer, counts)


class ConductCase(msgspec.Struct, frozen=True):
    """A batch, and the table before it; empty where the whole shard is the case."""

    table: tuple[tuple[bytes, bytes], ...]
    records: tuple[Arrival, ...]


def _applied(
    processor: Processor[ActorState, ActorOutcome], records: list[Arrival], table: dict[bytes, bytes]
) -> ActorWork:
    with cpu_limit(HANG_S):
        return processor.process(0, [(record.rank, record) for record in records], table.get)


class ConductShard:
    """One shard: its chance, its actors' states, and all that was written about them."""

    def __init__(self, seed: int, index: int) -> None:
        self.tally = ShardTally()
        self._rng = Random(f"conduct/{seed}/{index}")
        self._findings = FindingsLog("conduct", self.tally)
        self._traffic = ActorTraffic(self._rng, START_MS)
        self._processor: Processor[ActorState, ActorOutcome] = Processor(*actor_job(TOPOLOGY, Metrics()))
        self._forgetful = _forgetful()
        self._table: dict[bytes, bytes] = {}
        self._at_ms, self._behind_ms, self._before = START_MS, 0, b"\x00"
        self._offsets = [0] * len(UEBA_INPUTS)
        self._inputs: dict[str, dict[str, deque[Arrived]]] = {}
        self._trails: dict[str, list[Written]] = {}
        self._deadlines: dict[str, list[str]] = {}
        self._raised: dict[str, int] = {}

    def run(self, count: int) -> ShardTally:
        """N records."""
        done = 0
        while done < count:
            few = min(self._rng.choice(BATCHES), count - done)
            self._batch([self._arrival() for _ in range(few)])
            done += few
        with self._findings.watching(ConductCase((), ())):
            self._replay()
        return self.tally

    def _arrival(self) -> Arrival:
        rng = self._rng
        self._at_ms += rng.choice((0, 0, 10, 1_000, 60_000, 600_000, 3_600_000)) + (rng.random() < 0.002) * 86_400_000
        message = self._traffic.message(self._deadlines, self._raised, self._at_ms)
        rank = UEBA_INPUTS.index(type(message).__name__)
        value: bytes | None = WRITTEN.encode(message)
        before, self._before = self._before, value or b"\x00"
        draw = rng.random()
        if draw > 0.92:
            value = mutated(rng, self._before, before)
        elif draw > 0.90 and isinstance(message, UebaRequest):
            value = hostile_json(rng, message)
        if rng.random() < 0.01:
            rank = rng.randrange(len(UEBA_INPUTS))
        offset = self._offsets[rank]
        self._offsets[rank] += rng.choice((1, 1, 1, 2))
        if rng.random() < 0.02:
            self._behind_ms = rng.choice(BEHIND_MS)
        at_ms = envelope.time_of(rng, self._at_ms - self._behind_ms * (rank == ACTIVITY))
        return Arrival(rank, offset, at_ms, envelope.key_of(rng, message.actor), value)

    def _batch(self, records: list[Arrival]) -> None:
        case = ConductCase(tuple(self._table.items()), tuple(records))
        try:
            work = _applied(self._processor, records, self._table)
            _judge(work, records, self._table)
            if self._rng.random() < READ_AGAIN:
                _judge_same(work, _applied(self._forgetful, records, self._table))
        except (Exception, HangError) as error:  # noqa: BLE001 - to find these is what this is for
            self._findings.raised(error, case)
            self.tally.counts["raised"] += 1
            return
        self._table |= work.entries
        for actor, waiting in work.deadlines.items():
            self._deadlines[actor] = [deadline.deadline_id for deadline in waiting]
        for record in records:
            name = (record.key or b"").decode(errors="replace")
            topic = TOPOLOGY.ueba_input_topics[record.rank]
            arrived = Arrived(
                Cause(topic=topic, partition=0, offset=record.offset), record.timestamp, record.key, record.value
            )
            self._inputs.setdefault(name, {}).setdefault(topic, deque()).append(arrived)
        for _, _, outcome in work.outcomes:
            self._learn(outcome)
        for _, reason in work.dead_letters:
            self.tally.counts[f"dead_letter.{reason}"] += 1

    def _learn(self, outcome: ActorOutcome) -> None:
        self.tally.counts["repeated" if outcome.repeated else "judged"] += 1
        for record in outcome.trail:
            self.tally.counts[f"trail.{record.event}"] += 1
            known = self._trails.setdefault(record.actor, [])
            with self._findings.watching(ConductCase((), ())):
                if record.prev_hash != (known[-1].record.hash if known else GENESIS) or record.hash != hash_of(record):
                    raise WrongError("a trail does not go on from its last record", f"{record.actor}/{record.seq}")
            known.append(Written(record, CODEC.encode(record)))
            self._raised[record.actor] = self._raised.get(record.actor, 0) + (record.event == "finding_raised")

    def _replay(self) -> None:
        conduct = Conduct.from_topology(TOPOLOGY)
        reader: RecordReader[UebaBody] = RecordReader(TOPOLOGY, CODEC, UEBA_INPUTS, "actor")
        applied = dict.fromkeys(TOPOLOGY.ueba_input_topics, 2**62)
        for actor in sorted({*self._inputs, *self._trails}):
            replay = ActorReplay(actor, conduct, reader, CODEC)
            wrong = replay.run(self._trails.get(actor, []), self._inputs.get(actor, {}), applied)
            if wrong is not None:
                raise WrongError("a replay differs", wrong.text)
            self.tally.counts["replayed"] += replay.records


def _judge_same(work: ActorWork, again: ActorWork) -> None:
    if work.entries != again.entries:
        raise WrongError("a state that was read again leads elsewhere")


def _judge(work: ActorWork, records: list[Arrival], table: dict[bytes, bytes]) -> None:
    """What has to hold of every batch."""
    if len(records) != len(work.outcomes) + len(work.dead_letters):
        raise WrongError("a record is lost: neither judged nor a dead letter")
    if UNPROCESSABLE in {reason for _, reason in work.dead_letters}:
        raise WrongError("a record is unprocessable")
    for actor, waiting in work.deadlines.items():
        if any(not 0 <= deadline.due_ms <= MAX_MS + 10**11 for deadline in waiting):
            raise WrongError("a deadline out of range", actor)
        stored = sum(len(value) for key, value in (table | work.entries).items() if key.endswith(actor.encode()))
        if stored > MAX_STORED:
            raise WrongError("a state over its bound", f"{actor}: {stored} bytes")
    for record in work.records:
        if record.topic == TOPOLOGY.topic_of("ActorRecord"):
            CODEC.decode(record.value, ActorRecord)


def shard(seed: int, index: int, count: int) -> ShardTally:
    """One shard of a run."""
    return ConductShard(seed, index).run(count)


def replay(case: bytes) -> str:
    """A saved batch again: how each of its records ends."""
    given = msgspec.json.decode(case, type=ConductCase)
    table, records = dict(given.table), list(given.records)
    work = _applied(_forgetful(), records, table)
    _judge(work, records, table)
    letters = [f"{topic}: dead letter {reason}" for topic, reason in work.dead_letters]
    return "\n".join([f"{len(work.outcomes)} judged", *letters])
