"""A vehicle's share: what is within it is taken, what is beyond it is refused, and costs its vehicle nothing else."""

from collections import Counter

from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace
from support.core_vehicle import CoreVehicle

from master_orchestrator.core.policy import Policy
from master_orchestrator_schemas.topology import VehicleTerms

TERMS = VehicleTerms(readings_per_second=3, checks_per_hour=2)
HOUR_MS = 3_600_000

sendings = st.lists(st.tuples(st.sampled_from([1, 200, 400, 1_000, HOUR_MS // 3]), st.booleans()), max_size=40)
"""(milliseconds since the one before, whether a check is asked for)"""


@settings(deadline=None, max_examples=60)  # shared machines have bad moments
@given(sendings=sendings)
def test_exactly_the_share_is_taken(policy: Policy, sendings: list[tuple[int, bool]]) -> None:
    vehicle = CoreVehicle(replace(policy, vehicle=TERMS))
    readings, checks, expected = Counter[int](), Counter[int](), list[str]()
    for after_ms, check in sendings:
        vehicle.wait(after_ms)
        second, hour = vehicle.at_ms // 1_000, vehicle.at_ms // HOUR_MS
        if readings[second] == TERMS.readings_per_second:
            expected.append("too_many_readings")
        elif check and checks[hour] == TERMS.checks_per_hour:
            expected.append("too_many_checks")
        else:
            readings[second] += 1
            checks[hour] += check
        vehicle.reading(check_requested=check)

    assert expected == [rejection.code for rejection in vehicle.rejections]
    assert checks.total() == sum(record.reason == "check_requested" for record in vehicle.audit)


def test_a_refused_reading_changes_nothing_but_the_position(policy: Policy) -> None:
    vehicle = CoreVehicle(replace(policy, vehicle=TERMS))
    for _ in range(TERMS.readings_per_second):
        vehicle.wait(1)
        vehicle.reading()
    before = vehicle.state

    vehicle.wait(1)
    refused = vehicle.reading(coolant_temp_c=120.0, check_requested=True)

    assert "raise vehicle.readings_per_second" in str(refused.rejection)
    assert replace(before, positions=vehicle.state.positions) == vehicle.state
    assert vehicle.state.workflow is None


def test_repeats_of_one_reading_are_no_burden(policy: Policy) -> None:
    vehicle = CoreVehicle(replace(policy, vehicle=TERMS))
    for _ in range(3 * TERMS.readings_per_second):
        assert vehicle.reading(ts_ms=vehicle.at_ms).rejection is None


def test_what_a_gateway_has_gathered_may_come_at_once(policy: Policy) -> None:
    vehicle = CoreVehicle(replace(policy, vehicle=TERMS))
    for ago_s in range(60, 0, -1):
        assert vehicle.reading(ts_ms=vehicle.at_ms - ago_s * 1_000).rejection is None
