"""The system under measurement: a broker of its own, one engine and one runner process, all on this machine."""

import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import psutil
import yaml
from confluent_kafka import Consumer, TopicPartition

from master_orchestrator.cluster.broker import EmbeddedKafka
from master_orchestrator.cluster.node_settings import free_port
from master_orchestrator_schemas.kafka import KafkaSettings, consumer_config
from master_orchestrator_schemas.topology import Topology, load_topology
from master_orchestrator_schemas.vocabulary import AgentType

CLI = [sys.executable, "-m", "master_orchestrator.cli"]


@dataclass
class MeasuredProcess:
    """A process under measurement, with its ``/metrics``."""

    popen: subprocess.Popen[bytes]
    metrics_port: int

    def metric(self, name: str, **labels: str) -> float:
        """Sum of a metric over its labels but those given; 0 while the process does not answer.

        It alone is asked for: the whole page, ten times a second, takes a third of the engine's interpreter.
        """
        address = f"http://127.0.0.1:{self.metrics_port}/metrics?name%5B%5D={name}"
        try:
            with urllib.request.urlopen(address, timeout=2) as page:
                text = page.read().decode()
        except OSError:
            return 0.0
        pairs = {f'{label}="{value}"' for label, value in labels.items()}
        samples = re.findall(rf"^{name}(?:{{(.*)}})? (\S+)$", text, re.MULTILINE)
        return sum(float(value) for given, value in samples if pairs <= set(given.split(",")))

    def owned(self) -> float:
        """How many partitions an engine owns."""
        return self.metric("master_orchestrator_owned_partitions")

    def cpu_s(self) -> float:
        """CPU seconds so far."""
        times = psutil.Process(self.popen.pid).cpu_times()
        return times.user + times.system

    def rss_mb(self) -> float:
        """Resident memory."""
        return psutil.Process(self.popen.pid).memory_info().rss / 2**20

    def kill(self) -> None:
        """kill -9, and wait until it is gone."""
        self.popen.kill()
        self.popen.wait()

    def stop(self) -> None:
        """SIGTERM, and SIGKILL after 30 s."""
        self.popen.terminate()
        try:
            self.popen.wait(30)
        except subprocess.TimeoutExpired:
            self.popen.kill()
            self.popen.wait()


@dataclass
class BenchSystem:
    """A provisioned cluster and the processes started on it."""

    kafka: KafkaSettings
    topology: Topology
    folder: Path
    broker_pid: int
    processes: list[MeasuredProcess] = field(default_factory=list)
    engines: dict[str, MeasuredProcess] = field(default_factory=dict)

    def broker_cpu_s(self) -> float:
        """CPU seconds of the broker so far."""
        times = psutil.Process(self.broker_pid).cpu_times()
        return times.user + times.system

    def engines_cpu_s(self) -> float:
        """CPU seconds of the engines so far."""
        return sum(engine.cpu_s() for engine in self.engines.values())

    def engine(self, worker: str = "bench") -> MeasuredProcess:
        """Start an engine; returns once it owns all partitions, together with those that run."""
        engine = self.start_engine(worker)
        await_that(lambda: self.owned() == self.topology.partitions and engine.owned() > 0)
        return engine

    def start_engine(self, worker: str) -> MeasuredProcess:
        """Start an engine, and wait for nothing."""
        self.engines[worker] = self._start(worker, "engine", "--worker", worker)
        return self.engines[worker]

    def stop(self, engine: MeasuredProcess) -> None:
        """Stop an engine, and leave its folder."""
        engine.stop()
        self.processes.remove(engine)
        self.engines = {worker: other for worker, other in self.engines.items() if other is not engine}

    def owned(self) -> float:
        """How many partitions the engines own together."""
        return sum(engine.owned() for engine in self.engines.values())

    def lag(self) -> int:
        """Telemetry records that the engines' copied positions have not passed."""
        client = Consumer(consumer_config(self.kafka, self.topology.app_id))
        topic = self.topology.topic_of("Telemetry")
        parts = [TopicPartition(topic, number) for number in range(self.topology.partitions)]
        ends = [client.get_watermark_offsets(part, timeout=10)[1] for part in parts]
        done = [max(0, part.offset) for part in client.committed(parts, timeout=10)]
        client.close()
        return sum(ends) - sum(done)

    def log_bytes(self, topic: str) -> int:
        """What the broker keeps of a topic, replicas not counted."""
        logs = (self.folder / "kafka" / "node-1" / "log").glob(f"{topic}-[0-9]*/*.log")
        return sum(file.stat().st_size for file in logs)

    def agents(self) -> MeasuredProcess:
        """Start one process with a no-op runner for each agent."""
        return self.start_agents([f"--handler={agent.value}=bench_suite.noop_agents:agree" for agent in AgentType])

    def start_agents(self, options: Sequence[str]) -> MeasuredProcess:
        """Start one process with a runner for each agent: the reference agents, but for the handlers in ``options``."""
        return self._start("agents", "agents", *options)

    def start_judge(self) -> MeasuredProcess:
        """Start the app that judges what actors do; returns once it owns all partitions."""
        judge = self._start("ueba", "ueba", "run", "--worker", "bench")
        await_that(lambda: judge.owned() == self.topology.partitions)
        return judge

    def _start(self, name: str, *command: str) -> MeasuredProcess:
        port = free_port()
        environment = {
            **os.environ,
            "KAFKA_BOOTSTRAP_SERVERS": self.kafka.bootstrap_servers,
            "PYTHONPATH": str(Path(__file__).parents[1]),
        }
        log = (self.folder / f"{name}.log").open("ab")
        full = [*CLI, "--data-dir", str(self.folder), *_topology(self.folder), *command, "--metrics-port", str(port)]
        process = MeasuredProcess(subprocess.Popen(full, stdout=log, stderr=subprocess.STDOUT, env=environment), port)
        self.processes.append(process)
        return process


@contextmanager
def system(partitions: int | None = None, reply_within: Mapping[str, str] | None = None) -> Iterator[BenchSystem]:
    """A fresh system; all that it started ends with it. Partitions, and waits for agents, where not the topology's."""
    folder = Path(tempfile.mkdtemp(prefix="bench-"))
    terms = yaml.safe_load((Path(__file__).parents[2] / "topology.yaml").read_text(encoding="utf-8"))
    for agent, duration in (reply_within or {}).items():
        terms["agents"][agent]["reply_within"] = duration
    terms["partitions"] = partitions or terms["partitions"]
    (folder / "topology.yaml").write_text(yaml.safe_dump(terms), encoding="utf-8")
    try:
        with EmbeddedKafka(folder / "kafka") as broker:
            kafka = KafkaSettings(bootstrap_servers=broker.bootstrap_servers)
            own = BenchSystem(kafka, load_topology(folder / "topology.yaml"), folder, broker.nodes[0].pid or 0)
            subprocess.run(
                [*CLI, "--bootstrap-servers", broker.bootstrap_servers, *_topology(folder), "provision"],
                check=True,
                stdout=subprocess.DEVNULL,
            )
            try:
                yield own
            finally:
                for process in reversed(own.processes):
                    process.stop()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _topology(folder: Path) -> list[str]:
    return ["--topology", str(folder / "topology.yaml")]


def await_that(condition: Callable[[], bool], patience_s: float = 120.0) -> None:
    """Poll until ``condition``; raises ``TimeoutError``."""
    deadline = time.monotonic() + patience_s
    while not condition():
        if time.monotonic() > deadline:
            raise TimeoutError("the system did not get there; see its logs")
        time.sleep(0.1)
