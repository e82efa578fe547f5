"""Regular service of one vehicle, as it is reported."""

from typing import Any

import pytest
from support.core_vehicle import CoreVehicle, policy_of

from master_orchestrator.readers.service_reports import PlanItemReport, VehicleServiceReport, vehicle_service
from master_orchestrator_schemas.headers import rfc3339
from master_orchestrator_schemas.topology import Topology
from master_orchestrator_schemas.topology.service_plans import ServicePlanTerms
from master_orchestrator_schemas.vocabulary import ServiceEventKind, State

DAY_MS = 86_400_000
PLANS: dict[str, Any] = {
    "plans": {
        "car": {
            "oil": {"distance": "5000km", "time": "365d"},
            "inspection": {"time": "730d", "grace": "30d"},
            "belt": {"engine_hours": "900h"},
        }
    },
    "models": {"compact": "car"},
    "vehicles": {"v-1": {"items": {"inspection": {"last": {"date": "2022-03-01"}}}}},
}


class Shown:
    """A vehicle of the plan that drives 50 km a day and is looked at once a day."""

    def __init__(self, topology: Topology, **plans: Any) -> None:
        terms = ServicePlanTerms.model_validate({**PLANS, **plans})
        self.topology = topology.model_copy(update={"service_plans": terms})
        self.vehicle = CoreVehicle(policy_of(self.topology, feed=True))
        self.km = 47_000.0

    def days(self, count: int, *, jump_km: float = 0.0) -> None:
        for _ in range(count):
            self.km += 50.0
            reading = {"odometer_m": (self.km + jump_km) * 1_000, "speed_kmh": 50.0}
            self.vehicle.reading(model="compact", **reading)
            self.vehicle.wait(DAY_MS)

    def report(self, later_ms: int = 0) -> VehicleServiceReport:
        return vehicle_service(self.topology, "v-1", self.vehicle.state, self.vehicle.at_ms + later_ms)

    def item(self, name: str, later_ms: int = 0) -> PlanItemReport:
        return next(item for item in self.report(later_ms).items if item.item == name)


@pytest.fixture
def shown(topology: Topology) -> Shown:
    return Shown(topology)


def test_an_item_is_told_with_what_its_due_date_rests_on(shown: Shown) -> None:
    shown.days(21)
    oil, looked_ms = shown.item("oil"), shown.vehicle.at_ms - DAY_MS
    assert ({"km": 5_000.0, "days": 365.0}, None, "distance") == (oil.every, oil.last_done, oil.by)
    assert (1_000, 5_000, 50.0, False) == (oil.used, oil.interval, oil.per_day, oil.overdue)
    assert oil.due is not None
    assert rfc3339(looked_ms + 80 * DAY_MS)[:10] == oil.due[:10]


def test_a_silent_vehicle_is_not_due_later_for_it(shown: Shown) -> None:
    shown.days(21)
    assert shown.item("oil").due == shown.item("oil", later_ms=30 * DAY_MS).due
    assert shown.item("oil", later_ms=90 * DAY_MS).overdue


def test_readings_of_years_ago_count_from_now(shown: Shown) -> None:
    """Recorded drives that are taken in late say how much the vehicle is used, not that service was due then."""
    years_ago_ms = 4 * 365 * DAY_MS
    for day in range(21):
        ts_ms = shown.vehicle.at_ms - years_ago_ms + day * DAY_MS
        shown.vehicle.reading(model="compact", odometer_m=(47_000.0 + 50 * day) * 1_000, ts_ms=ts_ms)
    assert not shown.item("oil").overdue


def test_what_is_not_known_yet_is_told_as_such(shown: Shown) -> None:
    shown.days(2)
    belt, report = shown.item("belt"), shown.report()
    assert ({"hours": 900.0}, None, None) == (belt.every, belt.due, belt.used)
    assert belt == report.items[-1]
    assert report.engine_hours is None
    assert report.odometer is not None
    assert report.odometer.per_day is None, "three days have to be known"


def test_when_it_was_last_done_is_the_workshop_s_word_or_the_plan_s(shown: Shown) -> None:
    shown.days(21)
    assert "2022-03-01T00:00:00.000Z" == shown.item("inspection").last_done
    shown.vehicle.reading(model="compact", check_requested=True)
    shown.vehicle.advance_to(State.SCHEDULED)
    done_ms = shown.vehicle.at_ms
    shown.vehicle.service(ServiceEventKind.COMPLETED, operations=("inspection",))
    assert rfc3339(done_ms)[:16] == (shown.item("inspection").last_done or "")[:16]


def test_the_open_workflow_and_a_refusal_are_told(shown: Shown) -> None:
    shown.days(90)
    assert "v-1~0" == shown.item("oil").workflow_id
    shown.vehicle.advance_to(State.CUSTOMER_ENGAGEMENT, data_analysis={"anomalies": []}, diagnosis={"causes": []})
    shown.vehicle.reply({"answer": "DECLINE"})
    oil = shown.item("oil")
    assert oil.workflow_id is None
    assert oil.quiet_until is not None


def test_the_meter_s_last_oddity_is_told(shown: Shown) -> None:
    shown.days(10)
    shown.days(3, jump_km=9_000.0)
    odometer = shown.report().odometer
    assert odometer is not None
    assert ("jumped", False) == (odometer.remark, odometer.stuck)
    assert odometer.remarked_at is not None


def test_a_vehicle_without_a_plan_has_no_items(topology: Topology) -> None:
    shown = Shown(topology, models={}, vehicles={})
    shown.days(5)
    report = shown.report()
    assert ((), None, "compact") == (report.items, report.looked_at, report.model)
