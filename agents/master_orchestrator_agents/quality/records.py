"""What is analysed: batches built, and claims. Days are proleptic ordinals (`date.toordinal`)."""

from dataclasses import dataclass
from typing import NamedTuple

MONTH_DAYS = 365.25 / 12
"""A month in service, in days: the same for all, whatever the calendar says."""


class LotKey(NamedTuple):
    """A lot of a component."""

    component: str
    lot: str


@dataclass(frozen=True, slots=True)
class Batch:
    """Units of a lot built in one month for one model; a lot has one or more. ``built_day``: the month's first day."""

    key: LotKey
    plant: str
    supplier: str
    model: str
    built_day: int
    units: int


@dataclass(frozen=True, slots=True)
class WarrantyClaim:
    """The first failure of a component in one vehicle, or ``count`` of them with the same dates.

    sold <= failed <= reported.
    """

    key: LotKey
    sold_day: int
    failed_day: int
    reported_day: int
    count: int = 1
