"""How fast recorded time runs: as fast as it goes, as it was, or a multiple of it."""

import re

MAX_PAUSE_MS = 60_000
"""A longer gap between two readings (a parked car, another file) is not waited for."""
_SPEED = re.compile(r"(\d+(?:\.\d+)?)x")


def parse_speed(text: str) -> float | None:
    """``max`` is None, ``10x`` is 10.0. Raises ValueError."""
    if text == "max":
        return None
    match = _SPEED.fullmatch(text)
    if match is None or float(match[1]) == 0:
        raise ValueError(f"speed {text!r} is neither 'max' nor a multiple like 1x, 10x or 0.5x")
    return float(match[1])


class Pacer:
    """Says how long to wait before each reading; the caller brings the clock (seconds, any origin)."""

    def __init__(self, speed: float | None) -> None:
        self._speed = speed
        self._due_s: float | None = None
        self._last_ms = 0

    def wait_s(self, ts_ms: int, now_s: float) -> float:
        """Seconds from ``now_s`` until the reading of ``ts_ms`` is due, 0 if it is already."""
        if self._speed is None:
            return 0.0
        if self._due_s is None:
            self._due_s, self._last_ms = now_s, ts_ms
        step_ms = ts_ms - self._last_ms
        if 0 < step_ms <= MAX_PAUSE_MS:
            self._due_s += step_ms / 1000 / self._speed
        self._last_ms = ts_ms if step_ms > MAX_PAUSE_MS else max(self._last_ms, ts_ms)
        return max(0.0, self._due_s - now_s)
