"""What is usual: the greatest total of a window that was seen at the same time of day over four weeks."""

from collections.abc import Sequence
from typing import Any, Self

from master_orchestrator.behaviour.acts import DAY_MS, HOUR_MS
from master_orchestrator.behaviour.panes import HOUR_WINDOW, PANE_MS, WINDOWS, Panes, Totals
from master_orchestrator_schemas.vocabulary import ActorKind

WEEKS_KEPT = 4
WEEK_MS = 7 * DAY_MS
DAY_WINDOW = len(WINDOWS) - 1
HELD_PANES = WINDOWS[DAY_WINDOW]
"""A total is usual a day later: else what rises within a day, from window to window, would raise its own ceilings."""
MONDAY_OFFSET_DAYS = 3
"""The first day of Unix time was a Thursday, the fourth day of a week that begins on Monday."""

FLOORS = (5, 8, 25)
"""Acts per window that are never too many."""
ROW_FLOOR = 40
CRITICAL_STAKE = 4
"""From this stake (weight of the action times criticality) on, the floors are lower."""

WeekSlot = tuple[bool, int]
"""Whether it is a weekend, and the hour of day, UTC."""

ANY_HOUR_KINDS = frozenset({ActorKind.OPERATOR, ActorKind.CLIENT, ActorKind.GATEWAY})
"""Kinds that keep no hours of their own."""


