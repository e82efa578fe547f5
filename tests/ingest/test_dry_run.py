"""The dry run is the engine: what it says would open and be refused is what the engine opens and refuses."""

from collections import Counter
from collections.abc import Iterator
from random import Random

import pytest
from msgspec.structs import replace

from master_orchestrator.ingest.dry_run import DryRun
from master_orchestrator.memory.engine import MemoryEngine
from master_orchestrator.memory.log import MemoryLog
from master_orchestrator_schemas.codec import Codec
from master_orchestrator_schemas.messages import Dtc, Telemetry
from master_orchestrator_schemas.topology import Topology
from master_orchestrator_schemas.vocabulary import Priority

NOW = 1_780_315_200_000


def drive(vehicle: str, seconds: int = 90, start_ms: int = NOW - 3_600_000, **signals: float) -> list[Telemetry]:
    return [
        Telemetry(vehicle_id=vehicle, ts_ms=start_ms + second * 1_000, engine_rpm=2_000.0, **signals)  # type: ignore[arg-type]  # floats
        for second in range(seconds)
    ]


def hot() -> list[Telemetry]:
    return drive("hot", coolant_temp_c=118.0, oil_pressure_kpa=300.0)


def ahead() -> list[Telemetry]:
    normal = drive("ahead", 20)
    return [*normal[:10], replace(normal[0], ts_ms=NOW + 3_600_000), *normal[10:]]


def back() -> list[Telemetry]:
    return [*drive("back", 30), *drive("back", 30, start_ms=NOW - 500 * 86_400_000, coolant_temp_c=118.0)]


def late_and_repeated() -> list[Telemetry]:
    normal = drive("late", 40, coolant_temp_c=110.0)
    return [*normal, normal[0], normal[-1], normal[7]]


def too_many() -> list[Telemetry]:
    return [Telemetry(vehicle_id="many", ts_ms=NOW - 10_000 + n // 3, engine_rpm=float(n)) for n in range(900)]


def with_checks() -> list[Telemetry]:
    return [replace(reading, check_requested=True, request_id=f"r{n}") for n, reading in enumerate(drive("asked", 5))]


def coded() -> list[Telemetry]:
    normal = drive("coded", 60, coolant_temp_c=90.0)
    normal[10] = replace(normal[10], dtcs=(Dtc(code="P0301"),))
    normal[30] = replace(normal[30], dtcs=(Dtc(code="P0217"),))
    return normal


def mixed() -> list[Telemetry]:
    readings = [*hot(), *ahead(), *back(), *late_and_repeated(), *too_many(), *with_checks(), *coded()]
    Random(7).shuffle(readings)
    return readings


def dry(topology: Topology, readings: list[Telemetry]) -> DryRun:
    run = DryRun.of(topology, lambda: NOW)
    acknowledged: list[str | None] = []
    for reading in readings:
        run.send(reading, acknowledged.append)
    run.close()
    assert [None] * len(readings) == acknowledged
    return run


@pytest.fixture
def engine_log(topology: Topology) -> Iterator[tuple[MemoryEngine, MemoryLog]]:
    log = MemoryLog()
    engine = MemoryEngine(
        topology,
        Codec(topology.limits),
        log,
        now_ms=lambda: NOW,
        dispatch=lambda *_: None,
        hold=lambda *_: None,
        record=lambda _: None,
    )
    engine.start()
    yield engine, log
    engine.stop()


@pytest.mark.parametrize("made", [hot, ahead, back, late_and_repeated, too_many, with_checks, coded, mixed])
def test_openings_and_dead_letters_are_those_of_the_engine(
    topology: Topology, engine_log: tuple[MemoryEngine, MemoryLog], made: object
) -> None:
    readings: list[Telemetry] = made()  # type: ignore[operator]  # a function of the list above
    run = dry(topology, readings)
    engine, log = engine_log
    for answer in [engine.put(reading) for reading in readings]:
        answer.result(timeout=30)
    assert sum(record.event == "workflow_opened" for record in log.audit) == run.opened
    assert Counter(why.code for _, why in log.dead_letters) == run.refused


def test_what_would_open_is_told_with_its_evidence(topology: Topology) -> None:
    run = dry(topology, hot())
    (opening,) = [opening for opening in run.openings if opening.priority is Priority.URGENT]
    told = opening.as_json()
    assert ("hot", "hot~0", "URGENT", "cooling", 118.0) == (
        told["vehicle_id"],
        told["workflow_id"],
        told["priority"],
        told["subsystem"],
        told["value"],
    )


def test_a_check_without_a_finding_is_told_too(topology: Topology) -> None:
    run = dry(topology, with_checks())
    assert [("asked", "check_requested", None)] == [(one.vehicle_id, one.reason, one.finding) for one in run.openings]
    assert "rule" not in run.openings[0].as_json()


def test_refusals_are_counted_by_reason_and_the_first_are_shown(topology: Topology) -> None:
    run = dry(topology, [*too_many(), *ahead()])
    assert {"too_many_readings", "future_timestamp"} <= run.refused.keys()
    assert 3 == len(run.first_refusals)
