"""Where a job is done: a broker of its own, topics, the load waiting in them, one worker process."""

import os
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from bench_suite.stream_job.job import PARTITIONS, JobInput
from confluent_kafka import Producer
from confluent_kafka.admin import AdminClient, NewTopic

from master_orchestrator.cluster.broker import EmbeddedKafka
from master_orchestrator.cluster.leash import die_with_parent
from master_orchestrator.cluster.provision import await_leaders
from master_orchestrator_schemas.kafka import KafkaSettings, admin_config, producer_config

BENCH = Path(__file__).resolve().parents[2]
STOP_S = 15.0
LAST_LINES = 15


@dataclass(frozen=True)
class JobStage:
    """A running broker and a folder; both are gone afterwards."""

    kafka: KafkaSettings
    folder: Path
    broker_pid: int

    @property
    def admin(self) -> AdminClient:
        """A new admin client."""
        return AdminClient(admin_config(self.kafka))

    @property
    def log(self) -> Path:
        """What the worker says."""
        return self.folder / "worker.log"

    def create(self, topics: Iterable[str]) -> None:
        """Make topics with the broker's defaults, and wait for their leaders."""
        admin, names = self.admin, list(topics)
        for made in admin.create_topics([NewTopic(name, PARTITIONS, 1) for name in names]).values():
            made.result()
        await_leaders(admin, names)

    def preload(self, topic: str, inputs: Iterable[JobInput]) -> None:
        """Let the load wait in ``topic``."""
        producer = Producer(producer_config(self.kafka, **{"queue.buffering.max.messages": 2_000_000}))
        for key, value in inputs:
            producer.produce(topic, value, key)
            producer.poll(0)
        if left := producer.flush(60):
            raise TimeoutError(f"{left} records of the load were not taken by the broker within 60 s")

    @contextmanager
    def worker(self, command: Sequence[str | Path]) -> Iterator[subprocess.Popen[bytes]]:
        """Run a worker; SIGTERM at the end, and SIGKILL after ``STOP_S``."""
        environment = {
            **os.environ,
            "KAFKA_BOOTSTRAP_SERVERS": self.kafka.bootstrap_servers,
            "PYTHONPATH": str(BENCH),
        }
        with self.log.open("wb") as log:
            worker = subprocess.Popen(
                command, stdout=log, stderr=subprocess.STDOUT, env=environment, start_new_session=True,
                preexec_fn=die_with_parent(signal.SIGKILL),  # noqa: PLW1509  it only ties the child to us
            )  # fmt: skip
            try:
                yield worker
            finally:
                _stop(worker)

    def last_words(self) -> str:
        """The end of the worker's log."""
        return "\n".join(self.log.read_text(encoding="utf-8", errors="replace").splitlines()[-LAST_LINES:])


def _stop(worker: subprocess.Popen[bytes]) -> None:
    worker.send_signal(signal.SIGTERM)
    try:
        worker.wait(STOP_S)
    except subprocess.TimeoutExpired:
        worker.kill()
        worker.wait()


@contextmanager
def stage() -> Iterator[JobStage]:
    """A new broker on a free port."""
    folder = Path(tempfile.mkdtemp(prefix="bench-stream-"))
    try:
        with EmbeddedKafka(folder / "kafka") as broker:
            kafka = KafkaSettings(bootstrap_servers=broker.bootstrap_servers)
            yield JobStage(kafka, folder, broker.nodes[0].pid or 0)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
