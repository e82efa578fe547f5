"""Three offers over all workshops."""

import zlib
from collections.abc import Sequence

from master_orchestrator_agents.reference.scheduling.fits import Fit, Wish, WorkshopFits, horizon_ms
from master_orchestrator_agents.reference.scheduling.need import Need
from master_orchestrator_agents.reference.scheduling.network import Workshop
from master_orchestrator_agents.reference.scheduling.opening import OpeningHours
from master_orchestrator_agents.reference.sql import Sql
from master_orchestrator_schemas.vocabulary import Priority

OFFERS = 3
NEAR = 8
"""At how many of the nearest workshops the soonest time is looked for where none has one in time."""
FULL_FOR_MS = 60_000
"""How long what was found full is not looked at again, though something may have been cancelled there."""

Key = tuple[str, Need, Priority, int]
"""Workshop, need, priority, notice."""


class Search:
    """Looks for places in the store. One per agent: it remembers opening hours, and for a minute what is full.

    What it remembers is only ever too pessimistic, so it decides nothing: the store's constraints do.
    """

    def __init__(self, network: Sequence[Workshop]) -> None:
        self._network = network
        self._opening = OpeningHours()
        self._full: dict[Key, tuple[int, int]] = {}

    def use(self, network: Sequence[Workshop]) -> None:
        """Look for places in these workshops from now on."""
        if network != self._network:
            self._network = network
            self._opening.clear()
            self._full.clear()

    def offers(self, sql: Sql, wish: Wish) -> list[Fit]:
        """Up to three fits, the earliest first; empty if nothing is free within 90 days.

        One at each of the nearest workshops that have one in time; if these are fewer than three, several at one; if
        there is none, the soonest after at one of the nearest.
        """
        firsts: list[tuple[Workshop, Fit]] = []
        for workshop in by_distance(self._network, wish.vehicle_id):
            fit = self._first(sql, workshop, wish, until_ms=wish.until_ms)
            if fit is not None:
                firsts.append((workshop, fit))
            if len(firsts) == OFFERS:
                break
        firsts = firsts or self._soonest(sql, wish)
        fits = [fit for _, fit in firsts]
        for workshop, fit in firsts:
            fits += self._later(sql, workshop, wish, fit, OFFERS - len(fits))
        return sorted(fits, key=lambda fit: (fit.start_ms, fit.workshop_id))

    def at(self, sql: Sql, wish: Wish, workshop_id: str, start_ms: int) -> list[Fit]:
        """The fit that begins there and then, if there is one still."""
        for workshop in self._network:
            if workshop.workshop_id == workshop_id:
                fit = next(WorkshopFits(sql, workshop, wish, self._opening).since(start_ms), None)
                return [fit] if fit is not None and fit.start_ms == start_ms else []
        return []

    def _soonest(self, sql: Sql, wish: Wish) -> list[tuple[Workshop, Fit]]:
        """The soonest fits at the nearest workshops; at all others, if these have none at all."""
        by_way, until_ms = by_distance(self._network, wish.vehicle_id), horizon_ms(wish)
        for group in (by_way[:NEAR], by_way[NEAR:]):
            firsts = [(workshop, self._first(sql, workshop, wish, until_ms=until_ms)) for workshop in group]
            fits = [(workshop, fit) for workshop, fit in firsts if fit is not None]
            if fits:
                return sorted(fits, key=lambda entry: entry[1].start_ms)[:OFFERS]
        return []

    def _first(self, sql: Sql, workshop: Workshop, wish: Wish, *, until_ms: int) -> Fit | None:
        """The first fit at a workshop, if it begins by ``until_ms``."""
        full_ms = self._full_until(workshop, wish)
        if full_ms > until_ms:
            return None
        fit = next(WorkshopFits(sql, workshop, wish, self._opening).since(full_ms, until_ms), None)
        self._remember(workshop, wish, fit.start_ms if fit else until_ms + 1)
        return fit if fit is not None and fit.start_ms <= until_ms else None

    def _full_until(self, workshop: Workshop, wish: Wish) -> int:
        """The time before which nothing is free, as far as is known; 0: it is not."""
        if wish.notice_ms is None:
            return 0
        key = (workshop.workshop_id, wish.need, wish.priority, wish.notice_ms)
        checked_ms, full_ms = self._full.get(key, (wish.now_ms, 0))
        return full_ms if 0 <= wish.now_ms - checked_ms < FULL_FOR_MS else 0

    def _remember(self, workshop: Workshop, wish: Wish, start_ms: int) -> None:
        if wish.notice_ms is None:
            return
        key = (workshop.workshop_id, wish.need, wish.priority, wish.notice_ms)
        checked_ms, _ = self._full.get(key, (wish.now_ms, 0))
        fresh = 0 <= wish.now_ms - checked_ms < FULL_FOR_MS
        self._full[key] = (checked_ms if fresh else wish.now_ms, start_ms)

    def _later(self, sql: Sql, workshop: Workshop, wish: Wish, first: Fit, count: int) -> list[Fit]:
        """More fits after the first at a workshop."""
        if count <= 0:
            return []
        later = WorkshopFits(sql, workshop, wish, self._opening).since(first.end_ms)
        return [fit for fit, _ in zip(later, range(count), strict=False)]


def by_distance(network: Sequence[Workshop], vehicle_id: str) -> Sequence[Workshop]:
    """Positions are not known here: a vehicle is at home near one workshop, the next ones are its neighbours."""
    if not network:
        return ()
    home = zlib.crc32(vehicle_id.encode()) % len(network)
    return (*network[home:], *network[:home])
