"""Where and when a job fits at one workshop, day by day."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta

from master_orchestrator_agents.reference.scheduling.boards import BookingBoard, earliest
from master_orchestrator_agents.reference.scheduling.need import Need, bays_for, technicians_for
from master_orchestrator_agents.reference.scheduling.network import Workshop
from master_orchestrator_agents.reference.scheduling.occupied import read_boards
from master_orchestrator_agents.reference.scheduling.opening import OpeningHours, WorkDay, local_day
from master_orchestrator_agents.reference.scheduling.parts import supply
from master_orchestrator_agents.reference.scheduling.schema import SLOT_MS
from master_orchestrator_agents.reference.sql import Sql
from master_orchestrator_agents.reference.zoned import DAY_MS
from master_orchestrator_schemas.vocabulary import Priority

HORIZON_MS = 90 * DAY_MS
"""How far ahead appointments are given, from now or from the day that the customer wishes."""
MAX_WISH_MS = 400 * DAY_MS
"""How far ahead a wish may be; for a later one there is no place yet."""
MAX_LONG_DAYS = 60
"""Within how many days a job longer than one has to be done."""
BOARDS_AT_ONCE = 4
"""How many days are read with one query."""
ONE_DAY = timedelta(days=1)
NO_TIME = timedelta()


@dataclass(frozen=True)
class Wish:
    """What is looked for: a start within ``from_ms .. until_ms``, or else as soon after as there is one.

    Each priority leaves a share of the day for what is more urgent. URGENT leaves none, may use the on-call hours, and
    does not wait for parts.
    ``notice_ms``: how far ahead of now the window begins; None: it begins when the customer wishes.
    """

    need: Need
    vehicle_id: str
    priority: Priority
    now_ms: int
    notice_ms: int | None
    from_ms: int
    until_ms: int

    @property
    def urgent(self) -> bool:
        """Whether it is URGENT."""
        return self.priority is Priority.URGENT


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

    @property
    def occupied(self) -> list[tuple[str, int]]:
        """Resource and slot of all that it takes."""
        return [(resource, slot) for slot in self.slots for resource in (self.bay, self.technician)]


def horizon_ms(wish: Wish) -> int:
    """Until when an appointment may begin."""
    return max(wish.now_ms, wish.from_ms) + HORIZON_MS


class WorkshopFits:
    """The fits of one wish at one workshop, read within one transaction."""

    def __init__(self, sql: Sql, workshop: Workshop, wish: Wish, opening: OpeningHours) -> None:
        self._sql = sql
        self._workshop = workshop
        self._wish = wish
        self._opening = opening
        self._bays = bays_for(workshop, wish.need)
        self._lengths = technicians_for(workshop, wish.need)
        self._boards: dict[date, BookingBoard] = {}
        self._not_before = 0

    def since(self, earliest_ms: int = 0, until_ms: int | None = None) -> Iterator[Fit]:
        """All fits that do not overlap, in order of time; nothing before ``earliest_ms`` is known to be free.

        ``until_ms``: later days are not looked at; None: as far ahead as appointments are given.
        """
        wish = self._wish
        if not self._bays or not self._lengths or wish.from_ms > wish.now_ms + MAX_WISH_MS:
            return
        self._not_before = -(-max(self._wish.from_ms, self._parts_ready_ms(), earliest_ms) // SLOT_MS)
        day, last = (
            self._day_of(self._not_before),
            local_day(self._workshop, horizon_ms(wish) if until_ms is None else until_ms),
        )
        if self._wish.urgent:
            day -= ONE_DAY  # its on-call hours may go on past midnight
        while day <= last:
            fit = self._fit_on(day)
            if fit is None:
                day += ONE_DAY
                continue
            yield fit
            self._not_before = fit.slots[-1] + 1
            day = max(day, self._day_of(self._not_before) - (ONE_DAY if self._wish.urgent else NO_TIME))

    def _day_of(self, slot: int) -> date:
        return local_day(self._workshop, slot * SLOT_MS)

    def _fit_on(self, day: date) -> Fit | None:
        """The first fit that begins on a day."""
        hours = self._hours(day)
        if not hours.slots or self._not_before >= hours.slots.stop:
            return None
        within_a_day = {who: need for who, need in self._lengths.items() if need <= hours.of(who).bit_count()}
        if not within_a_day:
            return self._long_fit(day)
        today = self._board(day)
        if not self._wish.urgent and not self._leaves_room(today, within_a_day):
            return None
        place = earliest(today, within_a_day, self._not_before, self._bays)
        if place is None:
            return None
        start, bay, technician = place
        taken = range(start, start + within_a_day[technician])
        return Fit(self._workshop.workshop_id, bay, technician, tuple(taken))

    def _leaves_room(self, day: BookingBoard, lengths: Mapping[str, int]) -> bool:
        """Whether what is more urgent keeps its share of the bays of this type and of the people with these skills."""
        length, left = max(lengths.values()), self._workshop.share_left_by(self._wish.priority)
        return all(day.has_room(length, able, left=left) for able in (self._bays, lengths))

    def _long_fit(self, day: date) -> Fit | None:
        """A job longer than the day takes all of it, and goes on in the same bay with the same technician."""
        pairs = ((bay, who) for who in self._lengths for bay in self._bays)
        fits = (self._long_fit_of(day, bay, who) for bay, who in pairs)
        return next((fit for fit in fits if fit is not None), None)

    def _long_fit_of(self, day: date, bay: str, technician: str) -> Fit | None:
        taken: list[int] = []
        for number in range(MAX_LONG_DAYS):
            today = self._board(day + number * ONE_DAY)
            work = today.hours.of(technician) & today.hours.bays
            slots = [slot for bit, slot in enumerate(today.slots) if work >> bit & 1]
            slots = slots[: self._lengths[technician] - len(taken)]
            if not number and (not slots or slots[0] < self._not_before):
                return None
            free = today.free(bay) & today.free(technician)
            if not all(free >> (slot - today.slots.start) & 1 for slot in slots):
                return None
            taken += slots
            if len(taken) == self._lengths[technician]:
                return Fit(self._workshop.workshop_id, bay, technician, tuple(taken))
        return None

    def _hours(self, day: date) -> WorkDay:
        return self._opening.day(self._workshop, day, urgent=self._wish.urgent)

    def _board(self, day: date) -> BookingBoard:
        if day not in self._boards:
            week = {day + number * ONE_DAY: self._hours(day + number * ONE_DAY) for number in range(BOARDS_AT_ONCE)}
            self._boards |= read_boards(self._sql, self._workshop.workshop_id, week)
        return self._boards[day]

    def _parts_ready_ms(self) -> int:
        """When all parts are there; URGENT does not wait for them."""
        now_ms, where = self._wish.now_ms, self._workshop.workshop_id
        if self._wish.urgent:
            return now_ms
        parts = self._wish.need.parts
        return max((supply(self._sql, where, part, now_ms).ready_ms for part in parts), default=now_ms)
