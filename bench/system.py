"""The system under measurement: a broker of its own, one engine and one runner process, all on this machine."""

import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import psutil

from master_orchestrator.cluster.broker import EmbeddedKafka
from master_orchestrator.cluster.node_settings import free_port
from master_orchestrator_schemas.kafka import KafkaSettings
from master_orchestrator_schemas.topology import Topology, load_topology
from master_orchestrator_schemas.vocabulary import AgentType

CLI = [sys.executable, "-m", "master_orchestrator.cli"]


@dataclass
class Process:
    """A process under measurement, with its ``/metrics``."""

    popen: subprocess.Popen[bytes]
    metrics_port: int

    def metric(self, name: str) -> float:
        """Sum of a metric over its labels; 0 while the process does not answer."""
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.metrics_port}/metrics", timeout=2) as page:
                text = page.read().decode()
        except OSError:
            return 0.0
        return sum(float(value) for value in re.findall(rf"^{name}(?:{{.*}})? (\S+)$", text, re.MULTILINE))

    def cpu_s(self) -> float:
        """CPU seconds so far."""
        times = psutil.Process(self.popen.pid).cpu_times()
        return times.user + times.system

    def rss_mb(self) -> float:
        """Resident memory."""
        return psutil.Process(self.popen.pid).memory_info().rss / 2**20

    def stop(self) -> None:
        """SIGTERM, and SIGKILL after 30 s."""
        self.popen.terminate()
        try:
            self.popen.wait(30)
        except subprocess.TimeoutExpired:
            self.popen.kill()
            self.popen.wait()


@dataclass
class System:
    """A provisioned cluster and the processes started on it."""

    kafka: KafkaSettings
    topology: Topology
    folder: Path
    broker_pid: int
    processes: list[Process] = field(default_factory=list)

    def broker_cpu_s(self) -> float:
        """CPU seconds of the broker so far."""
        times = psutil.Process(self.broker_pid).cpu_times()
        return times.user + times.system

    def engine(self) -> Process:
        """Start the engine; returns once it owns all partitions."""
        engine = self._start("engine", "--worker", "bench")
        await_that(lambda: engine.metric("master_orchestrator_owned_partitions") == self.topology.partitions)
        return engine

    def agents(self) -> Process:
        """Start one process with a no-op runner for each agent."""
        handlers = [f"--handler={agent.value}=noop_agents:agree" for agent in AgentType]
        return self._start("agents", *handlers)

    def _start(self, *command: str) -> Process:
        port = free_port()
        environment = {
            **os.environ,
            "KAFKA_BOOTSTRAP_SERVERS": self.kafka.bootstrap_servers,
            "PYTHONPATH": str(Path(__file__).parent),
        }
        log = (self.folder / f"{command[0]}.log").open("ab")
        full = [*CLI, "--data-dir", str(self.folder), *command, "--metrics-port", str(port)]
        process = Process(subprocess.Popen(full, stdout=log, stderr=subprocess.STDOUT, env=environment), port)
        self.processes.append(process)
        return process


@contextmanager
def system() -> Iterator[System]:
    """A fresh system; everything it started ends with it."""
    folder = Path(tempfile.mkdtemp(prefix="bench-"))
    try:
        with EmbeddedKafka(folder / "kafka", throughput=True) as broker:
            kafka = KafkaSettings(bootstrap_servers=broker.bootstrap_servers)
            own = System(kafka, load_topology(), folder, broker.nodes[0].pid or 0)
            subprocess.run(
                [*CLI, "--bootstrap-servers", broker.bootstrap_servers, "provision"],
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


def await_that(condition: Callable[[], bool], patience_s: float = 120.0) -> None:
    """Poll until ``condition``; raises ``TimeoutError``."""
    deadline = time.monotonic() + patience_s
    while not condition():
        if time.monotonic() > deadline:
            raise TimeoutError("the system did not get there; see its logs")
        time.sleep(0.1)
