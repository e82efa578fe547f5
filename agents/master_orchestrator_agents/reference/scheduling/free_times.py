"""Times that an owner may choose from, before anything is booked; none is held, since an answer may take hours."""

from collections.abc import Sequence

from master_orchestrator_agents.reference.scheduling.fits import Wish
from master_orchestrator_agents.reference.scheduling.jobs import NOTICE_MS
from master_orchestrator_agents.reference.scheduling.need import need_of
from master_orchestrator_agents.reference.scheduling.search import Search
from master_orchestrator_agents.reference.scheduling.store import SchedulingStore
from master_orchestrator_agents.reference.zoned import DAY_MS
from master_orchestrator_schemas.facts import Offer
from master_orchestrator_schemas.tasks import CustomerEngagementTask
from master_orchestrator_schemas.vocabulary import Priority

WITHIN_MS = {Priority.URGENT: DAY_MS, Priority.HIGH: 2 * DAY_MS, Priority.SCHEDULED: 14 * DAY_MS}
"""How far ahead an offer may be; 90 days for less urgent ones."""


class FreeTimes:
    """Looks into SCHEDULING's books. The time that is chosen is asked for there (``SchedulingTask.chosen``)."""

    def __init__(self, store: SchedulingStore) -> None:
        self._store = store
        self._search = Search(store.network)

    def offers(self, vehicle_id: str, given: CustomerEngagementTask, now_ms: int) -> Sequence[Offer]:
        """At most three free times, the earliest first; ``held_until_ms`` is ``now_ms``."""
        notice_ms = NOTICE_MS[given.priority]
        with self._store.database.read() as sql:
            self._store.refresh(sql, now_ms)
            self._search.use(self._store.network)
            wish = Wish(
                need=need_of(given.operations, self._store.network),
                vehicle_id=vehicle_id,
                priority=given.priority,
                now_ms=now_ms,
                notice_ms=notice_ms,
                from_ms=now_ms + notice_ms,
                until_ms=now_ms + WITHIN_MS.get(given.priority, 90 * DAY_MS),
            )
            fits = self._search.offers(sql, wish)
        return [
            Offer(workshop_id=fit.workshop_id, start_ms=fit.start_ms, end_ms=fit.end_ms, held_until_ms=now_ms)
            for fit in fits
        ]
