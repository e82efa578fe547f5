"""How each engine does the job: what it needs, the command of its worker, and where its outputs are."""

import subprocess
import sys
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Protocol

from bench_suite.contenders import UnavailableError
from bench_suite.gateway import CODEC, HEALTHY, START_MS
from bench_suite.peer_jars import java, peer_jars
from bench_suite.peer_venv import peer_python
from bench_suite.stream_job.job import CHANGELOG, INPUT, OUTPUT, JobInput, JobLoad
from bench_suite.stream_job.progress import JobProgress, Outputs, Positions
from bench_suite.stream_job.stage import JobStage
from bench_suite.stream_job.toy_worker import command_topic

from master_orchestrator.cluster.provision import provision
from master_orchestrator_schemas.messages import Telemetry
from master_orchestrator_schemas.topology import load_topology

HERE = Path(__file__).parent
COMPILE_S = 120


class JobPeer(Protocol):
    """One engine doing the job. ``input_topic`` is what is loaded, ``watched_topic`` what tells how far it is."""

    name: str
    terms: str
    slow: bool
    input_topic: str
    watched_topic: str

    def prepare(self, home: Path) -> None:
        """Install what is needed. Raises ``UnavailableError``."""

    def create(self, stage: JobStage) -> None:
        """Make the topics."""

    def inputs(self, load: JobLoad) -> Iterable[JobInput]:
        """What is loaded."""

    def command(self, stage: JobStage) -> Sequence[str | Path]:
        """The worker's command."""

    def read(self, stage: JobStage, load: JobLoad) -> JobProgress:
        """What has come of it so far."""


class StreamPeer:
    """Common to all that take the job as it is; a plain Python worker in the product's own environment."""

    input_topic, watched_topic, slow = INPUT, OUTPUT, False

    def __init__(self, name: str, terms: str, module: str) -> None:
        self.name, self.terms, self._module, self._python = name, terms, module, Path(sys.executable)

    def prepare(self, home: Path) -> None:
        """Nothing to install."""

    def create(self, stage: JobStage) -> None:
        """Input, output, and a changelog for who makes none himself."""
        stage.create([INPUT, OUTPUT, CHANGELOG])

    def inputs(self, load: JobLoad) -> Iterable[JobInput]:
        """The load as it is."""
        return load.inputs()

    def command(self, stage: JobStage) -> Sequence[str | Path]:
        """The module, with its folder."""
        return [self._python, "-m", f"bench_suite.stream_job.{self._module}", stage.folder]

    def read(self, stage: JobStage, load: JobLoad) -> JobProgress:
        """All outputs, against what they must be."""
        return Outputs(stage, self.watched_topic, load.counts())


class Faust(StreamPeer):
    """Stock Faust."""

    slow = True


class Quix(StreamPeer):
    """Quix Streams, from the bench's own environment."""

    def prepare(self, home: Path) -> None:
        """Install it."""
        self._python = peer_python(home, "quixstreams")


class KafkaStreams(StreamPeer):
    """Kafka Streams with its record cache; Java. ``settings`` over its defaults, ``_`` for a dot."""

    def __init__(self, name: str, terms: str, guarantee: str, **settings: object) -> None:
        super().__init__(name, terms, "StreamsJob")
        dotted = {name.replace("_", "."): value for name, value in settings.items()}
        self._settings = [f"{name}={value}" for name, value in {"processing.guarantee": guarantee, **dotted}.items()]

    def prepare(self, home: Path) -> None:
        """Fetch the jars, compile the job."""
        self._java, jars = java(), peer_jars(home / "kafka-streams", HERE / "kafka-streams.xml")
        classes = home / "kafka-streams-job"
        self._classpath = f"{classes}:{jars}/*"
        own = self._java.with_name("javac")
        compiler = own if own.exists() else "javac"
        try:
            subprocess.run(
                [compiler, "-d", classes, "-cp", f"{jars}/*", HERE / "StreamsJob.java"], check=True,
                capture_output=True, text=True, timeout=COMPILE_S,
            )  # fmt: skip
        except FileNotFoundError as error:
            raise UnavailableError("there is no javac: install a JDK") from error
        except subprocess.CalledProcessError as error:
            raise UnavailableError(f"StreamsJob.java does not compile: {error.stderr.splitlines()[0]}") from error

    def command(self, stage: JobStage) -> Sequence[str | Path]:
        """A JVM with its own defaults."""
        place = [stage.kafka.bootstrap_servers, str(stage.folder / "streams")]
        return [self._java, "-cp", self._classpath, self._module, *place, *self._settings]


class ShellPeer(StreamPeer):
    """The engine's shell with the job for a core; ``outputs`` as in ``toy_worker.py``."""

    def __init__(self, name: str, terms: str, outputs: str) -> None:
        super().__init__(name, terms, "toy_worker")
        self._topology, self._outputs = load_topology(), outputs
        self.input_topic = self._topology.topic_of("Telemetry")
        commands = command_topic(self._topology)
        self.watched_topic = commands if outputs == "commands" else self._topology.topic_of("Status")

    def create(self, stage: JobStage) -> None:
        """The product's topics."""
        provision(stage.admin, self._topology)

    def command(self, stage: JobStage) -> Sequence[str | Path]:
        """The worker, with its folder."""
        return [
            sys.executable,
            "-m",
            f"bench_suite.stream_job.{self._module}",
            "--outputs",
            self._outputs,
            "--folder",
            stage.folder / "engine",
        ]


class Product(ShellPeer):
    """The product as it is, and telemetry that opens nothing: its own codec and core, no output."""

    def __init__(self, name: str, terms: str) -> None:
        super().__init__(name, terms, "records")
        self.watched_topic = self._topology.changelog_topic

    def inputs(self, load: JobLoad) -> Iterable[JobInput]:
        """As many readings of as many vehicles, each vehicle's one second apart."""
        times: Counter[bytes] = Counter()
        for key, _ in load.inputs():
            times[key] += 1
            reading = Telemetry(vehicle_id=key.decode(), ts_ms=START_MS + 1_000 * times[key], **HEALTHY)
            yield JobInput(key, CODEC.encode(reading))

    def command(self, stage: JobStage) -> Sequence[str | Path]:
        """The product's own command."""
        engine = ["engine", "--worker", "bench"]
        return [sys.executable, "-m", "master_orchestrator.cli", "--data-dir", stage.folder, *engine]

    def read(self, stage: JobStage, load: JobLoad) -> JobProgress:
        """Its positions, and what it refused."""
        return Positions(stage, self._topology, load.total)
