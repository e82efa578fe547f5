"""The in-memory counterpart of Kafka's LogAppendTime."""

import threading
import time


class AppendClock:
    """Milliseconds since 1970 UTC that never go back, whatever the system clock does."""

    def __init__(self) -> None:
        self._last = 0
        self._lock = threading.Lock()

    def now_ms(self) -> int:
        """The present time."""
        with self._lock:
            self._last = max(self._last, time.time_ns() // 1_000_000)
            return self._last
