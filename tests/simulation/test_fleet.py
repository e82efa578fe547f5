"""The fleet is decided by its seed alone, and its vehicles report plausible signals."""

from itertools import pairwise

import pytest

from master_orchestrator.simulation.faults import FAULTS
from master_orchestrator.simulation.fleet import HYBRID_MODEL, Fleet, VehiclePlan
from master_orchestrator.simulation.transport import PERFECT
from master_orchestrator_schemas.vocabulary import Subsystem

START_MS = 1_700_000_000_000


def small(**over: object) -> Fleet:
    return Fleet(**{"vehicles": 4, "seed": 5, "minutes": 2.0, "fault_share": 0.5, **over})  # type: ignore[arg-type]  # mixed keywords


def test_the_same_seed_gives_the_same_readings() -> None:
    assert list(small().emissions(START_MS)) == list(small().emissions(START_MS))


def test_another_seed_gives_other_readings() -> None:
    assert list(small().emissions(START_MS)) != list(small(seed=6).emissions(START_MS))


def test_the_prefix_changes_nothing_but_the_ids() -> None:
    def without_id(fleet: Fleet) -> list[tuple[int, float | None]]:
        return [(at_ms, reading.coolant_temp_c) for at_ms, reading in fleet.emissions(START_MS)]

    assert without_id(small()) == without_id(small(prefix="other"))


def test_emissions_come_in_order_of_arrival() -> None:
    arrivals = [emission.at_ms for emission in small().emissions(START_MS)]
    assert sorted(arrivals) == arrivals


def test_every_vehicle_reports_once_per_interval_when_nothing_is_lost() -> None:
    fleet = small(transport=PERFECT, interval_s=2.0)
    for plan in fleet.roster():
        times = [reading.ts_ms for reading in fleet.readings(plan, START_MS)]
        assert 60 == len(times)
        assert {2000} == {round(later - earlier, -1) for earlier, later in pairwise(times)}


def test_faults_are_dealt_out_to_the_share_asked_for() -> None:
    roster = Fleet(vehicles=2 * len(FAULTS), fault_share=0.5, seed=3).roster()
    assert set(FAULTS) == {plan.fault.name for plan in roster if plan.fault}
    assert len(FAULTS) == sum(plan.fault is not None for plan in roster)


def test_every_subsystem_of_the_domain_can_break() -> None:
    assert set(Subsystem) - {Subsystem.OTHER} == {fault.subsystem for fault in FAULTS.values()}


def test_only_hybrids_report_a_traction_battery() -> None:
    fleet = Fleet(vehicles=40, fault_share=0, minutes=0.1)
    for plan in fleet.roster():
        first = next(fleet.readings(plan, START_MS))
        assert (plan.model == HYBRID_MODEL) == (first.hv_temp_max_c is not None)


def test_a_fault_shows_from_its_onset_only() -> None:
    fleet = Fleet(vehicles=1, fault_share=1, faults=("brake-fluid-lost",), minutes=6, transport=PERFECT)
    (plan,) = fleet.roster()
    low = {reading.ts_ms - START_MS for reading in fleet.readings(plan, START_MS) if reading.brake_fluid_low}
    fine = {reading.ts_ms - START_MS for reading in fleet.readings(plan, START_MS) if not reading.brake_fluid_low}
    assert max(fine) < plan.onset_s * 1000 <= min(low)


@pytest.mark.parametrize("plan", Fleet(vehicles=6, fault_share=0, seed=11).roster(), ids=lambda plan: str(plan.number))
def test_healthy_signals_stay_where_healthy_vehicles_are(plan: VehiclePlan) -> None:
    fleet = Fleet(vehicles=6, fault_share=0, seed=11)
    readings = list(fleet.readings(plan, START_MS))
    running = [reading for reading in readings if (reading.engine_rpm or 0) > 400]
    assert max(reading.coolant_temp_c or 0 for reading in readings) <= 98
    assert 12.9 < min(reading.battery_voltage_v or 0 for reading in running)
    assert min(reading.oil_pressure_kpa or 0 for reading in running) > 90
    assert max(reading.speed_kmh or 0 for reading in readings) > 40
    assert min(reading.battery_voltage_v or 99 for reading in readings) < 11.5, "no crank dip was seen"


@pytest.mark.parametrize(
    ("over", "named"),
    [
        ({"faults": ("gremlins",)}, "gremlins"),
        ({"vehicles": 0}, "1 vehicle"),
        ({"minutes": 0}, "minutes"),
        ({"prefix": "my fleet"}, "my fleet-0004"),
        ({"prefix": "x" * 60}, "1 to 64 of"),
        ({"prefix": "x" * 59, "vehicles": 10_000}, "x-10000"),
    ],
)
def test_an_impossible_fleet_is_refused(over: dict[str, object], named: str) -> None:
    with pytest.raises(ValueError, match=named):
        small(**over)
