"""Regular service of one vehicle as programs get it: its meters, and each item of its plan. Times are RFC 3339."""

import msgspec

from master_orchestrator.core.decide.regular_service import plan_of
from master_orchestrator.core.policy import Policy
from master_orchestrator.core.servicing.meters import MINUTE_MS, REMARKS, UsageMeter
from master_orchestrator.core.servicing.outlook import ItemOutlook, outlook
from master_orchestrator.core.servicing.plans import ServiceItem
from master_orchestrator.core.servicing.record import BASES, ServiceRecord
from master_orchestrator.core.state import VehicleState
from master_orchestrator_schemas.headers import rfc3339
from master_orchestrator_schemas.topology import Topology


class MeterReport(msgspec.Struct, frozen=True, kw_only=True):
    """An odometer (km) or the engine's hours (h), as far as its readings confirm each other.

    Args:
        value: what it showed last, in the unit of its first reading; ``at``: when.
        used: since the first reading.
        per_day: what the vehicle uses a day; None before three days are known.
        stuck: it stands still while the vehicle is in use.
        remark: what was odd last: ``spike``, ``jumped``, ``rolled_back``, ``unit_changed``, ``stuck``.
    """

    value: float
    at: str
    used: float
    per_day: float | None
    stuck: bool
    remark: str | None
    remarked_at: str | None


class PlanItemReport(msgspec.Struct, frozen=True, kw_only=True):
    """An item of the vehicle's plan.

    Args:
        every: its intervals: ``km``, ``hours``, ``days`` or ``months``; what comes first counts.
        last_done: when a workshop did it; else as the plan says. None: nobody has told.
        due: when it is expected to be due; None, as the four that follow, while that is not known.
        by: ``distance``, ``engine_hours`` or ``date``.
        used, interval: since it was last done, and the interval that it is due by: km, hours or days.
        overdue: it is past due, its grace included.
        quiet_until: it was declined or not done, and opens nothing before.
        workflow_id: the open workflow that is to do it.
    """

    item: str
    every: dict[str, float]
    last_done: str | None
    due: str | None
    by: str | None
    used: int | None
    interval: int | None
    per_day: float | None
    overdue: bool
    quiet_until: str | None
    workflow_id: str | None


class VehicleServiceReport(msgspec.Struct, frozen=True, kw_only=True):
    """Regular service of a vehicle. ``looked_at``: when its meters were looked at last; None: not yet."""

    vehicle_id: str
    model: str | None
    looked_at: str | None
    odometer: MeterReport | None
    engine_hours: MeterReport | None
    items: tuple[PlanItemReport, ...]


def vehicle_service(topology: Topology, vehicle_id: str, state: VehicleState, now_ms: int) -> VehicleServiceReport:
    """The report at that time; without items if the vehicle has no plan."""
    policy, record = Policy.from_topology(topology), state.service
    known = record or ServiceRecord(since_min=now_ms // MINUTE_MS, look_ms=0)
    items = plan_of(policy, state, vehicle_id)
    workflow = state.workflow
    under_way = (
        {}
        if workflow is None or not workflow.is_open
        else dict.fromkeys((due.item for due in workflow.service), workflow.workflow_id)
    )
    return VehicleServiceReport(
        vehicle_id=vehicle_id,
        model=state.model,
        looked_at=None if record is None else _at(record.looked_min),
        odometer=_meter(known.odometer),
        engine_hours=_meter(known.engine_hours),
        items=tuple(_item(each, now_ms, under_way.get(each.item.name)) for each in outlook(items, known, now_ms)),
    )


def _meter(meter: UsageMeter | None) -> MeterReport | None:
    if meter is None:
        return None
    return MeterReport(
        value=round(meter.value, 1),
        at=rfc3339(meter.at_min * MINUTE_MS),
        used=round(meter.total, 1),
        per_day=round(meter.per_day, 1) if meter.is_learnt else None,
        stuck=meter.is_stuck,
        remark=REMARKS[meter.remark],
        remarked_at=_at(meter.remark_min),
    )


def _item(each: ItemOutlook, now_ms: int, workflow_id: str | None) -> PlanItemReport:
    item, due = each.item, each.due
    told_ms = item.last.date_ms
    return PlanItemReport(
        item=item.name,
        every=_intervals(item),
        last_done=_at(each.known.done_min) or (None if told_ms is None else rfc3339(told_ms)),
        due=None if due is None else rfc3339(due.due_ms),
        by=None if due is None else BASES[due.by],
        used=None if due is None else due.used,
        interval=None if due is None else due.every,
        per_day=None if due is None else due.per_day,
        overdue=due is not None and due.due_ms + item.grace_ms < now_ms,
        quiet_until=_at(each.known.quiet_until_min) if each.known.quiet_until_min * MINUTE_MS > now_ms else None,
        workflow_id=workflow_id,
    )


def _intervals(item: ServiceItem) -> dict[str, float]:
    km, hours, time = item.every
    by_unit = {"km": km, "hours": hours, **({} if time is None else time._asdict())}
    return {unit: every for unit, every in by_unit.items() if every}


def _at(minute: int) -> str | None:
    return rfc3339(minute * MINUTE_MS) if minute else None
