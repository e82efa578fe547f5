"""A member's process that is an ordinary program: its command, its log, its end."""

import os
import signal
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Protocol

from master_orchestrator.cluster.leash import die_with_parent

_END_BYTES = 2**20
_LINE_CHARACTERS = 500
"""An engine's last line holds every variable of its traceback: hundreds of kilobytes, the error first."""


class MemberProcess(Protocol):
    """What a member runs: a `LoggedProgram`, or a broker's node."""

    @property
    def running(self) -> bool:
        """Whether it lives, stopped or not."""
        ...

    @property
    def pid(self) -> int | None:
        """While it lives."""
        ...

    def signal(self, number: signal.Signals) -> None:
        """Send it a signal, if it lives."""
        ...

    def wait_stopped(self, timeout_s: float) -> bool:
        """Whether it has ended within `timeout_s`."""
        ...

    def last_words(self, lines: int = 8) -> str:
        """The end of its log."""
        ...


class LoggedProgram:
    """One program, started any number of times; what it prints is appended to `log`."""

    def __init__(self, command: Sequence[str], environment: Mapping[str, str], log: Path) -> None:
        self.log = log
        self._command, self._environment = [*command], dict(environment)
        self._process: subprocess.Popen[bytes] | None = None

    def launch(self) -> None:
        """Start it; it dies with the thread that calls this (leash.py)."""
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                self._command,
                env={**os.environ, **self._environment},
                cwd=self.log.parent,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                preexec_fn=die_with_parent(signal.SIGKILL),  # noqa: PLW1509 - calls prctl only
            )

    @property
    def running(self) -> bool:
        """Whether it lives, stopped or not."""
        return self._process is not None and self._process.poll() is None

    @property
    def pid(self) -> int | None:
        """While it lives."""
        return self._process.pid if self._process is not None and self.running else None

    @property
    def exit_code(self) -> int | None:
        """How it ended last; negative for a signal; None while it lives."""
        return self._process.poll() if self._process is not None else None

    def signal(self, number: signal.Signals) -> None:
        """Send it a signal, if it lives."""
        if self._process is not None:
            self._process.send_signal(number)

    def wait_stopped(self, timeout_s: float) -> bool:
        """Whether it has ended within `timeout_s`."""
        try:
            if self._process is not None:
                self._process.wait(timeout_s)
        except subprocess.TimeoutExpired:
            return False
        return True

    def last_words(self, lines: int = 8) -> str:
        """The end of its log."""
        if not self.log.exists():
            return ""
        with self.log.open("rb") as log:
            log.seek(max(0, self.log.stat().st_size - _END_BYTES))
            written = log.read().decode(errors="replace").splitlines()
        return "\n".join(line[:_LINE_CHARACTERS] for line in written[-lines:])
