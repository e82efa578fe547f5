"""When each item of a plan is due: by distance, engine hours or date, whichever comes first."""

from collections.abc import Iterable, Iterator

from master_orchestrator.core.servicing.calendar import later
from master_orchestrator.core.servicing.meters import (
    DAY_MIN,
    ENGINE_HOURS,
    MINUTE_MS,
    ODOMETER,
    Gauge,
    UsageMeter,
    expected_total,
)
from master_orchestrator.core.servicing.plans import HOUR_MS, Items, ServiceItem
from master_orchestrator.core.servicing.record import DueItem, ItemRecord, ServiceRecord

MAX_DUE_MIN = 4_000_000_000
"""Minutes since 1970 that a due date is not beyond."""
MIN_PER_DAY = 0.01
"""Kilometres or hours a day; a vehicle that uses less stands still."""
MIN_USED = 0.8
"""Nothing opens, or goes along, before so much of its interval is used."""


def due_items(items: Items, record: ServiceRecord, now_min: int, at_ms: int) -> tuple[DueItem, ...]:
    """All items whose due date is known, the first due first.

    ``now_min``: by the vehicle's clock, as its meters are; ``at_ms``: by the engine's.
    """
    known = (_due(item, record, now_min, at_ms) for item in items)
    return tuple(sorted((due for due in known if due is not None), key=lambda due: (due.due_min, due.item)))


def coming(due: Iterable[DueItem], record: ServiceRecord, at_ms: int, within_ms: int) -> tuple[DueItem, ...]:
    """Those that are due within that time and not to be quiet, once most of their interval is used."""
    return tuple(
        each
        for each in due
        if each.due_ms <= at_ms + within_ms
        and each.used >= MIN_USED * each.every
        and record.of(each.item).quiet_until_min * MINUTE_MS <= at_ms
    )


def _due(item: ServiceItem, record: ServiceRecord, now_min: int, at_ms: int) -> DueItem | None:
    done, at_min = record.of(item.name), at_ms // MINUTE_MS
    first = min(_by_each(item, record, done, now_min, at_min), default=None)
    if first is None:
        return None
    due_min, by, used, every, per_day = first
    due_min = max(0, min(int(due_min), MAX_DUE_MIN))
    overdue = due_min * MINUTE_MS + item.grace_ms < at_ms
    return DueItem(item.name, due_min, by, max(0, int(used)), int(every), round(per_day, 1), overdue)


def _by_each(
    item: ServiceItem, record: ServiceRecord, done: ItemRecord, now_min: int, at_min: int
) -> Iterator[tuple[float, int, float, float, float]]:
    """By each of the item's intervals: when it is due, the place in ``BASES``, used, interval, use per day."""
    km, hours, time = item.every
    if km is not None and record.odometer is not None:
        used = _used(record.odometer, ODOMETER, now_min, done.km if done.done_min else None, item.last.odometer_km)
        yield from _by_use(record.odometer, 0, at_min, used, km)
    if hours is not None and record.engine_hours is not None:
        last_h = None if item.last.engine_hours_ms is None else item.last.engine_hours_ms / HOUR_MS
        used = _used(record.engine_hours, ENGINE_HOURS, now_min, done.hours if done.done_min else None, last_h)
        yield from _by_use(record.engine_hours, 1, at_min, used, hours)
    if time is not None:
        last_min = None if item.last.date_ms is None else item.last.date_ms // MINUTE_MS
        since_min = done.done_min or (record.since_min if last_min is None else last_min)
        due_min = later(since_min, time)
        yield due_min, 2, (at_min - since_min) / DAY_MIN, (due_min - since_min) / DAY_MIN, 1.0


def _used(meter: UsageMeter, gauge: Gauge, now_min: int, done: float | None, last: float | None) -> float:
    """What has been used since the item was done; if it never was, since ``last``, or since the first reading."""
    total = expected_total(meter, gauge, now_min)
    if done is not None:
        return total - done
    return total if last is None else total + max(0.0, meter.first - last)


def _by_use(
    meter: UsageMeter, by: int, at_min: int, used: float, every: float
) -> Iterator[tuple[float, int, float, float, float]]:
    """Nothing while it is not due and the use per day is not known."""
    left, per_day = every - used, meter.per_day if meter.is_learnt else 0.0
    if per_day >= MIN_PER_DAY:
        yield at_min + left / per_day * DAY_MIN, by, used, every, per_day
    elif left <= 0:
        yield at_min, by, used, every, per_day
