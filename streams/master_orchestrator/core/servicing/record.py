"""What is remembered of a vehicle's regular service, and what a workflow knows of the items that it is to do."""

from typing import Any

import msgspec

from master_orchestrator.core.servicing.meters import MINUTE_MS, UsageMeter

LOOK_MS = 3_600_000
"""How often the meters are looked at."""
BASES = ("distance", "engine_hours", "date")
"""What an item can be due by; its amounts are in km, hours and days."""


class DueItem(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """An item with the time at which it is due, and what that rests on.

    Args:
        item: its name.
        due_min: when it is due, minutes since 1970 UTC.
        by: its place in ``BASES``.
        used, every: since it was last done, and its interval.
        per_day: what the vehicle uses a day.
        overdue: it is past due, its grace included.
    """

    item: str
    due_min: int
    by: int
    used: int
    every: int
    per_day: float
    overdue: bool = False

    @property
    def due_ms(self) -> int:
        """When it is due, milliseconds since 1970 UTC."""
        return self.due_min * MINUTE_MS

    @property
    def fields(self) -> dict[str, Any]:
        """As messages have it."""
        return {
            "item": self.item,
            "due_ms": self.due_ms,
            "by": BASES[self.by],
            "used": self.used,
            "every": self.every,
            "per_day": self.per_day,
            "overdue": self.overdue,
        }


class ItemRecord(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """When an item was last done, and until when it opens nothing. Times are minutes since 1970 UTC; 0: never.

    ``km``, ``hours``: what had been used by then (``UsageMeter.total``).
    """

    item: str
    done_min: int = 0
    km: float = 0.0
    hours: float = 0.0
    quiet_until_min: int = 0


class ServiceRecord(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """Regular service of a vehicle that has a plan.

    Args:
        since_min: when the plan was first looked at, minutes since 1970 UTC.
        look_ms: when the meters are looked at again, by the vehicle's clock.
        items: those that were done, or are to be quiet.
    """

    since_min: int
    look_ms: int
    odometer: UsageMeter | None = None
    engine_hours: UsageMeter | None = None
    items: tuple[ItemRecord, ...] = ()

    @property
    def looked_min(self) -> int:
        """When the meters were looked at last, by the vehicle's clock."""
        return (self.look_ms - LOOK_MS) // MINUTE_MS

    def of(self, item: str) -> ItemRecord:
        """What is remembered of an item."""
        return next((record for record in self.items if record.item == item), ItemRecord(item))