def slot_of(at_ms: int) -> WeekSlot:
    """The slot of a time."""
    day = (at_ms // DAY_MS + MONDAY_OFFSET_DAYS) % 7
    return day >= 5, at_ms // HOUR_MS % 24


Weeks = dict[int, int]
"""The greatest total of each of the newest weeks."""


class Greatest:
    """The greatest total of one window, per slot and of any hour, week by week."""

    __slots__ = ("_any", "_by_slot", "_held", "_weekends")

    def __init__(self) -> None:
        self._held: list[tuple[int, int]] = []
        """Windows that are not learnt yet: the pane that they ended with, and their total."""
        self._any: Weeks = {}
        self._by_slot: dict[WeekSlot, Weeks] = {}
        self._weekends: set[bool] = set()
        """Whether the slots are those of weekends, of other days, or of both."""

    def learn(self, at_ms: int, total: int, *, by_hour: bool = True) -> None:
        """Take in the total of a window that ended at ``at_ms``; ``by_hour``: of its hour, too."""
        week = at_ms // WEEK_MS
        _learn(self._any, week, total)
        if by_hour:
            slot = slot_of(at_ms)
            if (weeks := self._by_slot.get(slot)) is None:
                weeks = self._by_slot[slot] = {}
                self._weekends.add(slot[0])
            _learn(weeks, week, total)

    def hold(self, pane: int, total: int, span: int) -> None:
        """Keep the total of a window that ended with ``pane`` for :meth:`release`; of ``span`` panes the greatest."""
        if not self._held or self._held[-1][0] // span < pane // span:
            self._held.append((pane, total))
        elif total >= self._held[-1][1]:
            self._held[-1] = (pane, total)

    def release(self, pane: int, *, by_hour: bool) -> None:
        """Learn what was held and ended a day before ``pane``."""
        while self._held and self._held[0][0] <= pane - HELD_PANES:
            ended, total = self._held.pop(0)
            self.learn(ended * PANE_MS, total, by_hour=by_hour)

    def same_hour(self, at_ms: int) -> int:
        """The greatest of the same hour, one hour more or less; of all days where these days are new to the actor."""
        weekend, hour = slot_of(at_ms)
        days = weekend if weekend in self._weekends else not weekend
        greatest = 0
        for near in (hour - 1, hour, hour + 1):
            weeks = self._by_slot.get((days, near % 24))
            if weeks is not None:
                greatest = max(greatest, _newest(weeks, at_ms))
        return greatest

    def any_hour(self, at_ms: int) -> int:
        """The greatest of any hour."""
        return _newest(self._any, at_ms)

    def size(self) -> int:
        """How many numbers it holds."""
        return len(self._any) + sum(map(len, self._by_slot.values())) + len(self._held)

    def dump(self) -> list[Any]:
        """As plain values, in an order of their own."""
        return [
            sorted(self._any.items()),
            [[*slot, sorted(weeks.items())] for slot, weeks in sorted(self._by_slot.items())],
            self._held,
        ]

    @classmethod
    def restored(cls, dumped: Sequence[Any]) -> Self:
        """The inverse of :meth:`dump`."""
        greatest = cls()
        newest, by_slot, held = dumped
        greatest._any = dict(map(tuple, newest))
        greatest._by_slot = {(weekend, hour): dict(map(tuple, weeks)) for weekend, hour, weeks in by_slot}
        greatest._held = list(map(tuple, held))
        greatest._weekends = {weekend for weekend, _ in greatest._by_slot}
        return greatest


def _learn(weeks: Weeks, week: int, total: int) -> None:
    """Take in a total, and forget the weeks that are too old."""
    weeks[week] = max(total, weeks.get(week, 0))
    while (oldest := min(weeks)) < week - WEEKS_KEPT:
        del weeks[oldest]


def _newest(weeks: Weeks, at_ms: int) -> int:
    """The greatest of the weeks that still count."""
    oldest, greatest = at_ms // WEEK_MS - WEEKS_KEPT, 0
    for week, total in weeks.items():
        if total > greatest and week >= oldest:
            greatest = total
    return greatest


def _by_hour(window: int, kind: ActorKind) -> bool:
    """Whether what is usual in a window depends on the hour."""
    return window != DAY_WINDOW and kind not in ANY_HOUR_KINDS


class Meter:
    """One measure of one (action, resource) pair: its windows, and the greatest total of each that counts as usual."""

    __slots__ = ("_ceilings", "_greatest", "_learns_all", "_of_rows", "changed", "panes")

    def __init__(self, *, of_rows: bool) -> None:
        self.panes = Panes()
        self._of_rows = of_rows
        self._greatest = tuple(Greatest() for _ in WINDOWS)
        self._ceilings: tuple[float, ...] = (0.0,) * len(WINDOWS)
        self._learns_all = False
        self.changed = False
        """Whether what is usual has changed since this was last set to False."""

    def add(
        self, at_ms: int, amount: int, *, stake: float, kind: ActorKind, factor: float, learning: bool, least: int = 0
    ) -> None:
        """Count ``amount``. A window that ends is learnt if nothing in it was unusual, or while ``learning``.

        ``least``: what is never too much, whatever has been seen.
        """
        pane = at_ms // PANE_MS
        if pane > self.panes.pane:
            self.changed = True
            self._learn(self.panes.totals(), pane, kind)
            self.panes.advance(pane)
            self._ceilings = tuple(
                [factor * max(least, self._ceiling(window, at_ms, stake, kind)) for window in range(len(WINDOWS))]
            )
        self._learns_all = learning
        self.panes.add(amount)

    def excesses(self) -> tuple[float, ...]:
        """How many times its ceiling each window holds."""
        return tuple([total / limit for total, limit in zip(self.panes.totals(), self._ceilings, strict=True)])

    def greatest(self, at_ms: int) -> int:
        """The greatest learnt total of ten minutes, of any hour."""
        return self._greatest[0].any_hour(at_ms)

    def usual(self, window: int) -> tuple[int, float, int]:
        """What window ``window`` holds, its ceiling, and the greatest learnt total of any hour."""
        at_ms = self.panes.pane * PANE_MS
        return self.panes.totals()[window], self._ceilings[window], self._greatest[window].any_hour(at_ms)

    def is_late_job(self) -> bool:
        """Whether it usually comes all at once, and no more of it came within a day than may: only the hour is new."""
        at_ms, day = self.panes.pane * PANE_MS, self._greatest[DAY_WINDOW]
        at_once = 2 * self._greatest[HOUR_WINDOW].any_hour(at_ms) >= day.any_hour(at_ms) > 0
        return at_once and self.panes.totals()[DAY_WINDOW] <= self._ceilings[DAY_WINDOW]

    def learn_benign(self, at_ms: int, total: int, window: int, kind: ActorKind) -> None:
        """Take in a total that was above its ceiling and that somebody has said to be benign."""
        self.changed = True
        self._greatest[window].learn(at_ms, total, by_hour=_by_hour(window, kind))

    def size(self) -> int:
        """How many numbers what is usual takes."""
        return sum(greatest.size() for greatest in self._greatest) + len(self.panes.closed())

    def dump_current(self) -> list[Any] | None:
        """What changes with each act; None before the first."""
        return [*self.panes.current(), self._learns_all] if self.panes.pane >= 0 else None

    def dump_usual(self) -> list[Any] | None:
        """What changes when a pane ends; None before the first."""
        if self.panes.pane < 0:
            return None
        return [self.panes.closed(), self._ceilings, [greatest.dump() for greatest in self._greatest]]

    @classmethod
    def restored(cls, current: Sequence[Any] | None, usual: Sequence[Any] | None, *, of_rows: bool) -> Self:
        """The inverse of both."""
        meter = cls(of_rows=of_rows)
        if current is None or usual is None:
            return meter
        pane, amount, alerted, meter._learns_all = current
        closed, ceilings, greatest = usual
        meter.panes = Panes.restored((pane, amount, alerted), closed)
        meter._ceilings = tuple(ceilings)
        meter._greatest = tuple(map(Greatest.restored, greatest))
        return meter

    def _learn(self, totals: Totals, next_pane: int, kind: ActorKind) -> None:
        pane = self.panes.pane
        for window, (greatest, total, limit) in enumerate(zip(self._greatest, totals, self._ceilings, strict=True)):
            by_hour = _by_hour(window, kind)
            if total and self._learns_all:
                greatest.learn(pane * PANE_MS, total, by_hour=by_hour)
            elif total and total <= limit:
                greatest.hold(pane, total, max(WINDOWS[HOUR_WINDOW], WINDOWS[window]))
            greatest.release(next_pane, by_hour=by_hour)

    def _ceiling(self, window: int, at_ms: int, stake: float, kind: ActorKind) -> float:
        greatest = self._greatest[window]
        usual = greatest.same_hour(at_ms) if _by_hour(window, kind) else greatest.any_hour(at_ms)
        if self._of_rows:
            return float(max(ROW_FLOOR, 3 * usual))
        floor = FLOORS[window] * (0.7 if stake >= CRITICAL_STAKE else 1) * (3 if kind is ActorKind.CLIENT else 1)
        return max(floor, 1.5 * usual + 2)
