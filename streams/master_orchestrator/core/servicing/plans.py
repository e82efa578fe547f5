"""The service plans of ``topology.yaml``, compiled: which items a vehicle has, and the work that each is."""

from collections.abc import Callable, Mapping
from typing import Any, Self

import msgspec

from master_orchestrator.core import bounds
from master_orchestrator.core.triage.extras import value_of
from master_orchestrator_schemas.messages import Telemetry
from master_orchestrator_schemas.topology.service_plans import (
    ANY_MODEL,
    CalendarTime,
    ItemException,
    ItemTerms,
    LastService,
    ServicePlanTerms,
    VehicleException,
)

HOUR_MS = 3_600_000


class ServiceItem(msgspec.Struct, frozen=True):
    """One item of a vehicle's plan.

    ``every``: the intervals in km, in hours and by the calendar, None where it has none. ``operation``: as in an
    agent's task.
    """

    name: str
    every: tuple[float | None, float | None, CalendarTime | None]
    grace_ms: int
    operation: Mapping[str, Any]
    last: LastService


Items = tuple[ServiceItem, ...]


class ServicePlans(msgspec.Struct, frozen=True):
    """Who has which items; ``engine_hours`` reads the meter of the engine's hours."""

    open_ahead_ms: int
    bundle_within_ms: int
    engine_hours: Callable[[Telemetry], Any]
    vehicles: Mapping[str, Items]
    exceptions: Mapping[str, Mapping[str, Items]]
    models: Mapping[str, Items]

    @classmethod
    def of_terms(cls, terms: ServicePlanTerms) -> Self | None:
        """The section's plans; None if no vehicle has one."""
        if not (terms.models or terms.vehicles):
            return None
        models = {bounds.clip(model, bounds.WORD_BYTES): plan for model, plan in terms.models.items()}
        exceptions = {vehicle: each for vehicle, each in terms.vehicles.items() if each.plan is None}
        return cls(
            open_ahead_ms=terms.open_ahead_ms,
            bundle_within_ms=terms.bundle_within_ms,
            engine_hours=value_of(terms.engine_hours),
            vehicles={
                vehicle: _items(terms.plans[each.plan], each)
                for vehicle, each in terms.vehicles.items()
                if each.plan is not None
            },
            exceptions={
                vehicle: {model: _items(terms.plans[plan], each) for model, plan in models.items()}
                for vehicle, each in exceptions.items()
            },
            models={model: _items(terms.plans[plan], VehicleException()) for model, plan in models.items()},
        )

    def of(self, vehicle_id: str, model: str | None) -> Items:
        """The items of a vehicle; none if it has no plan."""
        if vehicle_id in self.vehicles:
            return self.vehicles[vehicle_id]
        models = self.exceptions.get(vehicle_id, self.models)
        if model is not None and model in models:
            return models[model]
        return models.get(ANY_MODEL, ())


def _items(plan: Mapping[str, ItemTerms], vehicle: VehicleException) -> Items:
    exceptions = {name: vehicle.items.get(name, ItemException()) for name in plan}
    return tuple(
        _item(name, exceptions[name].applied_to(item), exceptions[name].last)
        for name, item in plan.items()
        if exceptions[name].enabled
    )


def _item(name: str, item: ItemTerms, last: LastService | None) -> ServiceItem:
    hours = None if item.engine_hours_ms is None else item.engine_hours_ms / HOUR_MS
    return ServiceItem(
        name=name,
        every=(item.distance_km, hours, item.time),
        grace_ms=item.grace_ms,
        operation={
            "name": name,
            "labour_hours": item.labour_hours,
            "skill": item.skill,
            "bay": item.bay,
            "parts": list(item.parts),
        },
        last=last or LastService(),
    )
