"""Regular service: what opens when, what joins what, what the workshop's report begins again."""

import json
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace
from support.core_vehicle import CoreVehicle, policy_of

from master_orchestrator.core.servicing.due import coming, due_items
from master_orchestrator.core.servicing.meters import ODOMETER, read_on
from master_orchestrator.core.servicing.plans import Items, ServicePlans
from master_orchestrator.core.servicing.record import BASES, ServiceRecord
from master_orchestrator.core.state import encode_state
from master_orchestrator_schemas.headers import rfc3339
from master_orchestrator_schemas.topology import Topology
from master_orchestrator_schemas.topology.service_plans import ServicePlanTerms
from master_orchestrator_schemas.vocabulary import Priority, Reason, ServiceEventKind, State

DAY_MS = 86_400_000
START_KM = 47_000.0
BY_DISTANCE = {"plans": {"car": {"oil": {"distance": "5000km"}}}, "models": {"*": "car"}}
ODD = (0.4, -0.4, 700.0, -700.0, 9_000.0, -9_000.0, None)
PLANS: dict[str, Any] = {
    "plans": {
        "car": {
            "oil_and_filters": {"distance": "5000km", "time": "365d", "labour_hours": 0.8, "parts": ["oil"]},
            "tyre_rotation": {"distance": "10000km", "labour_hours": 0.5},
            "legal_inspection": {"time": "200d", "grace": "30d"},
        },
        "machine": {"hydraulic_oil": {"engine_hours": "250h"}},
    },
    "models": {"compact": "car"},
    "vehicles": {
        "v-machine": {"plan": "machine"},
        "v-late": {
            "items": {"legal_inspection": {"last": {"date": "2023-03-30"}}, "oil_and_filters": {"enabled": False}}
        },
        "v-calendar": {"items": {"legal_inspection": {"time": "24mo", "last": {"date": "2021-12-15"}}}},
        "v-known": {"items": {"oil_and_filters": {"last": {"odometer": "44000km"}}}},
    },
}


def served(topology: Topology, vehicle_id: str = "v-1", *, feed: bool = False, **plans: Any) -> "ServedVehicle":
    terms = ServicePlanTerms.model_validate({**PLANS, **plans})
    return ServedVehicle(policy_of(topology.model_copy(update={"service_plans": terms}), feed=feed), vehicle_id)


class ServedVehicle(CoreVehicle):
    """A vehicle of model ``compact`` that reports once a day."""

    km, km_a_day = START_KM, 50.0

    def day(self, **fields: Any) -> None:
        self.reading(**{"model": "compact", "odometer_m": self.km * 1_000, "speed_kmh": 50.0, **fields})
        self.km += self.km_a_day
        self.wait(DAY_MS)

    def days(self, most: int = 400, **fields: Any) -> int:
        """Until a workflow for regular service is open; the regular checks in between find nothing."""
        for day in range(most):
            self.day(**fields)
            if (workflow := self.state.workflow) is None or not workflow.is_open:
                continue
            if workflow.service:
                return day
            if workflow.state is State.DATA_ANALYSIS:
                self.reply({"anomalies": []})
        return most

    def plans_of(self, vehicle_id: str) -> Items:
        plans = self.policy.service_plans
        assert plans is not None
        return plans.of(vehicle_id, None)

    @property
    def due(self) -> list[tuple[str, str]]:
        return [(item.item, BASES[item.by]) for item in self.workflow.service]

    def booked(self) -> None:
        start_ms = self.at_ms + DAY_MS
        self.advance_to(
            State.SCHEDULED,
            data_analysis={"anomalies": []},
            diagnosis={"causes": []},
            scheduling={"start_ms": start_ms, "end_ms": start_ms + 3_600_000},
        )

    def completed(self, *operations: str) -> None:
        """Booked, done by the workshop and rated."""
        self.booked()
        self.service(ServiceEventKind.COMPLETED, operations=operations)
        self.advance_to(State.COMPLETED)


def test_service_by_distance_opens_ahead_of_its_due_date_as_routine(topology: Topology) -> None:
    vehicle = served(topology)
    vehicle.days()
    item = vehicle.workflow.service[0]
    assert [("oil_and_filters", "distance")] == vehicle.due
    assert (Priority.ROUTINE, 5_000, 50.0) == (vehicle.workflow.priority, item.every, item.per_day)
    left_km = START_KM + 5_000 - (vehicle.km - 50.0)
    assert left_km / 50.0 == pytest.approx((item.due_ms - vehicle.at_ms + DAY_MS) / DAY_MS, abs=0.1)
    assert 12 <= left_km / 50.0 <= 14


