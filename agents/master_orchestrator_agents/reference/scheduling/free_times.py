"""Times that an owner may choose from: held while the contact that shows them waits for its answer.

The contacts of one conversation show the same times, so that "the second" means the same in each, and hold them on.
SCHEDULING takes over the one that is chosen and gives the others back.
"""

from collections.abc import Iterable, Sequence

from master_orchestrator_agents.reference.scheduling.fits import Fit, Wish
from master_orchestrator_agents.reference.scheduling.jobs import NOTICE_MS
from master_orchestrator_agents.reference.scheduling.need import Need, bays_for, need_of, technicians_for
from master_orchestrator_agents.reference.scheduling.search import Search
from master_orchestrator_agents.reference.scheduling.store import (
    EVERYBODY,
    HOLD_MS,
    SchedulingStore,
    drop_expired_holds,
    drop_holds,
    hold,
    holds_of,
    keep_holds,
    shown_in,
)
from master_orchestrator_agents.reference.sql import Sql
from master_orchestrator_agents.reference.zoned import DAY_MS
from master_orchestrator_agents.task import Task
from master_orchestrator_schemas.facts import Offer
from master_orchestrator_schemas.tasks import CustomerEngagementTask
from master_orchestrator_schemas.vocabulary import Priority

WITHIN_MS = {Priority.URGENT: DAY_MS, Priority.HIGH: 2 * DAY_MS, Priority.SCHEDULED: 14 * DAY_MS}
"""How far ahead an offer may be; 90 days for less urgent ones."""


class FreeTimes:
    """Holds times in SCHEDULING's books. The one that is chosen is asked for there (``SchedulingTask.chosen``)."""

    def __init__(self, store: SchedulingStore) -> None:
        self._store = store
        self._search = Search(store.network)

    def offers(self, task: Task, given: CustomerEngagementTask, until_ms: int) -> Sequence[Offer]:
        """At most three, the earliest first; none begins before ``until_ms``.

        They are held until then and 15 minutes more, in which the answer reaches SCHEDULING.
        """
        holder, held_until_ms = shown_in(task.workflow_id), until_ms + HOLD_MS
        with self._store.database.write() as sql:
            self._store.refresh(sql, task.issued_at_ms)
            self._search.use(self._store.network)
            need = need_of(given.operations, self._store.network)
            with task.access("delete", "appointment", entity=EVERYBODY):
                drop_expired_holds(sql, task.issued_at_ms)
            fits = list(holds_of(sql, holder).values())
            with task.access("write", "appointment", rows=3):
                if fits and self._suit(fits, need, until_ms):
                    keep_holds(sql, holder, held_until_ms)
                else:
                    drop_holds(sql, holder)
                    fits = self._free(sql, task, given, need, until_ms)
                    hold(sql, task, fits, urgent=False, holder=holder, until_ms=held_until_ms)
        return [
            Offer(workshop_id=fit.workshop_id, start_ms=fit.start_ms, end_ms=fit.end_ms, held_until_ms=held_until_ms)
            for fit in fits
        ]

    def _suit(self, fits: Iterable[Fit], need: Need, until_ms: int) -> bool:
        """Whether the times that are held are for this work, as the diagnosis is now, and none comes too soon."""
        network = {workshop.workshop_id: workshop for workshop in self._store.network}
        return all(
            fit.start_ms >= until_ms
            and fit.bay in bays_for(network[fit.workshop_id], need)
            and technicians_for(network[fit.workshop_id], need).get(fit.technician) == len(fit.slots)
            for fit in fits
        )

    def _free(self, sql: Sql, task: Task, given: CustomerEngagementTask, need: Need, until_ms: int) -> list[Fit]:
        now_ms = task.issued_at_ms
        from_ms = max(now_ms + NOTICE_MS[given.priority], until_ms)
        wish = Wish(
            need=need,
            vehicle_id=task.vehicle_id,
            priority=given.priority,
            now_ms=now_ms,
            notice_ms=from_ms - now_ms,
            from_ms=from_ms,
            until_ms=now_ms + WITHIN_MS.get(given.priority, 90 * DAY_MS),
        )
        return self._search.offers(sql, wish)
