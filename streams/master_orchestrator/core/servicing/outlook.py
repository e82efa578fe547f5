"""What is known of each item of a vehicle's plan, whether or not its due date is."""

from typing import NamedTuple

from master_orchestrator.core.servicing.due import due_items
from master_orchestrator.core.servicing.meters import MINUTE_MS
from master_orchestrator.core.servicing.plans import Items, ServiceItem
from master_orchestrator.core.servicing.record import DueItem, ItemRecord, ServiceRecord

LATE_MIN = 60


class ItemOutlook(NamedTuple):
    """``known``: when it was last done. ``due`` None: the use per day is not known yet, or the meter is not sent."""

    item: ServiceItem
    known: ItemRecord
    due: DueItem | None


def outlook(items: Items, record: ServiceRecord, now_ms: int) -> tuple[ItemOutlook, ...]:
    """All items of a plan, the first due first, those without a due date last, in the plan's order."""
    due = {each.item: each for each in due_items(items, record, record.looked_min, _as_of_ms(record, now_ms))}
    by_name = {item.name: item for item in items}
    ordered = [by_name[name] for name in due] + [item for item in items if item.name not in due]
    return tuple(ItemOutlook(item, record.of(item.name), due.get(item.name)) for item in ordered)


def _as_of_ms(record: ServiceRecord, now_ms: int) -> int:
    """When the meters were looked at, since a vehicle that is silent is not taken to stand still.

    Readings that are older than the first look at the plan came late: their time says nothing about today.
    """
    return record.looked_min * MINUTE_MS if record.looked_min >= record.since_min - LATE_MIN else now_ms