def test_by_date_and_by_engine_hours(topology: Topology) -> None:
    parked = served(topology)
    parked.km_a_day = 0.0
    assert 180 == parked.days(speed_kmh=0.0), "the regular check takes along what is due on day 200"
    assert [("legal_inspection", "date")] == parked.due

    machine = served(topology, "v-machine")
    hours = 900.0
    while machine.state.workflow is None:
        machine.day(extras={"engine_hours": hours})
        hours += 8.0
    assert [("hydraulic_oil", "engine_hours")] == machine.due
    assert machine.workflow.service[0].used == pytest.approx(200, abs=8)


def test_what_is_due_soon_goes_along_and_one_workflow_does_all(topology: Topology) -> None:
    vehicle = served(topology)
    vehicle.km_a_day = 26.0  # 5,000 km after 192 days, the inspection after 200
    vehicle.days()
    assert [("oil_and_filters", "distance"), ("legal_inspection", "date")] == vehicle.due
    vehicle.booked()
    asked, booking = vehicle.commands[-2:]
    operations = ["oil_and_filters", "legal_inspection"]
    for command in (asked, booking):
        assert operations == [operation["name"] for operation in command.payload["operations"]]
    assert operations == [item["item"] for item in asked.payload["service"]]
    assert vehicle.workflow.service[0].due_ms == booking.payload["due_by_ms"]
    assert operations == [item.item for item in vehicle.statuses[vehicle.workflow.workflow_id].service]


def test_an_operation_that_is_not_named_does_not_begin_again(topology: Topology) -> None:
    vehicle = served(topology, feed=True)
    vehicle.km_a_day = 26.0
    vehicle.days()
    vehicle.completed("Oil and filters", "polish")
    assert [["oil_and_filters"]] == [
        r["items"] for r in (json.loads(record.details) for record in vehicle.recorded("service_done"))
    ]
    vehicle.days()
    assert [("legal_inspection", "date")] == vehicle.due
    assert vehicle.workflow.service[0].due_ms == pytest.approx(vehicle.workflow.opened_at_ms, abs=DAY_MS), (
        "when it is due"
    )


def test_without_a_feed_the_appointment_s_end_stands_for_the_work(topology: Topology) -> None:
    vehicle = served(topology)
    vehicle.days()
    vehicle.booked()
    vehicle.advance_to(State.COMPLETED)
    km = vehicle.km
    vehicle.days()
    while vehicle.due == [("legal_inspection", "date")]:
        vehicle.booked()
        vehicle.advance_to(State.COMPLETED)
        vehicle.days()
    assert "oil_and_filters" in dict(vehicle.due)
    assert vehicle.km - km == pytest.approx(5_000 - 14 * 50, abs=150)


def test_declined_it_is_asked_again_when_due_but_not_within_a_week(topology: Topology) -> None:
    vehicle = served(topology)
    vehicle.days()
    vehicle.advance_to(State.CUSTOMER_ENGAGEMENT, data_analysis={"anomalies": []})
    vehicle.reply({"answer": "DECLINE"})
    assert Reason.DECLINED == vehicle.workflow.reason
    assert 12 <= vehicle.days() <= 14


def test_overdue_is_scheduled_and_an_inspection_has_its_grace(topology: Topology) -> None:
    """It begins on 14 November 2023; the inspection of 30 March was due on 16 October, with its grace on the 15th."""
    late = served(topology, "v-late")
    assert 0 == late.days()
    assert (Priority.ROUTINE, False) == (late.workflow.priority, late.workflow.service[0].overdue)

    later = served(topology, "v-late")
    later.wait(3 * DAY_MS)
    assert 0 == later.days()
    assert (Priority.SCHEDULED, True) == (later.workflow.priority, later.workflow.service[0].overdue)
    later.advance_to(
        State.CUSTOMER_ENGAGEMENT, data_analysis={"anomalies": []}, diagnosis={"causes": [{"component": "x"}]}
    )
    assert Priority.SCHEDULED == later.workflow.priority


def test_an_inspection_is_due_two_years_later_on_the_day(topology: Topology) -> None:
    """It begins on 14 November 2023, two weeks and some before it opens."""
    vehicle = served(topology, "v-calendar")
    assert 17 == vehicle.days()
    assert [("legal_inspection", "date")] == vehicle.due
    due = vehicle.workflow.service[0]
    assert ("2023-12-15T00:00:00.000Z", 730, Priority.ROUTINE) == (
        rfc3339(due.due_ms),
        due.every,
        vehicle.workflow.priority,
    )


def test_what_was_done_elsewhere_counts(topology: Topology) -> None:
    vehicle = served(topology, "v-known")
    vehicle.days()
    assert START_KM + 2_000 - 14 * 50 == pytest.approx(vehicle.km, abs=150)


