"""A broker of its own, one runner process at a time, and commands of all lanes for it."""

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path

import msgspec
import yaml
from confluent_kafka import Consumer, Producer, TopicPartition
from confluent_kafka.admin import AdminClient

from bench_suite.agent_runner import AGENT, PAYLOAD
from bench_suite.fairness_runner import RunnerNotes, RunnerTerms
from master_orchestrator.cluster.broker import EmbeddedKafka
from master_orchestrator.cluster.provision import provision
from master_orchestrator.readers.topics import TopicReader
from master_orchestrator_schemas.codec import Codec
from master_orchestrator_schemas.kafka import KafkaSettings, admin_config, consumer_config, producer_config
from master_orchestrator_schemas.messages import Command
from master_orchestrator_schemas.topology import Topology, load_topology
from master_orchestrator_schemas.vocabulary import Lane

VEHICLES = 20_000
DEADLINE_MS = 3_600_000
PRODUCER = {"linger.ms": 0, "batch.num.messages": 500, "queue.buffering.max.messages": 1_000_000}
"""An engine's transaction has some hundred commands for a partition at most."""


@dataclass(frozen=True)
class Runner:
    """How the runner of one run is set up; see ``fairness_runner.Terms``."""

    workers: int
    handling_ms: float
    batch_size: int = 1


class FairnessStage:
    """Topics of one run, and what is sent to and read from them."""

    def __init__(self, kafka: KafkaSettings, folder: Path, prefix: str) -> None:
        self.topology: Topology = load_topology(folder / "topology.yaml").with_prefix(prefix)
        self._kafka, self._folder, self._prefix = kafka, folder, prefix
        self._codec = Codec(self.topology.limits)
        self._producer = Producer(producer_config(kafka, **PRODUCER))
        self._numbers = count()
        self.sent = 0
        provision(AdminClient(admin_config(kafka)), self.topology)

    def send(self, lane: Lane) -> str:
        """One command of the lane, for a vehicle whose others are mostly done; its id."""
        number = next(self._numbers)
        vehicle_id, now_ms = f"v{number % VEHICLES}", time.time_ns() // 1_000_000
        command = Command(
            command_id=f"{vehicle_id}~{number}/{AGENT}/0/0",
            workflow_id=f"{vehicle_id}~{number}",
            vehicle_id=vehicle_id,
            agent=AGENT,
            priority=lane.priority,
            step=AGENT,
            attempt=0,
            revision=0,
            issued_at_ms=now_ms,
            deadline_ms=now_ms + DEADLINE_MS,
            payload=PAYLOAD,
        )
        topic = self.topology.command_topic(AGENT, lane)
        self._producer.produce(topic, key=vehicle_id.encode(), value=self._codec.encode(command))
        self._producer.poll(0)
        self.sent += 1
        return command.command_id

    def flush(self) -> None:
        """Wait for all acknowledgements."""
        self._producer.flush()

    @contextmanager
    def runner(self, terms: Runner) -> Iterator[RunnerNotes]:
        """A runner process; its notes are there once it has ended."""
        file = self._folder / f"{self._prefix}notes.json"
        runner_terms = RunnerTerms(
            bootstrap_servers=self._kafka.bootstrap_servers,
            topology=str(self._folder / "topology.yaml"),
            prefix=self._prefix,
            agent=AGENT.value,
            workers=terms.workers,
            handling_ms=terms.handling_ms,
            batch_size=terms.batch_size,
            notes=str(file),
        )
        notes = RunnerNotes()
        with (self._folder / f"{self._prefix}runner.log").open("wb") as log:
            process = subprocess.Popen(
                [sys.executable, "-m", "bench_suite.fairness_runner", json.dumps(msgspec.to_builtins(runner_terms))],
                stdout=log,
                stderr=subprocess.STDOUT,
                env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[1])},
            )
            try:
                yield notes
            finally:
                process.terminate()
                try:
                    process.wait(60)
                except subprocess.TimeoutExpired:
                    process.kill()
                    process.wait()
        noted = msgspec.json.decode(file.read_bytes(), type=RunnerNotes)
        notes.calls, notes.queued_ms = noted.calls, noted.queued_ms

    def handled(self, *lanes: Lane) -> int:
        """How many commands of these lanes, or of all, the runner has committed."""
        group = Consumer(consumer_config(self._kafka, f"{self.topology.app_id}-agent-{AGENT.lower()}"))
        committed = group.committed(self._partitions(*(lanes or Lane)), timeout=30)
        group.close()
        return sum(max(part.offset, 0) for part in committed)

    def appended_ms(self, *lanes: Lane) -> Iterator[tuple[Lane, str, int]]:
        """Lane, id and time of append of every command in these lanes, in the order of each partition."""
        lane_of = {self.topology.command_topic(AGENT, lane): lane for lane in lanes}
        with TopicReader(self._kafka, lane_of, range(self.topology.partitions)) as reader:
            for message in reader.catch_up():
                command = self._codec.decode(message.value() or b"", Command)
                yield lane_of[message.topic() or ""], command.command_id, message.timestamp()[1]

    def _partitions(self, *lanes: Lane) -> list[TopicPartition]:
        topics = [self.topology.command_topic(AGENT, lane) for lane in lanes]
        return [TopicPartition(topic, number, 0) for topic in topics for number in range(self.topology.partitions)]


@dataclass(frozen=True)
class Theatre:
    """Where runs take place, one after the other, on topics of their own."""

    kafka: KafkaSettings
    folder: Path

    def stage(self, name: str) -> FairnessStage:
        """Topics for one run."""
        return FairnessStage(self.kafka, self.folder, f"{name}-")


@contextmanager
def theatre(max_waits: Mapping[Lane, str]) -> Iterator[Theatre]:
    """A broker, and the repository's topology but for the lanes' longest waits."""
    folder = Path(tempfile.mkdtemp(prefix="fairness-"))
    terms = yaml.safe_load((Path(__file__).parents[2] / "topology.yaml").read_text(encoding="utf-8"))
    for lane, max_wait in max_waits.items():
        terms["lanes"][lane.value]["max_wait"] = max_wait
    (folder / "topology.yaml").write_text(yaml.safe_dump(terms), encoding="utf-8")
    try:
        with EmbeddedKafka(folder / "kafka") as broker:
            yield Theatre(KafkaSettings(bootstrap_servers=broker.bootstrap_servers), folder)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
