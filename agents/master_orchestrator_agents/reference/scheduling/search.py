"""Three offers over all workshops."""

import zlib
from collections.abc import Sequence

from master_orchestrator_agents.reference.scheduling.fits import HORIZON_MS, Fit, Wish, WorkshopFits, horizon_ms
from master_orchestrator_agents.reference.scheduling.need import Need
from master_orchestrator_agents.reference.scheduling.network import Workshop
from master_orchestrator_agents.reference.scheduling.opening import OpeningHours
from master_orchestrator_agents.reference.sql import Sql
from master_orchestrator_schemas.vocabulary import Priority

OFFERS = 3
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
        there is none, the soonest after.
        """
        late: list[tuple[int, Workshop]] = []
        firsts: list[tuple[Workshop, Fit]] = []
        for workshop in by_distance(self._network, wish.vehicle_id):
            start_ms, fit = self._first(sql, workshop, wish, until_ms=wish.until_ms)
            if fit is None:
                late.append((start_ms, workshop))
            else:
                firsts.append((workshop, fit))
            if len(firsts) == OFFERS:
                break
        if not firsts:
            firsts = self._soonest(sql, late, wish)
        fits = [fit for _, fit in firsts]
        for workshop, fit in firsts:
            fits += self._later(sql, workshop, wish, fit, OFFERS - len(fits))
        return sorted(fits, key=lambda fit: (fit.start_ms, fit.workshop_id))

    def _soonest(self, sql: Sql, late: Sequence[tuple[int, Workshop]], wish: Wish) -> list[tuple[Workshop, Fit]]:
        """The first fits at the workshops that have one soonest."""
        until_ms = horizon_ms(wish)
        nearest = [workshop for _, workshop in sorted(late, key=lambda entry: entry[0])[:OFFERS]]
        fits = [(workshop, self._first(sql, workshop, wish, until_ms=until_ms)[1]) for workshop in nearest]
        return [(workshop, fit) for workshop, fit in fits if fit is not None]

    def _first(self, sql: Sql, workshop: Workshop, wish: Wish, *, until_ms: int) -> tuple[int, Fit | None]:
        """The first fit at a workshop, if it begins by ``until_ms``, and the time before which there is none."""
        full_ms = self._full_until(workshop, wish)
        if full_ms > until_ms:
            return full_ms, None
        fit = next(WorkshopFits(sql, workshop, wish, self._opening).since(full_ms), None)
        start_ms = fit.start_ms if fit else wish.now_ms + 2 * HORIZON_MS
        self._remember(workshop, wish, start_ms)
        return start_ms, fit if start_ms <= until_ms else None

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
