"""Zeebe: one broker with its gateway, and a Java program that works and makes the load, with the client it ships."""

import os
import shutil
import subprocess
import tarfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from bench_suite.contenders import UnavailableError
from bench_suite.workflow_peers.peer import Running
from bench_suite.workflow_peers.processes import LOOPBACK, ChildProcess, CommandLine
from master_orchestrator.cluster.errors import ToolMissingError
from master_orchestrator.cluster.java import find_maven, java_version
from master_orchestrator.cluster.node_settings import free_port

VERSION = "8.6.0"
MINIMUM_JAVA = 21
ARTIFACT = f"io.camunda:camunda-zeebe:{VERSION}:tar.gz"
COPY = "org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy"
SOURCE = Path(__file__).parent / "programs" / "ZeebeProgram.java"
FETCH_S = 900


@dataclass
class Zeebe:
    """As its distribution sets it up, without an exporter to a search engine."""

    name: str = f"Zeebe {VERSION}, Java workers"
    terms: str = "one partition; log flushed at each commit"
    in_flight: int = 60
    _java: Path = field(default=Path(), init=False)
    _home: Path = field(default=Path(), init=False)

    def prepare(self, home: Path) -> None:
        """The distribution from Maven, and the program compiled against it."""
        self._java, self._home = _java(), home / "zeebe"
        self._home.mkdir(parents=True, exist_ok=True)
        if not self._lib.exists():
            _fetch(self._home)
        _run([self._java / "javac", "-cp", f"{self._lib}/*", "-d", self._home / "classes", SOURCE], "javac failed")

    @property
    def _lib(self) -> Path:
        return self._home / f"camunda-zeebe-{VERSION}" / "lib"

    @contextmanager
    def running(self, folder: Path) -> Iterator[Running]:
        """Broker and workers, which deploy the process first."""
        gateway = free_port()
        program: CommandLine = [self._java / "java", "-cp", f"{self._home / 'classes'}:{self._lib}/*", "ZeebeProgram"]
        with ExitStack() as opened:
            engine = ChildProcess(
                [self._lib.parent / "bin" / "broker"], folder / "engine.log", env=self._settings(folder, gateway)
            )
            opened.callback(engine.stop)
            engine.await_port(gateway)
            workers = ChildProcess([*program, "work", str(gateway)], folder / "workers.log")
            opened.callback(workers.stop)
            workers.await_line("working")
            yield Running({"engine": engine, "workers": workers}, [*program, "load", str(gateway)])

    def _settings(self, folder: Path, gateway: int) -> dict[str, str]:
        return {
            "JAVA_HOME": str(self._java.parent),
            "SERVER_ADDRESS": LOOPBACK,
            "SERVER_PORT": str(free_port()),
            "MANAGEMENT_SERVER_ADDRESS": LOOPBACK,
            "MANAGEMENT_SERVER_PORT": str(free_port()),
            "ZEEBE_BROKER_NETWORK_HOST": LOOPBACK,
            "ZEEBE_BROKER_NETWORK_COMMANDAPI_PORT": str(free_port()),
            "ZEEBE_BROKER_NETWORK_INTERNALAPI_PORT": str(free_port()),
            "ZEEBE_BROKER_GATEWAY_NETWORK_HOST": LOOPBACK,
            "ZEEBE_BROKER_GATEWAY_NETWORK_PORT": str(gateway),
            "ZEEBE_BROKER_DATA_DIRECTORY": str(folder / "zeebe"),
        }


def _java() -> Path:
    """The ``bin`` folder of a JDK that is new enough. Raises :class:`UnavailableError`."""
    homes = [os.environ.get("JAVA_HOME"), *sorted(Path("/usr/lib/jvm").glob("*"), reverse=True)]
    named = [Path(home) / "bin" for home in homes if home]
    on_path = shutil.which("javac")
    places = [*named, *([Path(on_path).resolve().parent] if on_path else [])]
    for place in places:
        if (place / "javac").exists() and _version(place) >= MINIMUM_JAVA:
            return place
    raise UnavailableError(f"it needs a JDK of Java {MINIMUM_JAVA} or newer, and there is none in JAVA_HOME or on PATH")


def _version(place: Path) -> int:
    output = subprocess.run([place / "java", "-version"], capture_output=True, text=True, check=False)
    return java_version(output.stderr)


def _fetch(home: Path) -> None:
    try:
        maven = find_maven()
    except ToolMissingError as error:
        raise UnavailableError(str(error)) from error
    _run([maven, "-q", "-B", COPY, f"-Dartifact={ARTIFACT}", f"-DoutputDirectory={home}"], "Maven cannot fetch it")
    archive = home / f"camunda-zeebe-{VERSION}.tar.gz"
    with tarfile.open(archive) as packed:
        packed.extractall(home, filter="data")
    archive.unlink()


def _run(command: CommandLine, failed: str) -> None:
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=FETCH_S)
    except subprocess.TimeoutExpired as error:
        raise UnavailableError(f"{failed} within {FETCH_S} s") from error
    if done.returncode != 0:
        first_line = (done.stdout + done.stderr).strip().splitlines()[:1]
        raise UnavailableError(f"{failed}: {' '.join(first_line) or 'it first_line nothing'}")
