"""The brokers' clock, by which commands wait and expire: the host's clock may be minutes wrong."""

from collections.abc import Callable


class BrokerClock:
    """The host's clock, corrected by the append timestamps that brokers report. Thread-safe."""

    def __init__(self, own_ms: Callable[[], int]) -> None:
        self._own_ms = own_ms
        self._ahead_ms: int | None = None

    def observe(self, broker_ms: int) -> None:
        """A broker's present time. An old one makes this clock late, which expires nothing too early."""
        self._ahead_ms = self._own_ms() - broker_ms

    def now_ms(self) -> int:
        """Milliseconds since 1970 UTC; the host's until a broker's time is known."""
        return self._own_ms() - (self._ahead_ms or 0)

    def is_past(self, deadline_ms: int) -> bool:
        """Whether a broker's deadline has passed; False until a broker's time is known."""
        return self._ahead_ms is not None and self.now_ms() > deadline_ms
