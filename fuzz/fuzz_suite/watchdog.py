"""A bound on the time of one case: CPU time where it only computes, so that a busy machine finds nothing."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager


class HangError(BaseException):
    """A case took longer than anything may. No ``Exception``: the code under test must not catch it."""


def _expired(number: int, frame: object) -> None:  # noqa: ARG001 - the form of all signal handlers
    raise HangError(f"not done in time ({signal.Signals(number).name})")


@contextmanager
def cpu_limit(seconds: float) -> Iterator[None]:
    """Raise :class:`HangError` in the main thread after so much CPU time of this process."""
    with _timer(signal.ITIMER_PROF, signal.SIGPROF, seconds):
        yield


@contextmanager
def time_limit(seconds: float) -> Iterator[None]:
    """Raise :class:`HangError` in the main thread after so much time by the clock: waiting counts too."""
    with _timer(signal.ITIMER_REAL, signal.SIGALRM, seconds):
        yield


@contextmanager
def _timer(timer: int, number: signal.Signals, seconds: float) -> Iterator[None]:
    before = signal.signal(number, _expired)
    signal.setitimer(timer, seconds)
    try:
        yield
    finally:
        signal.setitimer(timer, 0)
        signal.signal(number, before)
