"""The brokers' clock, by which commands wait and expire: the host's own may be minutes ahead or behind."""

from collections.abc import Callable


class BrokerClock:
    """The host's clock, corrected by what brokers say of the time when they take in a record. Thread-safe."""

    def __init__(self, own_ms: Callable[[], int]) -> None:
        self._own_ms = own_ms
        self._ahead_ms: int | None = None

    def told(self, broker_ms: int) -> None:
        """A broker's time of just now; an old one makes this clock late, which expires nothing too early."""
        self._ahead_ms = self._own_ms() - broker_ms

    def now_ms(self) -> int:
        """Milliseconds since 1970 UTC; the host's until a broker has said something."""
        return self._own_ms() - (self._ahead_ms or 0)

    def is_past(self, deadline_ms: int) -> bool:
        """Whether a broker's deadline has certainly passed; never before a broker has said something."""
        return self._ahead_ms is not None and self.now_ms() > deadline_ms
