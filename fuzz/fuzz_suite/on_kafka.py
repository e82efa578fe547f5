"""Mutated records through a real broker to a real engine: it stays up, passes them all, and sets the right ones aside.

Which ones these are is known before: readings go to vehicles of their own, and what is about workflows goes to vehicles
that have none.
"""

import json
import os
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

import msgspec
from confluent_kafka import Consumer, KafkaError, KafkaException, Producer, TopicPartition
from confluent_kafka import Message as KafkaMessage

from fuzz_suite.findings import FuzzFinding, save
from fuzz_suite.records import envelope
from fuzz_suite.records.arrival import Arrival
from fuzz_suite.records.hostile_json import hostile_json
from fuzz_suite.records.mutations import mutated
from fuzz_suite.records.surroundings import surroundings
from fuzz_suite.records.target import JSON_RANKS, START_MS, RecordCase
from fuzz_suite.records.traffic import FuzzedVehicle, Traffic
from master_orchestrator.cluster.broker import EmbeddedKafka
from master_orchestrator.core.intake import Intake
from master_orchestrator.core.rejection import RejectedError
from master_orchestrator_schemas.instants import EARLIEST_MS
from master_orchestrator_schemas.kafka import KafkaSettings, consumer_config, place_of, producer_config
from master_orchestrator_schemas.messages import Cause, ServiceEvent, Telemetry, Timer
from master_orchestrator_schemas.partitioner import partition_of_key
from master_orchestrator_schemas.places import Partition
from master_orchestrator_schemas.registry import INPUTS
from master_orchestrator_schemas.topology import Topology

CLI = (sys.executable, "-m", "master_orchestrator.cli")
COMPRESSIONS = ("none", "gzip", "snappy", "lz4", "zstd")
VEHICLES = 200
LARGEST = 900_000
"""Bytes of a record that a producer with usual settings sends."""
FAR_AHEAD_MS = 3_600_000
BROKER_PATIENCE_S = 300.0
PATIENCE_S = 60.0
"""Seconds without progress after which the engine counts as stuck."""
NUMBER = "fuzz_number"
"""A header by which a record is known again: an acknowledgement after a retry does not say the offset."""


@dataclass
class AckedRecord:
    """A record that was acknowledged, and the reason that its dead letter has to have; None: there must be none."""

    record: Arrival
    reason: str | None


@dataclass
class KafkaOutcome:
    """What was sent and what came of it, by the records' numbers. ``logged``: where a record stands in its topic."""

    sent: dict[int, AckedRecord] = field(default_factory=dict)
    not_sent: Counter[str] = field(default_factory=Counter)
    logged: dict[int, str] = field(default_factory=dict)
    letters: dict[int, KafkaMessage] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)

    @property
    def expected(self) -> int:
        """Dead letters."""
        return sum(sent.reason is not None for sent in self.sent.values())


def run_on_kafka(count: int, seed: int, folder: Path) -> int:
    """Run, tell the result in one line; 1 if there is a finding."""
    started_s = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="fuzz-kafka-") as own, _engine(Path(own)) as (kafka, topology, engine):
        outcome = KafkaOutcome()
        _send(Random(f"kafka/{seed}"), count, kafka, topology, outcome)
        _tell(f"{len(outcome.sent):,} sent, {outcome.expected:,} of them to be dead letters")
        _read_back(kafka, topology, outcome)
        _wait(kafka, topology, engine, outcome)
    findings = [*_compared(outcome)]
    summary = {
        "fuzz": "kafka",
        "seed": seed,
        "cases": len(outcome.sent),
        "seconds": round(time.monotonic() - started_s, 1),
        "counts": {
            **{f"not_sent.{why}": number for why, number in outcome.not_sent.items()},
            **Counter(f"dead_letter.{sent.reason}" for sent in outcome.sent.values() if sent.reason),
            "taken": len(outcome.sent) - outcome.expected,
        },
        "findings": dict(Counter([*outcome.problems, *(finding.kind for finding in findings)])),
        "files": [str(save(finding, folder)) for finding in findings[:10]],
    }
    print(json.dumps(summary))
    return 1 if summary["findings"] else 0


@contextmanager
def _engine(folder: Path) -> Iterator[tuple[KafkaSettings, Topology, "subprocess.Popen[bytes]"]]:
    """A broker, its topics, and one engine process."""
    topology = surroundings(0).topology
    broker = EmbeddedKafka(folder / "kafka")
    with ExitStack() as stack:
        stack.callback(broker.stop)
        broker.start(BROKER_PATIENCE_S)
        servers = broker.bootstrap_servers
        environment = {**os.environ, "KAFKA_BOOTSTRAP_SERVERS": servers}
        command = [*CLI, "--data-dir", str(folder)]
        subprocess.run([*command, "provision"], check=True, stdout=subprocess.DEVNULL, env=environment)  # noqa: S603 - our own program
        with (folder / "engine.log").open("wb") as log:
            engine = subprocess.Popen([*command, "engine"], stdout=log, stderr=log, env=environment)  # noqa: S603
        stack.callback(engine.wait)
        stack.callback(engine.terminate)
        yield KafkaSettings(bootstrap_servers=servers), topology, engine


