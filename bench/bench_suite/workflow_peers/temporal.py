"""Temporal: the development server of its command line, built with Go from its module, and the Python SDK."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from bench_suite.contenders import UnavailableError
from bench_suite.peer_venv import peer_python
from bench_suite.workflow_peers.peer import Running
from bench_suite.workflow_peers.processes import LOOPBACK, ChildProcess, CommandLine
from master_orchestrator.cluster.node_settings import free_port

BENCH = Path(__file__).parents[2]
PROGRAM = Path(__file__).parent / "programs" / "temporal_program.py"
CLI = "1.8.2"
CLIEXT = "v0.0.0-20260731000218-c579925f193f"
"""A part of the command line that its own go.mod takes from the folder next to it, of the same commit."""
GO_MOD = f"""module bench

go 1.26

require (
	github.com/temporalio/cli v{CLI}
	github.com/temporalio/cli/cliext {CLIEXT}
)

replace github.com/temporalio/cli/cliext => github.com/temporalio/cli/cliext {CLIEXT}
"""
BUILD_S = 1_800


@dataclass
class Temporal:
    """Its SQLite as the development server sets it up; one worker process."""

    name: str = f"Temporal CLI {CLI}, SQLite, Python SDK"
    terms: str = "development server; SQLite, its write-ahead log fsynced"
    in_flight: int = 40
    _home: Path = field(default=Path(), init=False)
    _python: Path = field(default=Path(), init=False)

    def prepare(self, home: Path) -> None:
        """The server, which takes Go some minutes the first time; the SDK from PyPI."""
        self._home = home / "temporal"
        self._python = peer_python(home, "temporalio")
        if not (self._home / f"temporal-{CLI}").exists():
            _build(self._home, self._home / f"temporal-{CLI}")

    @contextmanager
    def running(self, folder: Path) -> Iterator[Running]:
        """Server and worker."""
        port = free_port()
        address = f"{LOOPBACK}:{port}"
        with ExitStack() as opened:
            options = ["--ip", LOOPBACK, "--port", str(port), "--http-port", str(free_port()),
                       "--headless", "--log-level", "error"]  # fmt: skip
            server: CommandLine = [self._home / f"temporal-{CLI}", "server", "start-dev", *options]
            engine = ChildProcess([*server, "--db-filename", folder / "temporal.db"], folder / "engine.log")
            opened.callback(engine.stop)
            engine.await_line("Server:")  # with its namespace; the port listens before
            command: CommandLine = [self._python, PROGRAM, "work", address]
            workers = ChildProcess(command, folder / "workers.log", env={"PYTHONPATH": str(BENCH)})
            opened.callback(workers.stop)
            workers.await_line("working")
            yield Running({"engine": engine, "workers": workers}, [self._python, PROGRAM, "load", address])


def _build(home: Path, program: Path) -> None:
    """Its go.mod stands in the way of ``go install``, so it is built as a module of ours requires it."""
    go = shutil.which("go")
    if go is None:
        raise UnavailableError("Go is not installed (Debian, Ubuntu: apt-get install golang)")
    module = home / "build"
    module.mkdir(parents=True, exist_ok=True)
    (module / "go.mod").write_text(GO_MOD)
    command = [go, "build", "-mod=mod", "-o", str(program), "github.com/temporalio/cli/cmd/temporal"]
    environment = {**os.environ, "GOPATH": str(home / "go"), "GOCACHE": str(home / "go" / "cache"),
                   "GOFLAGS": "-modcacherw", "CGO_ENABLED": "0"}  # fmt: skip
    try:
        done = subprocess.run(
            command, cwd=module, env=environment, capture_output=True, text=True, check=False, timeout=BUILD_S
        )
    except subprocess.TimeoutExpired as error:
        raise UnavailableError(f"Go did not build {CLI} within {BUILD_S} s") from error
    if done.returncode != 0:
        raise UnavailableError(f"Go cannot build it: {done.stderr.strip()[-300:]}")
    shutil.rmtree(home / "go")  # gigabytes, of use to nobody now
