"""Where and when a job fits at one workshop, day by day."""

import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta

from master_orchestrator_agents.reference.scheduling.boards import BookingBoard, board, earliest, whole_days
from master_orchestrator_agents.reference.scheduling.need import Need, bays_for, technicians_for
from master_orchestrator_agents.reference.scheduling.network import Workshop
from master_orchestrator_agents.reference.scheduling.opening import OpeningHours, local_day
from master_orchestrator_agents.reference.scheduling.schema import SLOT_MS
from master_orchestrator_agents.reference.zoned import DAY_MS

HORIZON_MS = 90 * DAY_MS
"""How far ahead appointments are given."""
UNKNOWN_LEAD_MS = 2 * DAY_MS
"""For a part that a workshop has never stocked."""
ONE_DAY = timedelta(days=1)


@dataclass(frozen=True)
class Wish:
    """What is looked for: a start within ``from_ms .. until_ms``, or else as soon after as there is one.

    URGENT may use the share of the day that is kept for it, and does not wait for parts. ``notice_ms``: how far ahead
    of now the window begins; None: it begins when the customer wishes.
    """

    need: Need
    vehicle_id: str
    urgent: bool
    now_ms: int
    notice_ms: int | None
    from_ms: int
    until_ms: int


@dataclass(frozen=True)
class Fit:
    """A place and time at which the job can be done; ``slots``: those taken, over several days for a long job."""

    workshop_id: str
    bay: str
    technician: str
    slots: tuple[int, ...]

    @property
    def start_ms(self) -> int:
        """When it begins."""
        return self.slots[0] * SLOT_MS

    @property
    def end_ms(self) -> int:
        """When it is done."""
        return (self.slots[-1] + 1) * SLOT_MS


class WorkshopFits:
    """The fits of one wish at one workshop, read within one transaction."""

    def __init__(self, sql: sqlite3.Connection, workshop: Workshop, wish: Wish, opening: OpeningHours) -> None:
        self._sql = sql
        self._workshop = workshop
        self._wish = wish
        self._opening = opening
        self._bays = bays_for(workshop, wish.need)
        self._technicians = technicians_for(workshop, wish.need)
        self._not_before = 0

    def since(self, earliest_ms: int = 0) -> Iterator[Fit]:
        """All fits that do not overlap, in order of time; nothing before ``earliest_ms`` is known to be free."""
        if not self._bays or not self._technicians:
            return
        self._not_before = -(-max(self._wish.from_ms, self._parts_ready_ms(), earliest_ms) // SLOT_MS)
        day, last = self._day_of(self._not_before), local_day(self._workshop, self._wish.now_ms + HORIZON_MS)
        while day <= last:
            fit = self._fit_on(day)
            if fit is None:
                day += ONE_DAY
                continue
            yield fit
            self._not_before = fit.slots[-1] + 1
            day = max(day, self._day_of(self._not_before))

    def _day_of(self, slot: int) -> date:
        return local_day(self._workshop, slot * SLOT_MS)

    def _fit_on(self, day: date) -> Fit | None:
        """The first fit that begins on a day."""
        slots, length = self._opening.slots(self._workshop, day), self._wish.need.slots
        if not slots or self._not_before >= slots.stop:
            return None
        if length > len(slots):
            return self._long_fit(day)
        today = self._board(slots)
        if not self._wish.urgent and not self._leaves_room(today):
            return None
        slot = earliest(today, length, self._not_before, self._bays, self._technicians)
        if slot is None:
            return None
        start, bay, technician = slot
        return Fit(self._workshop.workshop_id, bay, technician, tuple(range(start, start + length)))

    def _leaves_room(self, day: BookingBoard) -> bool:
        """Whether URGENT keeps its share of the bays of this type and of the people with these skills."""
        length, share = self._wish.need.slots, self._workshop.urgent_share
        return all(day.has_room(length, able, urgent_share=share) for able in (self._bays, self._technicians))

    def _long_fit(self, day: date) -> Fit | None:
        """A job longer than the day begins as the workshop opens, and goes on in the same bay on the next open days."""
        length = self._wish.need.slots
        days: list[BookingBoard] = []
        taken: list[int] = []
        while len(taken) < length:
            slots = self._opening.slots(self._workshop, day)
            if slots:
                taken += slots[: length - len(taken)]
                days.append(self._board(slots))
            day += ONE_DAY
        if taken[0] < self._not_before:
            return None
        pair = whole_days(days, length, self._bays, self._technicians)
        return None if pair is None else Fit(self._workshop.workshop_id, *pair, tuple(taken))

    def _board(self, slots: range) -> BookingBoard:
        rows = self._sql.execute(
            "SELECT slot, resource_id, urgent FROM occupancy WHERE workshop_id = ? AND slot >= ? AND slot < ?",
            (self._workshop.workshop_id, slots.start, slots.stop),
        ).fetchall()
        return board(slots, rows)

    def _parts_ready_ms(self) -> int:
        """When all parts are there: now if they are on hand, else after the lead time of the slowest."""
        now_ms = self._wish.now_ms
        if self._wish.urgent:
            return now_ms
        return max((self._part_ready_ms(part) for part in self._wish.need.parts), default=now_ms)

    def _part_ready_ms(self, part: str) -> int:
        row = self._sql.execute(
            "SELECT on_hand, lead_ms FROM parts WHERE workshop_id = ? AND part = ?", (self._workshop.workshop_id, part)
        ).fetchone()
        on_hand, lead_ms = row or (0, UNKNOWN_LEAD_MS)
        return self._wish.now_ms if on_hand else self._wish.now_ms + int(lead_ms)
