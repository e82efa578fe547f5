"""Three offers over all workshops."""

import sqlite3
import zlib
from collections.abc import Sequence
from dataclasses import replace
from datetime import date

from master_orchestrator_agents.reference.scheduling.fits import Fit, Wish, WorkshopFits
from master_orchestrator_agents.reference.scheduling.need import Need
from master_orchestrator_agents.reference.scheduling.network import Workshop
from master_orchestrator_agents.reference.scheduling.opening import Opening, local_day
from master_orchestrator_agents.reference.zoned import DAY_MS

OFFERS = 3
HORIZON_MS = 90 * DAY_MS
"""How far ahead appointments are given."""
FULL_FOR_MS = 60_000
"""How long a day that was found full is not looked at again, though something may have been cancelled there."""


class Search:
    """Looks for places in the store. One per agent: it remembers opening hours, and for a minute which days are full.

    What it remembers is only ever too pessimistic, so it decides nothing: the store's constraints do.
    """

    def __init__(self, network: Sequence[Workshop]) -> None:
        self._network = network
        self._opening = Opening()
        self._full: dict[tuple[str, Need, bool, int], tuple[int, date | None]] = {}

    def offers(self, sql: sqlite3.Connection, wish: Wish) -> list[Fit]:
        """Up to three fits, the earliest first; if nothing is free in time, the window is doubled."""
        horizon_ms = wish.now_ms + HORIZON_MS
        while True:
            found = self._offers_within(sql, wish)
            if found or wish.until_ms >= horizon_ms:
                return found
            until_ms = wish.until_ms + max(wish.until_ms - wish.from_ms, DAY_MS)
            wish = replace(wish, until_ms=min(until_ms, horizon_ms))

    def _offers_within(self, sql: sqlite3.Connection, wish: Wish) -> list[Fit]:
        """One fit at each of the nearest workshops that have one; if these are fewer than three, several at one."""
        firsts: list[tuple[Workshop, Fit]] = []
        for workshop in self._by_distance(wish.vehicle_id):
            first = self._first(sql, workshop, wish)
            if first is not None:
                firsts.append((workshop, first))
            if len(firsts) == OFFERS:
                break
        found = [fit for _, fit in firsts]
        for workshop, first in firsts:
            found += self._later(sql, workshop, wish, first, OFFERS - len(found))
        return sorted(found, key=lambda fit: (fit.start_ms, fit.workshop_id))

    def _by_distance(self, vehicle_id: str) -> Sequence[Workshop]:
        """Positions are not known here: a vehicle is at home near one workshop, the next ones are its neighbours."""
        if not self._network:
            return ()
        home = zlib.crc32(vehicle_id.encode()) % len(self._network)
        return (*self._network[home:], *self._network[:home])

    def _first(self, sql: sqlite3.Connection, workshop: Workshop, wish: Wish) -> Fit | None:
        """The first fit at a workshop, with what is known of its full days."""
        fits = WorkshopFits(sql, workshop, wish, self._opening)
        if wish.notice_ms is None:
            return next(fits.from_day(), None)
        key = (workshop.workshop_id, wish.need, wish.urgent, wish.notice_ms)
        checked_ms, free_from = self._full.get(key, (wish.now_ms - FULL_FOR_MS, None))
        fresh = 0 <= wish.now_ms - checked_ms < FULL_FOR_MS
        fit = next(fits.from_day(free_from if fresh else None), None)
        free_from = local_day(workshop, wish.until_ms) if fit is None else fits.day_of(fit)
        self._full[key] = (checked_ms if fresh else wish.now_ms, free_from)
        return fit

    def _later(self, sql: sqlite3.Connection, workshop: Workshop, wish: Wish, first: Fit, wanted: int) -> list[Fit]:
        """More fits after the first at a workshop."""
        if wanted <= 0:
            return []
        fits = WorkshopFits(sql, workshop, wish, self._opening)
        later = (fit for fit in fits.from_day(fits.day_of(first)) if fit.slots[0] > first.slots[-1])
        return [fit for fit, _ in zip(later, range(wanted), strict=False)]
