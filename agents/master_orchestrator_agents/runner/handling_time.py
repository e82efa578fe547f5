"""How long a handler may be expected to take, from its past calls."""

import threading

MAX_EXPECTED_MS = 60_000
"""A handler that takes longer waits for people; they may answer sooner, and it minds the task's deadline itself."""

MARGIN_MS = 1_000
"""The least margin above the mean: the reply has its way to the engine before it."""


class HandlingTime:
    """A smoothed mean of the handling times plus a margin: four times their smoothed mean deviation, or more.

    The estimate with which TCP sets its time-out (RFC 6298, section 2), with its weights 1/8 and 1/4. Thread-safe.
    """

    def __init__(self, reply_within_ms: int) -> None:
        """``reply_within_ms``: the agent's time to handle a command. No more is expected, so a command that waited no
        longer than its lane's ``max_wait`` is always handled.
        """
        self._max_expected_ms = min(reply_within_ms, MAX_EXPECTED_MS)
        self._mean: float | None = None
        self._deviation = 0.0
        self._lock = threading.Lock()

    def observe(self, handled_in_ms: int) -> None:
        """A call has taken this long."""
        with self._lock:
            if self._mean is None:
                self._mean, self._deviation = handled_in_ms, handled_in_ms / 2
            else:
                self._deviation += (abs(handled_in_ms - self._mean) - self._deviation) / 4
                self._mean += (handled_in_ms - self._mean) / 8

    @property
    def expected_ms(self) -> int:
        """What the next call and its reply may be expected to take (milliseconds); 0 before the first."""
        with self._lock:
            if self._mean is None:
                return 0
            return min(int(self._mean + max(MARGIN_MS, 4 * self._deviation)), self._max_expected_ms)