def _send(rng: Random, count: int, kafka: KafkaSettings, topology: Topology, outcome: KafkaOutcome) -> None:
    producers = [Producer(producer_config(kafka, **{"compression.type": kind})) for kind in COMPRESSIONS]
    draw = _Records(rng, topology)
    for number in range(count):
        record, reason = draw.next()
        size = len(record.key or b"") + len(record.value or b"")
        size += sum(len(name.encode()) + len(text or b"") for name, text in record.headers)
        if size > LARGEST:
            outcome.not_sent["too_large"] += 1
            continue
        producer = rng.choice(producers)
        while True:
            try:
                producer.produce(
                    topology.input_topics[record.rank],
                    record.value,
                    record.key,
                    headers=[(NUMBER, str(number)), *record.headers],
                    timestamp=max(0, record.timestamp),
                    on_delivery=_noting(outcome, number, AckedRecord(record, reason)),
                )
                break
            except BufferError:
                producer.poll(0.1)
        producer.poll(0)
        if number % 5_000 == 0:
            _tell(f"{number:,} of {count:,} drawn")
    for producer in producers:
        producer.flush()


def _noting(outcome: KafkaOutcome, number: int, sent: AckedRecord) -> Callable[[KafkaError | None, KafkaMessage], None]:
    def delivered(error: KafkaError | None, _message: KafkaMessage) -> None:
        if error is None:
            outcome.sent[number] = sent
        else:
            outcome.not_sent[error.name()] += 1

    return delivered


class _Records:
    """Draws records, and says of each what has to come of it."""

    def __init__(self, rng: Random, topology: Topology) -> None:
        self._rng, self._topology = rng, topology
        self._around = surroundings(0)
        self._intake = Intake(topology, self._around.codec)
        self._traffic = Traffic(rng)
        self._read = [FuzzedVehicle(f"read-{number}", START_MS) for number in range(VEHICLES)]
        self._idle = [FuzzedVehicle(f"idle-{number}", START_MS) for number in range(VEHICLES)]
        self._before = b"\x00"

    def next(self) -> tuple[Arrival, str | None]:
        """A record, and the reason of its dead letter if it has to become one."""
        rng = self._rng
        reads = rng.random() < 0.6
        vehicle = rng.choice(self._read if reads else self._idle)
        message = self._traffic.reading(vehicle) if reads else self._traffic.stray(vehicle)
        rank = INPUTS.index(type(message).__name__)
        value = self._around.written.encode(message)
        before, self._before = self._before, value
        draw = rng.random()
        if draw > 0.8 and rank in JSON_RANKS:
            changed: bytes | None = hostile_json(rng, message)
        else:
            changed = value if draw < 0.3 else mutated(rng, value, before)
        record = Arrival(
            rank=rank,
            offset=0,
            timestamp=envelope.time_of(rng, vehicle.at_ms),
            key=envelope.key_of(rng, vehicle.vehicle_id),
            value=changed,
            headers=envelope.headers_of(rng),
        )
        return record, self._reason(record)

    def _reason(self, record: Arrival) -> str | None:
        """The broker's time counts, not the sender's."""
        partition = partition_of_key(record.key or b"", self._topology.partitions)
        cause = Cause(topic=self._topology.input_topics[record.rank], partition=partition, offset=0)
        now_ms = time.time_ns() // 1_000_000
        try:
            body = self._intake.take(cause, at_ms=now_ms, key=record.key, value=record.value, headers=None).body
        except RejectedError as error:
            return error.rejection.code
        if isinstance(body, Telemetry | ServiceEvent):
            if body.ts_ms < EARLIEST_MS:
                return "timestamp_before_2000"
            if body.ts_ms > now_ms + FAR_AHEAD_MS:
                return "future_timestamp"
        return None if isinstance(body, Telemetry | Timer) else "unknown_workflow"


def _read_back(kafka: KafkaSettings, topology: Topology, outcome: KafkaOutcome) -> None:
    """Where the records stand in the inputs; ticks of the engine's are among them."""
    reader = Consumer(consumer_config(kafka, "fuzz-inputs", **{"enable.partition.eof": True}))
    topics, parts = topology.input_topics, range(topology.partitions)
    reader.assign([TopicPartition(topic, number, 0) for topic in topics for number in parts])
    ended: set[tuple[str | None, int | None]] = set()
    while len(ended) < len(topics) * topology.partitions:
        for message in reader.consume(1_000, 1.0):
            if message.error() is not None:
                ended.add((message.topic(), message.partition()))
            elif (number := _headers(message).get(NUMBER)) is not None:
                outcome.logged[int(number)] = str(place_of(message))
    reader.close()


