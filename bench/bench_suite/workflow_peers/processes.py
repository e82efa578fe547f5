"""The processes of a peer: started with a log, watched, measured with all their descendants, stopped by their ids."""

import os
import signal
import socket
import subprocess
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import psutil

from master_orchestrator.cluster.leash import die_with_parent

CommandLine = Sequence[str | Path]

PATIENCE_S = 120.0
LOOPBACK = "127.0.0.1"


class ChildProcess:
    """One process of a peer, in a session of its own, with whatever it starts.

    ``options`` go to :class:`subprocess.Popen`: ``user``, ``cwd``.
    """

    def __init__(
        self, command: CommandLine, log: Path, *, env: Mapping[str, str] | None = None, **options: Any
    ) -> None:
        self._log = log
        with log.open("ab") as output:
            self._begin = output.tell()  # what an earlier start said is not this one's
            self._popen = subprocess.Popen(
                command,
                stdout=output,
                stderr=subprocess.STDOUT,
                stdin=subprocess.DEVNULL,
                env={**os.environ, **(env or {})},
                start_new_session=True,
                preexec_fn=die_with_parent(signal.SIGTERM),  # noqa: PLW1509  started before there are threads
                **options,
            )

    def cpu_s(self) -> float:
        """CPU seconds so far, of descendants that have ended, too."""
        return sum(sum(process.cpu_times()[:4]) for process in self._family())

    def rss_mb(self) -> float:
        """Memory in use now; pages that processes share count once."""
        return sum(process.memory_full_info().pss for process in self._family()) / 2**20

    def await_port(self, port: int, patience_s: float = PATIENCE_S) -> None:
        """Return once it listens on this port of loopback. Raises ``TimeoutError``, ``ChildProcessError``."""
        deadline = time.monotonic() + patience_s
        while True:
            with suppress(OSError), socket.create_connection((LOOPBACK, port), timeout=1):
                return
            self.must_live(deadline)
            time.sleep(0.02)

    def await_line(self, text: str, patience_s: float = PATIENCE_S) -> None:
        """Return once its log says this. Raises ``TimeoutError``, ``ChildProcessError``."""
        deadline = time.monotonic() + patience_s
        while text not in self._said():
            self.must_live(deadline)
            time.sleep(0.02)

    def must_live(self, deadline: float) -> None:
        """Raise if it has ended, or if the deadline (monotonic) has passed."""
        if self._popen.poll() is not None:
            raise ChildProcessError(f"{self._log.stem} ended with status {self._popen.returncode}: {self._last_line()}")
        if time.monotonic() > deadline:
            raise TimeoutError(f"{self._log.stem} is not ready: {self._last_line()}")

    def stop(self) -> None:
        """SIGTERM to the process, and SIGKILL to what is left of its session 20 s later."""
        self._popen.terminate()
        with suppress(subprocess.TimeoutExpired):
            self._popen.wait(20)
        with suppress(ProcessLookupError):
            os.killpg(self._popen.pid, signal.SIGKILL)
        self._popen.wait()

    def _family(self) -> list[psutil.Process]:
        process = psutil.Process(self._popen.pid)
        return [process, *process.children(recursive=True)]

    def _last_line(self) -> str:
        lines = self._said().strip().splitlines()
        return lines[-1] if lines else "it said nothing"

    def _said(self) -> str:
        return self._log.read_bytes()[self._begin :].decode(errors="replace")
