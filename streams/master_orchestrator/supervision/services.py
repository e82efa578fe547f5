"""What a supervisor keeps alive: programs, and the embedded broker."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from typing import Protocol

from master_orchestrator.cluster.broker import EmbeddedKafka
from master_orchestrator.cluster.leash import die_with_parent
from master_orchestrator.supervision.holding import HELD


class Service(Protocol):
    """Something that runs, may die, and is stopped."""

    @property
    def name(self) -> str:
        """What it is called in the log."""
        ...

    def prepare(self) -> None:
        """Before its first start: begin what needs no earlier stage, without waiting for it."""
        ...

    def start(self) -> None:
        """Start it, or start again what of it has died. May raise a ClusterError or OSError."""
        ...

    def exit_code(self) -> int | None:
        """None while all of it runs, else how it ended; negative for a signal's number."""
        ...

    @property
    def finite(self) -> bool:
        """Whether ending with 0 means that its work is done."""
        ...

    def ask_to_stop(self) -> None:
        """Ask it to end, without waiting."""
        ...

    def end(self, timeout_s: float) -> None:
        """Wait until it has ended, and kill it after `timeout_s`."""
        ...


class Program:
    """One child process in a session of its own, so that Ctrl-C reaches only the supervisor; it dies with us.

    Start it from the main thread: on Linux the tie is to the thread that started it.
    """

    def __init__(
        self, name: str, command: Sequence[str], *, environment: Mapping[str, str] | None = None, finite: bool = False
    ) -> None:
        self.name = name
        self.finite = finite
        self._command = [*command]
        self._environment = dict(environment or {})
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int | None:
        """The process id of its last start."""
        return self._process.pid if self._process else None

    def prepare(self) -> None:
        """Start the process, and hold it until :meth:`start`: see ``holding.py``."""
        self._spawn({HELD: "1"}, subprocess.PIPE)

    def start(self) -> None:
        """Start the process, or let go of the one that is held; it writes to our stdout and stderr."""
        if not self._let_go(b"\n"):
            self._spawn({}, subprocess.DEVNULL)

    def exit_code(self) -> int | None:
        """None while it runs."""
        return self._process.poll() if self._process else 0

    def ask_to_stop(self) -> None:
        """SIGTERM."""
        if self._process and self._process.poll() is None:
            self._process.terminate()

    def end(self, timeout_s: float) -> None:
        """Wait, then SIGKILL to its whole process group."""
        if self._process is None:
            return
        try:
            self._process.wait(timeout_s)
        except subprocess.TimeoutExpired:
            os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()
        self._let_go(b"")

    def _spawn(self, told: Mapping[str, str], stdin: int) -> None:
        self._process = subprocess.Popen(  # noqa: S603 - the commands are our own
            self._command,
            bufsize=0,
            env={**os.environ, **self._environment, **told},
            stdin=stdin,
            start_new_session=True,
            # SIGKILL: nothing is left to end them in order, and every one of them may die at any time.
            preexec_fn=die_with_parent(signal.SIGKILL),  # noqa: PLW1509 - calls prctl only
        )

    def _let_go(self, word: bytes) -> bool:
        """Tell the process that is held; whether there is one. Only such a process has a pipe for its stdin."""
        if self._process is None or self._process.stdin is None:
            return False
        with self._process.stdin as stdin, suppress(BrokenPipeError):  # if it has ended, its code says why
            stdin.write(word)
        self._process.stdin = None
        return True


def command_line(*arguments: str) -> tuple[str, ...]:
    """Our own command with `arguments`, run by this very Python."""
    return (sys.executable, "-m", "master_orchestrator.cli", *arguments)


class Broker:
    """The embedded cluster as a service: a node that died is started again on its own address."""

    name = "kafka"
    finite = False

    def __init__(self, cluster: EmbeddedKafka) -> None:
        self._cluster = cluster
        self._begun = self._started = False

    def prepare(self) -> None:
        """Start all nodes; :meth:`start` waits for their answers."""
        self._cluster.begin()
        self._begun = True

    def start(self) -> None:
        """The first time the whole cluster, and it answers; then the nodes that are down, without waiting for them.

        Their clients wait by themselves; a wait here would keep the supervisor from everything else.
        """
        if not self._started:
            if not self._begun:
                self.prepare()
            self._cluster.await_answers()
            self._started = True
            return
        for index, node in enumerate(self._cluster.nodes):
            if not node.running:
                self._cluster.launch(index)

    def exit_code(self) -> int | None:
        """None while every node runs, else -9: a broker has no exit code that means anything to us."""
        return None if all(node.running for node in self._cluster.nodes) else -int(signal.SIGKILL)

    def ask_to_stop(self) -> None:
        """SIGTERM to every node."""
        for node in self._cluster.nodes:
            node.signal(signal.SIGTERM)

    def end(self, timeout_s: float) -> None:
        """Wait, then SIGKILL."""
        self._cluster.stop(timeout_s)


def end_all(services: Sequence[Service], timeout_s: float, clock: Callable[[], float] = time.monotonic) -> None:
    """Ask all at once, give all of them together `timeout_s`, kill what is left."""
    for service in services:
        service.ask_to_stop()
    deadline = clock() + timeout_s
    for service in services:
        service.end(max(0.0, deadline - clock()))
