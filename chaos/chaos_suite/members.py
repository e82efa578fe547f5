"""The members of the system: processes that the suite starts, harms, and starts again when they die."""

import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from chaos_suite.programs import LoggedProgram, MemberProcess

START_PATIENCE_S = 60.0
STOP_PATIENCE_S = 30.0
RESTART_AFTER_S = 0.5
_POLL_S = 0.05


@dataclass(frozen=True)
class Death:
    """The end of a member's process. ``exit_code``: None for a broker; ``injected``: a fault had asked for it."""

    member: str
    exit_code: int | None
    injected: bool
    last_words: str


class Member:
    """One process of the system. ``launch`` starts it; only the supervision's thread calls that (leash.py).

    A fault has a member to itself between :meth:`taken`'s beginning and end.
    """

    def __init__(self, name: str, process: MemberProcess, launch: Callable[[], None]) -> None:
        self.name = name
        self._process, self._launch = process, launch
        self._lock = threading.Lock()
        self._reservation = threading.RLock()
        self._wanted = self._held = self._ending = self._up = False
        self._start_at = 0.0

    @property
    def pid(self) -> int | None:
        """While it runs."""
        return self._process.pid

    @property
    def running(self) -> bool:
        """Whether its process lives, stopped or not."""
        return self._process.running

    @property
    def as_it_should(self) -> bool:
        """Whether it runs and nothing holds it, or is not wanted."""
        return self.running and not self._held if self._wanted else not self.running

    def want(self) -> None:
        """Have it started by the supervision, and kept running."""
        with self._lock:
            self._wanted, self._start_at = True, 0.0

    def start(self) -> None:
        """Have it started, and return when it runs. Raises TimeoutError."""
        self.want()
        self.await_running()

    def await_running(self) -> None:
        """Return when it runs. Raises TimeoutError."""
        deadline = time.monotonic() + START_PATIENCE_S
        while not self.running:
            if time.monotonic() > deadline:
                raise TimeoutError(f"{self.name} was not started again; its last words:\n{self._process.last_words()}")
            time.sleep(_POLL_S)

    def kill(self) -> None:
        """kill -9, and wait until it is gone."""
        self._end(signal.SIGKILL)
        self._process.wait_stopped(STOP_PATIENCE_S)

    def terminate(self, timeout_s: float = STOP_PATIENCE_S) -> bool:
        """SIGTERM; kill -9 after ``timeout_s``. Whether it ended by itself."""
        self._end(signal.SIGTERM)
        if self._process.wait_stopped(timeout_s):
            return True
        self.kill()
        return False

    def pause(self) -> None:
        """SIGSTOP: it hangs, and keeps its connections."""
        self._process.signal(signal.SIGSTOP)

    def resume(self) -> None:
        """SIGCONT."""
        self._process.signal(signal.SIGCONT)

    def hold(self) -> None:
        """Let it lie when it dies, until :meth:`release`."""
        with self._lock:
            self._held = True

    def release(self) -> None:
        """Have it started again if it is to run and does not."""
        with self._lock:
            self._held = False

    def dismiss(self) -> None:
        """It is not to run any more; the caller ends it."""
        with self._lock:
            self._wanted, self._ending = False, True

    @contextmanager
    def reserved(self) -> Iterator[None]:
        """Reserve it: another fault that needs it waits."""
        with self._reservation:
            yield

    @contextmanager
    def taken(self) -> Iterator[None]:
        """Have it for oneself, and held. However this ends, it runs again afterwards if it is to run."""
        with self.reserved():
            self.hold()
            try:
                yield
            finally:
                self.resume()
                self.release()
                if self._wanted:
                    self.await_running()

    @contextmanager
    def about_to_die(self) -> Iterator[None]:
        """While this runs, its end counts as the work of a fault."""
        with self._lock:
            self._ending = True
        try:
            yield
        finally:
            with self._lock:
                self._ending = False

    def look(self) -> Death | None:
        """What the supervision does again and again: notice its death, and start it when the time has come."""
        with self._lock:
            if self.running:
                self._up = True
            elif self._up:
                return self._noticed()
            elif self._wanted and not self._held and time.monotonic() >= self._start_at:
                self._start_at = time.monotonic() + RESTART_AFTER_S  # the next try, if this one raises
                self._launch()
                self._up, self._ending = True, False
        return None

    def _noticed(self) -> Death:
        self._up, self._start_at = False, time.monotonic() + RESTART_AFTER_S
        code = self._process.exit_code if isinstance(self._process, LoggedProgram) else None
        return Death(self.name, code, self._ending, self._process.last_words())

    def _end(self, number: signal.Signals) -> None:
        with self._lock:
            self._ending = True
            self._process.signal(number)