def test_items_join_the_workflow_of_a_fault_until_the_owner_is_asked(topology: Topology) -> None:
    vehicle = served(topology)
    for _ in range(70):
        vehicle.day()
    vehicle.fault("P0301", model="compact")
    assert [] == vehicle.due
    while not vehicle.workflow.service:
        vehicle.day()
    assert ["v-1~0"] == list(vehicle.statuses)
    assert ["service_joined"] == [r.event for r in vehicle.audit if "service" in r.event]

    asked = served(topology)
    for _ in range(70):
        asked.day()
    asked.fault("P0301", model="compact")
    asked.advance_to(State.CUSTOMER_ENGAGEMENT)
    for _ in range(20):
        asked.day()
    assert [] == asked.due
    asked.reply({"answer": "DECLINE"})
    asked.day()
    assert ("v-1~1", [("oil_and_filters", "distance")]) == (asked.workflow.workflow_id, asked.due)


def test_a_fault_s_workflow_takes_what_is_due_soon_along(topology: Topology) -> None:
    vehicle = served(topology)
    for _ in range(83):
        vehicle.day()
    vehicle.fault("P0301", model="compact")
    assert [("oil_and_filters", "distance")] == vehicle.due
    vehicle.reply({"anomalies": []})
    assert State.DIAGNOSIS is vehicle.workflow.state, "nothing found, but there is work to do"


def test_a_vehicle_without_a_plan_remembers_nothing_of_service(topology: Topology) -> None:
    vehicle = served(topology)
    vehicle.days(most=190, model="van")
    assert vehicle.state.service is None
    assert ["regular_check"] == [record.reason for record in vehicle.recorded("workflow_opened")]


def test_the_meters_are_looked_at_once_an_hour(topology: Topology) -> None:
    vehicle = served(topology)
    looks = set()
    for _ in range(121):
        vehicle.reading(model="compact", odometer_m=47e6)
        looks.add(vehicle.state.service and vehicle.state.service.look_ms)
        vehicle.wait(60_000)
    assert 3 == len(looks)


def test_odd_meters_of_years_are_survived(topology: Topology) -> None:
    """Whatever a meter shows, and however long a vehicle stands: a due date is a time, or is not known."""
    vehicle = served(topology, "v-machine")
    for hours in (1e300, -1.0, 5e6, 0.0, 1e-300, 7.0, 7.0, 7.0, 1e9, 7.5):
        vehicle.day(extras={"engine_hours": hours})
        vehicle.wait(3_650 * DAY_MS)
    assert [] == vehicle.rejections
    record = vehicle.state.service
    assert record is not None
    assert record.engine_hours is not None
    for per_day in (0.0, 1e-310, 1e-9):
        meter = replace(record.engine_hours, per_day=per_day, learnt_min=9_999, total=1.0)
        standing = replace(record, engine_hours=meter)
        assert () == due_items(vehicle.plans_of("v-machine"), standing, 1, vehicle.at_ms)


def test_a_plan_takes_little_room_in_the_state(topology: Topology) -> None:
    items = {f"item_{n}_{'x' * 15}": {"distance": "5000km", "engine_hours": "400h", "time": "300d"} for n in range(8)}
    vehicle = served(topology, feed=True, plans={"car": items}, models={"compact": "car"}, vehicles={})
    bare = served(topology, feed=True, plans={"car": items}, models={}, vehicles={})
    vehicle.days(extras={"engine_hours": 100.0})
    vehicle.completed(*items)
    vehicle.days(extras={"engine_hours": 100.0})
    bare.days(most=1)
    assert 8 == len(vehicle.workflow.service)
    record, due = vehicle.state.service, vehicle.workflow.service
    assert len(msgspec.msgpack.encode(record)) + len(msgspec.msgpack.encode(due)) < 1_000
    assert len(encode_state(vehicle.state)) < 3_000


@given(km_a_day=st.floats(20, 250), odd=st.dictionaries(st.integers(4, 120), st.sampled_from(ODD), max_size=12))
def test_nothing_opens_much_too_early_nor_after_it_is_due(km_a_day: float, odd: dict[int, float | None]) -> None:
    """An odometer that is read daily, and on some days jumps there and back or is missing; due at 5,000 km.

    Odd are only days of which the next one is not: two that say the same confirm each other. A day's use of doubt,
    since a reading counts once the next one confirms it.
    """
    plans = ServicePlans.of_terms(ServicePlanTerms.model_validate(BY_DISTANCE))
    assert plans is not None
    items, shown, record = plans.of("v-1", None), {2 * day: jump for day, jump in odd.items()}, ServiceRecord(1, 0)
    for day in range(400):
        driven, minute = km_a_day * day, day * 1_440 + 1
        jump = shown.get(day, 0.0)
        if jump is not None:
            meter = read_on(record.odometer, ODOMETER, minute, START_KM + driven + jump, in_use=True)
            record = replace(record, odometer=meter)
        due = due_items(items, record, minute, minute * 60_000)
        if coming(due, record, minute * 60_000, plans.open_ahead_ms):
            break
    assert 0.8 * 5_000 - km_a_day <= driven <= 5_000