def _wait(kafka: KafkaSettings, topology: Topology, engine: "subprocess.Popen[bytes]", outcome: KafkaOutcome) -> None:
    """Until the engine is at the end of its inputs and all dead letters are read, or it has died, or is stuck."""
    letters = Consumer(consumer_config(kafka, "fuzz", **{"auto.offset.reset": "earliest"}))
    parts = range(topology.partitions)
    letters.assign([TopicPartition(topology.dead_letter_topic, number, 0) for number in parts])
    positions = Consumer(consumer_config(kafka, topology.app_id))
    moved_s, least, logged_at = time.monotonic(), (sys.maxsize, sys.maxsize), -1
    while True:
        for message in letters.consume(1_000, 0.5):
            _take(message, topology, outcome)
        behind = _behind(positions, topology)
        lag = sum(behind.values())
        if lag == 0 and len(outcome.letters) >= outcome.expected:
            break
        missing = outcome.expected - len(outcome.letters)
        if lag < least[0] or missing < least[1]:  # ticks that arrive do not count as progress
            moved_s, least = time.monotonic(), (min(lag, least[0]), min(missing, least[1]))
        if len(outcome.letters) // 5_000 != logged_at:
            logged_at = len(outcome.letters) // 5_000
            _tell(f"{len(outcome.letters):,} dead letters, {lag:,} records to go")
        if engine.poll() is not None or time.monotonic() - moved_s > PATIENCE_S:
            break
    if engine.poll() is not None:
        outcome.problems.append(f"the engine has ended with exit code {engine.returncode}")
    elif lag:
        outcome.problems.append(f"the engine does not reach the end of its inputs: {behind}")
    letters.close()
    positions.close()


def _take(message: KafkaMessage, topology: Topology, outcome: KafkaOutcome) -> None:
    if (error := message.error()) is not None:
        raise KafkaException(error)
    headers = _headers(message)
    topic = headers["dead_letter_topic"].decode()
    if topic not in topology.input_topics:
        return
    number = int(headers.get(NUMBER, b"-1"))
    if number in outcome.letters:
        outcome.problems.append("a dead letter is there twice")
    outcome.letters[number] = message


def _headers(message: KafkaMessage) -> Mapping[str, bytes]:
    """The last of each name."""
    headers = message.headers()
    return {name: text for name, text in headers if isinstance(text, bytes)} if isinstance(headers, list) else {}


def _behind(client: Consumer, topology: Topology) -> dict[str, int]:
    """Input records behind the engine's copied positions, by topic and partition."""
    parts = [TopicPartition(topic, number) for topic in topology.input_topics for number in range(topology.partitions)]
    ends = [client.get_watermark_offsets(part, timeout=10)[1] for part in parts]
    done = [max(0, part.offset) for part in client.committed(parts, timeout=10)]
    names = [str(Partition(part.topic, part.partition)) for part in parts]
    rest = {name: end - at for name, end, at in zip(names, ends, done, strict=True)}
    return {name: records for name, records in rest.items() if records > 0}


def _compared(outcome: KafkaOutcome) -> Iterator[FuzzFinding]:
    """Each record that was set aside and must not be, or the reverse, or for another reason, or with other bytes."""
    for number, sent in outcome.sent.items():
        letter = outcome.letters.get(number)
        reason = None if letter is None else _headers(letter)["dead_letter_reason"].decode()
        if number not in outcome.logged:
            yield _finding("acknowledged, but not in its topic", number, sent.record)
        if reason != sent.reason:
            text = "" if letter is None else _headers(letter)["dead_letter_message"].decode()
            text = f"at {outcome.logged.get(number, 'nowhere')}: {text}"
            yield _finding(f"set aside as {reason} instead of {sent.reason}", number, sent.record, text)
        elif letter is not None and (letter.value() or b"") != (sent.record.value or b""):
            yield _finding("set aside with other bytes", number, sent.record)
    for number in outcome.letters.keys() - outcome.sent.keys():
        yield _finding("a dead letter of a record that was not sent", number, None)


def _finding(kind: str, number: int, record: Arrival | None, text: str = "") -> FuzzFinding:
    """As a case of the records' own run, to be replayed without Kafka."""
    case = RecordCase(0, {}, () if record is None else (record,))
    return FuzzFinding("records", kind, f"{number} {text}", msgspec.Raw(msgspec.json.encode(case)))


def _tell(text: str) -> None:
    print(f"kafka: {text}", file=sys.stderr, flush=True)
