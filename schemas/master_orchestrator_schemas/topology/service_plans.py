"""The ``service_plans`` section: what is due regularly, by distance, engine hours or date, whichever comes first.

A plan is a list of items. A model has one plan; a vehicle may have another one, and exceptions of its own.
"""

import re
from collections.abc import Mapping
from datetime import UTC, date, datetime
from typing import Annotated, Any, NamedTuple, Self

from pydantic import BeforeValidator, Field, StringConstraints, WithJsonSchema, model_validator

from master_orchestrator_schemas.signal_names import SignalName
from master_orchestrator_schemas.triage_rules import ModelName
from master_orchestrator_schemas.units import DURATION_PATTERN, Duration, Terms, parse_duration, shown

KM_PER_UNIT = {"km": 1.0, "mi": 1.609344}
DISTANCE_PATTERN = r"^[1-9][0-9]{0,8}(km|mi)$"
SHOWN_PATTERN = r"^(0|[1-9][0-9]{0,8})(km|mi)$"
"""Of what an odometer showed: that of a new vehicle shows 0km."""
TIME_PATTERN = r"^[1-9][0-9]{0,3}(d|mo|y)$"
ANY_MODEL = "*"
"""In ``models``: every model that is not named, and vehicles without one."""
MAX_ITEMS = 8
"""Of one vehicle; its state has room for as many."""
INTERVALS = ("distance", "engine_hours", "time")

ItemName = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,23}$")]
PlanName = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,39}$")]
VehicleName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9._:-]{1,64}$")]
Word = Annotated[str, StringConstraints(min_length=1, max_length=40)]
PartName = Annotated[str, StringConstraints(min_length=1, max_length=24)]


class CalendarTime(NamedTuple):
    """Days and months. Months are those of the calendar: two years of them may be 730 or 731 days."""

    days: int = 0
    months: int = 0


TIME_UNITS = {"d": CalendarTime(days=1), "mo": CalendarTime(months=1), "y": CalendarTime(months=12)}


def parse_time(value: Any) -> CalendarTime:
    """Of ``90d``, ``24mo`` or ``2y``. Raises ``ValueError``."""
    if not isinstance(value, str) or not (match := re.fullmatch(TIME_PATTERN, value)):
        raise ValueError(f"{shown(value)} is not a length of time; write a whole number with d, mo or y: 24mo")
    unit = match.group(1)
    number = int(value.removesuffix(unit))
    return CalendarTime(*(number * each for each in TIME_UNITS[unit]))


def parse_distance(value: Any) -> float:
    """Kilometres of ``15000km`` or ``10000mi``. Raises ``ValueError``."""
    return _kilometres(value, DISTANCE_PATTERN)


def parse_shown(value: Any) -> float:
    """The same of what an odometer showed, ``0km`` too. Raises ``ValueError``."""
    return _kilometres(value, SHOWN_PATTERN)


def _kilometres(value: Any, pattern: str) -> float:
    if not isinstance(value, str) or not re.fullmatch(pattern, value):
        raise ValueError(f"{shown(value)} is not a distance; write a whole number with km or mi: 15000km")
    return int(value[:-2]) * KM_PER_UNIT[value[-2:]]


def parse_hours(value: Any) -> int:
    """Milliseconds of ``500h``. Raises ``ValueError``."""
    try:
        return parse_duration(value)
    except ValueError:
        raise ValueError(f"{shown(value)} is not engine hours; write a whole number with h: 500h") from None


def parse_day(value: Any) -> int:
    """Milliseconds since 1970 of a day's beginning (UTC). Raises ``ValueError``."""
    try:
        day = value if type(value) is date else date.fromisoformat(value)
    except (TypeError, ValueError):
        raise ValueError(f"{shown(value)} is not a day; write YYYY-MM-DD: 2026-03-01") from None
    if day.year < 1970:
        raise ValueError(f"{day} is before 1970; write the day of the last service: 2026-03-01")
    return int(datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp()) * 1000


Distance = Annotated[
    float, BeforeValidator(parse_distance), WithJsonSchema({"type": "string", "pattern": DISTANCE_PATTERN})
]
"""Kilometres, written with a unit."""

