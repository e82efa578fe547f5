"""Restate: its server, and a service with the TypeScript or the Python SDK whose handler is the workflow.

The event is an awakeable: the fourth step tells its id to the world, which resolves it over the server's ingress.
"""

import json
import platform
import shutil
import subprocess
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from bench_suite.contenders import UnavailableError
from bench_suite.peer_venv import peer_python
from bench_suite.workflow_peers.peer import Running
from bench_suite.workflow_peers.processes import LOOPBACK, ChildProcess, CommandLine
from master_orchestrator.cluster.node_settings import free_port

SERVER, SDK = "1.7.12", "1.17.2"
PYTHON_PACKAGES = ("restate-sdk", "granian", "aiohttp")
PROGRAMS = Path(__file__).parent / "programs"
PROGRAM = "restate_program.mjs"
INSTALL_S = 600


@dataclass
class Restate:
    """The server in its development profile, which fsyncs its log; ``python``: the worker in Python."""

    python: bool = False
    in_flight: int = 500
    terms: str = "RocksDB, log fsynced per batch"
    _home: Path = field(default=Path(), init=False)
    _python: Path = field(default=Path(), init=False)

    @property
    def name(self) -> str:
        """With the SDK."""
        return f"Restate {SERVER}, {'Python' if self.python else 'TypeScript'} SDK"

    def prepare(self, home: Path) -> None:
        """The server and the TypeScript SDK from npm; the Python SDK from PyPI."""
        self._home = home / "restate"
        self._home.mkdir(parents=True, exist_ok=True)
        _install(self._home, f"@restatedev/restate-server@{SERVER}", f"@restatedev/restate-sdk@{SDK}")
        shutil.copy(PROGRAMS / PROGRAM, self._home)
        if self.python:
            self._python = peer_python(home, *PYTHON_PACKAGES)

    @contextmanager
    def running(self, folder: Path) -> Iterator[Running]:
        """Server and worker; the worker registered with the server, as a deployment is.

        The server is stopped first: a worker waits for its connections to end.
        """
        ingress, admin, node, worker = (free_port() for _ in range(4))
        address = f"http://{LOOPBACK}:{ingress}"
        with ExitStack() as opened:
            settings = {"RESTATE_LOGGING": "ERROR", "INGRESS": address, "PYTHONPATH": str(PROGRAMS)}
            workers = ChildProcess(self._worker(worker, address), folder / "workers.log", env=settings)
            opened.callback(workers.stop)
            server: CommandLine = [_server(self._home), "--base-dir", folder, "--no-logo"]
            engine = ChildProcess(server, folder / "engine.log", env=_settings(ingress, admin, node))
            opened.callback(engine.stop)
            workers.await_port(worker)
            engine.await_port(admin)
            engine.await_port(ingress)
            _register(admin, worker)
            yield Running({"engine": engine, "workers": workers}, ["node", self._home / PROGRAM, "load", address])

    def _worker(self, port: int, ingress: str) -> CommandLine:
        if self.python:
            place = ["--host", LOOPBACK, "--port", str(port), "--workers-kill-timeout", "1"]
            return [self._python, "-m", "granian", "--interface", "asginl", "--http", "2", *place, "restate_worker:app"]
        return ["node", self._home / PROGRAM, "work", str(port), ingress]


def _settings(ingress: int, admin: int, node: int) -> dict[str, str]:
    return {
        "RESTATE_LISTEN_MODE": "tcp",
        "RESTATE_BIND_IP": LOOPBACK,
        "RESTATE_BIND_PORT": str(node),
        "RESTATE_INGRESS__BIND_ADDRESS": f"{LOOPBACK}:{ingress}",
        "RESTATE_ADMIN__BIND_ADDRESS": f"{LOOPBACK}:{admin}",
        "RESTATE_NODE_NAME": "bench",
        "RESTATE_DISABLE_TELEMETRY": "true",
    }


def _register(admin: int, worker: int) -> None:
    body = json.dumps({"uri": f"http://{LOOPBACK}:{worker}", "force": True}).encode()
    request = urllib.request.Request(
        f"http://{LOOPBACK}:{admin}/deployments", body, {"content-type": "application/json"}
    )
    with urllib.request.urlopen(request, timeout=60):  # noqa: S310  http, written above
        pass


def _server(home: Path) -> Path:
    kind = {"x86_64": "x64", "AMD64": "x64", "aarch64": "arm64"}.get(platform.machine(), platform.machine())
    package = f"restate-server-{platform.system().lower()}-{kind}"
    return home / "node_modules" / "@restatedev" / package / "bin" / "restate-server"


def _install(home: Path, *packages: str) -> None:
    """With npm, without the packages' own scripts: one of them reports installations."""
    installed = home / "installed.json"
    if installed.exists() and json.loads(installed.read_text()) == list(packages):
        return
    npm = shutil.which("npm")
    if npm is None:
        raise UnavailableError("npm is not installed (Debian, Ubuntu: apt-get install npm)")
    command: CommandLine = [
        npm,
        "install",
        "--prefix",
        home,
        "--ignore-scripts",
        "--no-package-lock",
        "--no-audit",
        "--no-fund",
    ]
    done = subprocess.run([*command, *packages], capture_output=True, text=True, check=False, timeout=INSTALL_S)
    if done.returncode != 0 or not _server(home).exists():
        raise UnavailableError(f"npm cannot install {packages[0]}: {done.stderr.strip()[-300:] or 'no build for here'}")
    installed.write_text(json.dumps(packages))
