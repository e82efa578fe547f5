"""Regular service: the meters are looked at once an hour, what is due opens a workflow or joins one, and what is done
begins again.

Items join a workflow until its owner is asked; what is due later waits for its end. A workflow that ends without an
item being done leaves it alone for the cool-down of ROUTINE, or until it is due, but for that of SCHEDULED at least.
"""

from collections.abc import Iterable, Sequence
from typing import Any

from msgspec.structs import replace

from master_orchestrator.core import bounds
from master_orchestrator.core.policy import Policy
from master_orchestrator.core.servicing.due import coming, due_items
from master_orchestrator.core.servicing.meters import (
    ENGINE_HOURS,
    MINUTE_MS,
    ODOMETER,
    Gauge,
    UsageMeter,
    expected_total,
    read_on,
)
from master_orchestrator.core.servicing.plans import Items
from master_orchestrator.core.servicing.record import LOOK_MS, DueItem, ItemRecord, ServiceRecord
from master_orchestrator.core.state import VehicleState, Workflow
from master_orchestrator.core.transitions import STATES_BEFORE_CONTACT
from master_orchestrator.core.triage import odometer_of
from master_orchestrator_schemas.messages import Telemetry
from master_orchestrator_schemas.vocabulary import Priority

MOVING_KMH = 5.0
RUNNING_RPM = 400.0
MAX_AMOUNT = 10_000_000.0
"""Kilometres or hours that no vehicle has."""


def plan_of(policy: Policy, state: VehicleState, vehicle_id: str, reading: Telemetry | None = None) -> Items:
    """The items of a vehicle, of the model that the reading says; none if it has no plan."""
    plans = policy.service_plans
    if plans is None:
        return ()
    model = reading.model if reading is not None and reading.model else state.model
    return plans.of(vehicle_id, model and bounds.clip(model, bounds.WORD_BYTES))


def is_look_due(policy: Policy, state: VehicleState, reading: Telemetry) -> bool:
    """Whether the vehicle has a plan, and an hour is over since the last look; or its clock was put back."""
    record = state.service
    if policy.service_plans is None or (
        record is not None and record.look_ms - LOOK_MS <= reading.ts_ms < record.look_ms
    ):
        return False
    return bool(plan_of(policy, state, reading.vehicle_id, reading))


def looked_at(policy: Policy, state: VehicleState, reading: Telemetry, at_ms: int) -> ServiceRecord:
    """The record after a look at the meters."""
    record, ts_ms = state.service, reading.ts_ms
    if record is None:
        record = ServiceRecord(since_min=at_ms // MINUTE_MS, look_ms=0)
    plans, ts_min = policy.service_plans, ts_ms // MINUTE_MS
    metres = odometer_of(policy.triage, reading)
    return replace(
        record,
        look_ms=ts_ms + LOOK_MS,
        odometer=_read(
            record.odometer,
            ODOMETER,
            ts_min,
            None if metres is None else metres / 1000,
            in_use=(reading.speed_kmh or 0.0) > MOVING_KMH,
        ),
        engine_hours=_read(
            record.engine_hours,
            ENGINE_HOURS,
            ts_min,
            None if plans is None else plans.engine_hours(reading),
            in_use=(reading.engine_rpm or 0.0) > RUNNING_RPM,
        ),
    )


def _read(
    meter: UsageMeter | None, gauge: Gauge, ts_min: int, amount: float | None, *, in_use: bool
) -> UsageMeter | None:
    if amount is None or not 0 <= amount <= MAX_AMOUNT:
        return meter
    return read_on(meter, gauge, ts_min, amount, in_use=in_use)


def items_coming(
    policy: Policy, state: VehicleState, reading: Telemetry, at_ms: int, *, to_open: bool
) -> tuple[DueItem, ...]:
    """The items for whose sake a workflow opens, or (``to_open`` False) those that go along with one that opens."""
    plans, record = policy.service_plans, state.service
    if plans is None or record is None:
        return ()
    due = due_items(plan_of(policy, state, reading.vehicle_id, reading), record, record.looked_min, at_ms)
    return coming(due, record, at_ms, plans.open_ahead_ms if to_open else plans.bundle_within_ms)


def priority_of(items: Iterable[DueItem]) -> Priority:
    """ROUTINE; SCHEDULED if one is overdue."""
    return Priority.SCHEDULED if any(item.overdue for item in items) else Priority.ROUTINE


def details_of_items(items: Sequence[DueItem]) -> dict[str, Any]:
    """The items for the audit trail; empty without any."""
    return {"service": [item.fields for item in items]} if items else {}


def may_join(workflow: Workflow) -> bool:
    """Whether the owner is still to be asked."""
    return workflow.stage in STATES_BEFORE_CONTACT


def done(
    policy: Policy, state: VehicleState, vehicle_id: str, operations: Iterable[str], at_ms: int
) -> tuple[ServiceRecord, tuple[str, ...]] | None:
    """The record once these operations were done, and the items that begin again; None: none of them is an item."""
    record, named = state.service, {_plain(operation) for operation in operations}
    items = tuple(item.name for item in plan_of(policy, state, vehicle_id) if _plain(item.name) in named)
    if record is None or not items:
        return None
    km = 0.0 if record.odometer is None else expected_total(record.odometer, ODOMETER, record.looked_min)
    hours = 0.0
    if record.engine_hours is not None:
        hours = expected_total(record.engine_hours, ENGINE_HOURS, record.looked_min)
    records = [ItemRecord(item, max(1, at_ms // MINUTE_MS), km, hours) for item in items]
    return _with(record, records), items


def left_open(policy: Policy, record: ServiceRecord | None, workflow: Workflow, at_ms: int) -> ServiceRecord | None:
    """The record after a workflow's end: what it has not done is left alone for a while. None: nothing changes."""
    if record is None:
        return None
    soon, late = (at_ms + policy.cooldown_ms(priority) for priority in (Priority.SCHEDULED, Priority.ROUTINE))
    records = [
        replace(known, quiet_until_min=min(late, max(item.due_ms, soon)) // MINUTE_MS)
        for item in workflow.service
        if (known := record.of(item.item)).done_min * MINUTE_MS < workflow.opened_at_ms
    ]
    return _with(record, records) if records else None


def _with(record: ServiceRecord, items: Sequence[ItemRecord]) -> ServiceRecord:
    changed = {item.item for item in items}
    return replace(record, items=(*(item for item in record.items if item.item not in changed), *items))


def _plain(name: str) -> str:
    """Names are the same whatever their case, and whether words are joined by spaces, hyphens or underscores."""
    return name.strip().lower().replace("-", "_").replace(" ", "_")
