"""The way to the broker loses, repeats, delays and garbles what it is told to, and nothing else."""

import random
from itertools import pairwise

import pytest

from master_orchestrator.simulation.transport import PERFECT, Emission, Transport, carried
from master_orchestrator_schemas.messages import Telemetry

READINGS = [
    Telemetry(vehicle_id="v", ts_ms=second * 1000, coolant_temp_c=90, battery_voltage_v=14, oil_pressure_kpa=200)
    for second in range(2_000)
]


def arrived(transport: Transport) -> list[Emission]:
    return list(carried(READINGS, random.Random(4), transport))


def only(**over: float) -> Transport:
    return Transport(**{"duplicate": 0, "gap": 0, "late": 0, "spike": 0, **over})


def test_a_perfect_way_changes_nothing() -> None:
    assert READINGS == [emission.reading for emission in arrived(PERFECT)]


def test_arrivals_are_in_order_whatever_happens() -> None:
    times = [emission.at_ms for emission in arrived(Transport(duplicate=0.2, gap=0.01, late=0.2, spike=0.05))]
    assert sorted(times) == times


def test_duplicates_repeat_readings_bit_for_bit() -> None:
    readings = [emission.reading for emission in arrived(only(duplicate=0.1))]
    assert len(READINGS) < len(readings)
    assert READINGS == sorted(set_of(readings), key=lambda reading: reading.ts_ms)


def test_late_readings_arrive_after_newer_ones_and_none_is_lost() -> None:
    readings = [emission.reading for emission in arrived(only(late=0.1))]
    assert READINGS != readings
    assert READINGS == sorted(readings, key=lambda reading: reading.ts_ms)


def test_gaps_lose_whole_stretches() -> None:
    readings = [emission.reading for emission in arrived(only(gap=0.01, gap_up_to_s=10))]
    steps = {later.ts_ms - earlier.ts_ms for earlier, later in pairwise(readings)}
    assert 1000 < max(steps) <= 11_000


def test_spikes_garble_single_samples_a_minute_apart() -> None:
    wild = [e.reading for e, was in zip(arrived(only(spike=0.5)), READINGS, strict=True) if e.reading != was]
    assert len(wild) > 10
    assert min(b.ts_ms - a.ts_ms for a, b in pairwise(wild)) >= 60_000


def set_of(readings: list[Telemetry]) -> list[Telemetry]:
    return list({reading.ts_ms: reading for reading in readings}.values())


@pytest.mark.parametrize("share", [0.01, 0.2])
def test_the_share_of_duplicates_is_about_what_was_asked(share: float) -> None:
    more = len(arrived(only(duplicate=share))) - len(READINGS)
    assert more == pytest.approx(share * len(READINGS), rel=0.5)
