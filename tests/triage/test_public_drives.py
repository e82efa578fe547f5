"""Healthy public drives raise nothing above ROUTINE: cold starts, crank dips and idling at a light are normal."""

import csv
import gzip
from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import groupby
from pathlib import Path

import pytest

from master_orchestrator.core.triage import TriageRules, new_trackers, observe
from master_orchestrator_schemas.facts import Finding
from master_orchestrator_schemas.messages import Telemetry
from master_orchestrator_schemas.vocabulary import Priority

DRIVES = Path(__file__).resolve().parents[2].parent / "shared" / "data" / "telemetry-public"
CAROBD = DRIVES / "carobd" / "carobd_trips.csv.gz"
KIT = sorted(DRIVES.glob("kit_obd2/*.csv.gz"))
START_MS = 1_750_000_000_000
DAY_MS = 86_400_000

needs_drives = pytest.mark.skipif(not DRIVES.exists(), reason="the public drives are not on this machine")

CAROBD_COLUMNS = {
    "ENGINE_RPM": "engine_rpm",
    "VEHICLE_SPEED": "speed_kmh",
    "THROTTLE": "throttle_pct",
    "ENGINE_LOAD": "engine_load_pct",
    "COOLANT_TEMPERATURE": "coolant_temp_c",
    "LONG_TERM_FUEL_TRIM_BANK_1": "ltft_b1_pct",
    "SHORT_TERM_FUEL_TRIM_BANK_1": "stft_b1_pct",
    "INTAKE_MANIFOLD_PRESSURE": "map_kpa",
    "INTAKE_AIR_TEMP": "intake_air_temp_c",
    "CATALYST_TEMPERATURE_BANK1_SENSOR1": "catalyst_temp_c",
    "CONTROL_MODULE_VOLTAGE": "battery_voltage_v",
    "FUEL_TANK": "fuel_level_pct",
}
KIT_COLUMNS = {
    "Engine Coolant Temperature": "coolant_temp_c",
    "Intake Manifold Absolute Pressure": "map_kpa",
    "Engine RPM": "engine_rpm",
    "Vehicle Speed Sensor": "speed_kmh",
    "Intake Air Temperature": "intake_air_temp_c",
    "Air Flow Rate from Mass Flow Sensor": "maf_gps",
    "Absolute Throttle Position": "throttle_pct",
    "Ambient Air Temperature": "ambient_temp_c",
}


def rows(path: Path) -> Iterator[dict[str, str]]:
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        yield from csv.DictReader(lines)


def reading(ts_ms: float, cells: dict[str, str], columns: dict[str, str]) -> Telemetry:
    signals = {columns[name]: float(cell) for name, cell in cells.items() if name in columns and cell}
    return Telemetry(vehicle_id="public", ts_ms=int(ts_ms), **signals)  # type: ignore[arg-type]  # all are floats


def carobd(*, by_run_time: bool) -> Iterator[Telemetry]:
    """One drive a day. The time is that of the row, 1 Hz, or the engine's own run time (which repeats)."""
    for day, (_, drive) in enumerate(groupby(rows(CAROBD), key=lambda row: row["file"])):
        for second, row in enumerate(drive):
            elapsed_s = float(row["ENGINE_RUN_TINE"] or 0) if by_run_time else second
            yield reading(START_MS + day * DAY_MS + elapsed_s * 1000, row, CAROBD_COLUMNS)


def kit(path: Path) -> Iterator[Telemetry]:
    for row in rows(path):
        at = datetime.fromisoformat(f"{path.name[:10]}T{row['Time']}").replace(tzinfo=UTC)
        cells = {name.split(" [")[0]: cell for name, cell in row.items()}
        yield reading(at.timestamp() * 1000, cells, KIT_COLUMNS)


def drive_all(rules: TriageRules, readings: Iterator[Telemetry]) -> tuple[int, int, list[Finding]]:
    """How many readings, how many were accepted, and what is above ROUTINE."""
    trackers, count, accepted = new_trackers(), 0, 0
    above: list[Finding] = []
    for one in readings:
        trackers, observation = observe(rules, trackers, one)
        count += 1
        accepted += observation.accepted
        above += [finding for finding in observation.findings if finding.priority < Priority.ROUTINE]
    return count, accepted, above


@needs_drives
def test_49106_readings_of_a_healthy_toyota_raise_nothing(rules: TriageRules) -> None:
    assert (49_106, 49_106, []) == drive_all(rules, carobd(by_run_time=False))


@needs_drives
def test_nor_do_they_by_the_engines_own_clock(rules: TriageRules) -> None:
    count, accepted, above = drive_all(rules, carobd(by_run_time=True))

    assert (49_106, []) == (count, above)
    assert 10_000 < accepted < count  # the run time stands still for several rows: those are duplicates


@needs_drives
@pytest.mark.parametrize("path", KIT, ids=[path.name[:-7] for path in KIT])
def test_healthy_drives_of_a_seat_raise_nothing(rules: TriageRules, path: Path) -> None:
    count, accepted, above = drive_all(rules, kit(path))

    assert [] == above
    assert accepted > 0.99 * count > 6_000


@needs_drives
def test_the_same_drives_with_a_fault_laid_over_are_found(rules: TriageRules) -> None:
    """So that the silence above means something: 20 degrees more, and a volt less."""

    def broken() -> Iterator[Telemetry]:
        for one in carobd(by_run_time=False):
            volts, coolant = one.battery_voltage_v, one.coolant_temp_c
            yield Telemetry(
                vehicle_id="public",
                ts_ms=one.ts_ms,
                engine_rpm=one.engine_rpm,
                coolant_temp_c=None if coolant is None else coolant + 20,
                battery_voltage_v=None if volts is None else volts - 1.3,
            )

    _, _, above = drive_all(rules, broken())

    assert {"coolant_hot", "charging_low"} <= {finding.rule for finding in above}
