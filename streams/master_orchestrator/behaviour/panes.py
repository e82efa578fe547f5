"""Hopping windows: amounts per pane of ten minutes, and their sums over the newest 1, 6 and 144 panes."""

from collections import deque
from collections.abc import Iterable
from typing import Self

from master_orchestrator.behaviour.acts import MINUTE_MS

PANE_MS = 10 * MINUTE_MS
WINDOWS = (1, 6, 144)
"""Lengths in panes: ten minutes, an hour, a day."""

WINDOW_NAMES = ("10 minutes", "an hour", "a day")

HOUR_WINDOW = 1
"""The place of the hour among them."""

Totals = tuple[int, int, int]
"""One sum per window."""


ClosedPane = tuple[int, int, bool]
"""A pane that is over, its amount, and whether it still counts: one that has alerted does not."""


class Panes:
    """The panes of one measure. What has alerted is left out of the longer windows, so that it counts once."""

    __slots__ = ("_alerted", "_amount", "_closed", "_day", "_hour", "pane")

    def __init__(self) -> None:
        self.pane = -1
        self._amount = self._hour = self._day = 0  # the current pane; the closed ones of the hour, and of the day
        self._alerted = False
        self._closed: deque[ClosedPane] = deque()

    def add(self, amount: int) -> None:
        """Count ``amount`` in the current pane."""
        self._amount += amount

    def add_at(self, at_ms: int, amount: int) -> None:
        """Count ``amount`` in the pane of ``at_ms``."""
        if (pane := at_ms // PANE_MS) > self.pane:
            self.advance(pane)
        self._amount += amount

    def alert(self, window: int) -> None:
        """Leave the panes of the window out of the longer windows from now on."""
        self._alerted = True
        first = self.pane - WINDOWS[window]
        for at, (pane, amount, counts) in enumerate(self._closed):
            if counts and pane > first:
                self._closed[at] = pane, amount, False
                self._day -= amount
        self._hour = self._newest_hour()

    def totals(self) -> Totals:
        """The sums over each window, the current pane included."""
        own = 0 if self._alerted else self._amount
        return self._amount, self._hour + own, self._day + own

    def total_at(self, pane: int, window: int) -> int:
        """The sum over the window that ends with ``pane``, the current one or a later one; what has alerted, too."""
        first = pane - WINDOWS[window]
        own = self._amount if self.pane > first else 0
        return own + sum(amount for closed, amount, _ in self._closed if closed > first)

    def current(self) -> tuple[int, int, bool]:
        """The pane, its amount, and whether it has alerted: what changes with each act."""
        return self.pane, self._amount, self._alerted

    def closed(self) -> list[ClosedPane]:
        """The panes of the day before the current one: what changes when a pane ends."""
        return list(self._closed)

    @classmethod
    def restored(cls, current: tuple[int, int, bool], closed: Iterable[ClosedPane]) -> Self:
        """The inverse of both."""
        panes = cls()
        panes.pane, panes._amount, panes._alerted = current
        panes._closed.extend((pane, amount, counts) for pane, amount, counts in closed)
        panes._day = sum(amount for _, amount, counts in panes._closed if counts)
        panes._hour = panes._newest_hour()
        return panes

    def advance(self, pane: int) -> None:
        """Close the current pane and begin ``pane``, which is later."""
        if self._amount:
            self._closed.append((self.pane, self._amount, not self._alerted))
            self._day += 0 if self._alerted else self._amount
        self.pane, self._amount, self._alerted = pane, 0, False
        while self._closed and self._closed[0][0] <= pane - WINDOWS[2]:
            _, amount, counts = self._closed.popleft()
            self._day -= amount if counts else 0
        self._hour = self._newest_hour()

    def _newest_hour(self) -> int:
        total, before = 0, self.pane - WINDOWS[1]
        for pane, amount, counts in reversed(self._closed):
            if pane <= before:
                break
            total += amount if counts else 0
        return total


class Lately:
    """How many acts there were within two hours, by two numbers; the older one counts by what is left of it."""

    __slots__ = ("_before", "_now", "_span")

    SPAN_MS = 120 * MINUTE_MS

    def __init__(self, span: int = 0, now: int = 0, before: int = 0) -> None:
        self._span, self._now, self._before = span, now, before

    def add(self, at_ms: int) -> int:
        """Count one act; how many there were within the span, this one included."""
        span, part = divmod(at_ms, self.SPAN_MS)
        if span != self._span:
            self._before = self._now if span == self._span + 1 else 0
            self._span, self._now = span, 0
        self._now += 1
        return self._now + self._before * (self.SPAN_MS - part) // self.SPAN_MS

    def dump(self) -> tuple[int, int, int]:
        """What it takes to make it again."""
        return self._span, self._now, self._before
