"""The ``service_plans`` section: what is due regularly, by distance, engine hours or date, whichever comes first.

A plan is a list of items. A model has one plan; a vehicle may have another one, and exceptions of its own.
"""

import re
from collections.abc import Mapping
from datetime import UTC, date, datetime
from typing import Annotated, Any, Self

from pydantic import BeforeValidator, Field, StringConstraints, WithJsonSchema, model_validator

from master_orchestrator_schemas.signal_names import SignalName
from master_orchestrator_schemas.triage_rules import ModelName
from master_orchestrator_schemas.units import Duration, Terms, shown

KM_PER_UNIT = {"km": 1.0, "mi": 1.609344}
DISTANCE_PATTERN = r"^[1-9][0-9]{0,8}(km|mi)$"
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


def parse_distance(value: Any) -> float:
    """Kilometres of ``15000km`` or ``10000mi``. Raises ``ValueError``."""
    if not isinstance(value, str) or not (match := re.fullmatch(DISTANCE_PATTERN, value)):
        raise ValueError(f"{shown(value)} is not a distance; write a number with km or mi: 15000km")
    unit = match.group(1)
    return int(value.removesuffix(unit)) * KM_PER_UNIT[unit]


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

Day = Annotated[int, BeforeValidator(parse_day), WithJsonSchema({"type": "string", "format": "date"})]
"""Milliseconds since 1970 of a day's beginning (UTC), written as YYYY-MM-DD."""


class LastService(Terms):
    """When an item was last done, where no workshop has told: the day, and what the vehicle's meters showed."""

    date_ms: Day | None = Field(default=None, alias="date")
    odometer_km: Distance | None = Field(default=None, alias="odometer")
    engine_hours_ms: Duration | None = Field(default=None, alias="engine_hours")


class ItemTerms(Terms):
    """One thing to be done regularly, and the work it is. At least one interval; what comes first counts.

    Args:
        distance_km, engine_hours_ms, time_ms: the intervals. Engine hours are written with a unit: ``500h``.
        grace_ms: how long after it is due it still counts as in time.
        labour_hours, skill, bay, parts: what it takes, as for any operation.
    """

    distance_km: Distance | None = Field(default=None, alias="distance")
    engine_hours_ms: Duration | None = Field(default=None, alias="engine_hours")
    time_ms: Duration | None = Field(default=None, alias="time")
    grace_ms: Duration = Field(default=0, alias="grace")
    labour_hours: Annotated[float, Field(ge=0, le=200)] = 1.0
    skill: Word = "general"
    bay: Word = "standard"
    parts: Annotated[tuple[PartName, ...], Field(max_length=4)] = ()

    @model_validator(mode="after")
    def _has_interval(self) -> Self:
        if self.distance_km is None and self.engine_hours_ms is None and self.time_ms is None:
            raise ValueError(f"is never due; give {', '.join(INTERVALS[:-1])} or {INTERVALS[-1]}")
        return self


class ItemException(Terms):
    """What one vehicle does differently in one item; what is not given stays as its plan has it.

    ``enabled`` False: it has no such item. ``last``: when it was last done.
    """

    enabled: bool = True
    distance_km: Distance | None = Field(default=None, alias="distance")
    engine_hours_ms: Duration | None = Field(default=None, alias="engine_hours")
    time_ms: Duration | None = Field(default=None, alias="time")
    grace_ms: Duration | None = Field(default=None, alias="grace")
    labour_hours: Annotated[float, Field(ge=0, le=200)] | None = None
    last: LastService | None = None

    def applied_to(self, item: ItemTerms) -> ItemTerms:
        """The item as it is for this vehicle."""
        given = self.model_dump(exclude_none=True, exclude={"enabled", "last"})
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