Shown = Annotated[float, BeforeValidator(parse_shown), WithJsonSchema({"type": "string", "pattern": SHOWN_PATTERN})]
"""The same of what an odometer showed."""

EngineHours = Annotated[
    int, BeforeValidator(parse_hours), WithJsonSchema({"type": "string", "pattern": DURATION_PATTERN})
]
"""Milliseconds, written with a unit."""

Time = Annotated[CalendarTime, BeforeValidator(parse_time), WithJsonSchema({"type": "string", "pattern": TIME_PATTERN})]
"""Days or months, written with a unit."""

Day = Annotated[int, BeforeValidator(parse_day), WithJsonSchema({"type": "string", "format": "date"})]
"""Milliseconds since 1970 of a day's beginning (UTC), written as YYYY-MM-DD."""


class LastService(Terms):
    """When an item was last done, where no workshop has told: the day, and what the vehicle's meters showed."""

    date_ms: Day | None = Field(default=None, alias="date")
    odometer_km: Shown | None = Field(default=None, alias="odometer")
    engine_hours_ms: EngineHours | None = Field(default=None, alias="engine_hours")


class ItemTerms(Terms):
    """One thing to be done regularly, and the work it is. At least one interval; what comes first counts.

    Args:
        distance_km, engine_hours_ms, time: the intervals. Engine hours are written with a unit: ``500h``.
        grace_ms: how long after it is due it still counts as in time.
        labour_hours, skill, bay, parts: what it takes, as for any operation.
    """

    distance_km: Distance | None = Field(default=None, alias="distance")
    engine_hours_ms: EngineHours | None = Field(default=None, alias="engine_hours")
    time: Time | None = None
    grace_ms: Duration = Field(default=0, alias="grace")
    labour_hours: Annotated[float, Field(ge=0, le=200)] = 1.0
    skill: Word = "general"
    bay: Word = "standard"
    parts: Annotated[tuple[PartName, ...], Field(max_length=4)] = ()

    @model_validator(mode="after")
    def _has_interval(self) -> Self:
        if self.distance_km is None and self.engine_hours_ms is None and self.time is None:
            raise ValueError(f"is never due; give {', '.join(INTERVALS[:-1])} or {INTERVALS[-1]}")
        return self


class ItemException(Terms):
    """What one vehicle does differently in one item; what is not given stays as its plan has it.

    ``enabled`` False: it has no such item. ``last``: when it was last done.
    """

    enabled: bool = True
    distance_km: Distance | None = Field(default=None, alias="distance")
    engine_hours_ms: EngineHours | None = Field(default=None, alias="engine_hours")
    time: Time | None = None
    grace_ms: Duration | None = Field(default=None, alias="grace")
    labour_hours: Annotated[float, Field(ge=0, le=200)] | None = None
    last: LastService | None = None

    def applied_to(self, item: ItemTerms) -> ItemTerms:
        """The item as it is for this vehicle."""
        given = {name: value for name, value in self if name not in {"enabled", "last"} and value is not None}
        return item.model_copy(update=given)


class VehicleException(Terms):
    """One vehicle's plan, None: that of its model; and its exceptions, by item."""

    plan: PlanName | None = None
    items: Mapping[ItemName, ItemException] = Field(default_factory=dict)


class ServicePlanTerms(Terms):
    """Regular service.

    Args:
        open_ahead_ms: how long before the first item is due its workflow opens.
        bundle_within_ms: what is due within this time goes along with any workflow that opens.
        engine_hours: the signal that counts the hours of the engine.
        plans: the plans' items, by name. An item's name is what a workshop calls the operation.
        models: which plan a model has; ``*``: any other model. A vehicle without a plan has no regular service.
        vehicles: exceptions.
    """

    open_ahead_ms: Duration = Field(default=14 * 86_400_000, alias="open_ahead")
    bundle_within_ms: Duration = Field(default=45 * 86_400_000, alias="bundle_within")
    engine_hours: SignalName = "extras.engine_hours"
    plans: Mapping[PlanName, Annotated[Mapping[ItemName, ItemTerms], Field(min_length=1, max_length=MAX_ITEMS)]] = (
        Field(default_factory=dict)
    )
    models: Mapping[ModelName, PlanName] = Field(default_factory=dict)
    vehicles: Mapping[VehicleName, VehicleException] = Field(default_factory=dict)
