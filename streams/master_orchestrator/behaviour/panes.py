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


class Panes:
    """The panes of one measure. A pane that has alerted is left out of the longer windows, so that it counts once."""

    __slots__ = ("_alerted", "_amount", "_closed", "_day", "_hour", "pane")

    def __init__(self) -> None:
        self.pane = -1
        self._amount = self._hour = self._day = 0  # the current pane; the closed ones of the hour, and of the day
        self._alerted = False
        self._closed: deque[tuple[int, int]] = deque()

    def add(self, amount: int) -> None:
        """Count ``amount`` in the current pane."""
        self._amount += amount

    def alert(self) -> None:
        """Leave the current pane out of the longer windows from now on."""
        self._alerted = True

    def totals(self) -> Totals:
        """The sums over each window, the current pane included."""
        own = 0 if self._alerted else self._amount
        return self._amount, self._hour + own, self._day + own

    def total_at(self, pane: int, window: int) -> int:
        """The sum over the window that ends with ``pane``, the current one or a later one; less panes that alerted."""
        first = pane - WINDOWS[window]
        own = self._amount if self.pane > first else 0
        return own + sum(amount for closed, amount in self._closed if closed > first)

    def current(self) -> tuple[int, int, bool]:
        """The pane, its amount, and whether it has alerted: what changes with each act."""
        return self.pane, self._amount, self._alerted

    def closed(self) -> list[tuple[int, int]]:
        """The panes of the day before the current one, with their amounts: what changes when a pane ends."""
        return list(self._closed)

    @classmethod
    def restored(cls, current: tuple[int, int, bool], closed: Iterable[tuple[int, int]]) -> Self:
        """The inverse of both."""
        panes = cls()
        panes.pane, panes._amount, panes._alerted = current
        panes._closed.extend((pane, amount) for pane, amount in closed)
        panes._day = sum(amount for _, amount in panes._closed)
        panes._hour = panes._newest_hour()
        return panes

    def advance(self, pane: int) -> None:
        """Close the current pane and begin ``pane``, which is later."""
        if self._amount and not self._alerted:
            self._closed.append((self.pane, self._amount))
            self._day += self._amount
        self.pane, self._amount, self._alerted = pane, 0, False
        while self._closed and self._closed[0][0] <= pane - WINDOWS[2]:
            self._day -= self._closed.popleft()[1]
        self._hour = self._newest_hour()

    def _newest_hour(self) -> int:
        total, before = 0, self.pane - WINDOWS[1]
        for pane, amount in reversed(self._closed):
            if pane <= before:
                break
            total += amount
        return total
