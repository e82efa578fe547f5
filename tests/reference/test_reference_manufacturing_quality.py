"""MANUFACTURING_QUALITY: each repair counted once, a bad build month seen, small lots and good months left alone."""

import json
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from master_orchestrator_agents.quality.verdicts import MIN_CLAIMS
from master_orchestrator_agents.reference.manufacturing_quality import Built, ManufacturingQualityAgent
from master_orchestrator_agents.reference.manufacturing_quality.lots import built_day, judge
from master_orchestrator_agents.reference.manufacturing_quality.store import QualityStore
from master_orchestrator_agents.task import Task
from master_orchestrator_schemas.results import ManufacturingQualityResult
from master_orchestrator_schemas.vocabulary import AgentType

MONTHS = [f"2025-{month:02d}" for month in range(1, 13)]


class Works:
    """Production under test: vehicles ``<month>-<number>``, 1,000 a month, and a lot of 20 in December."""

    def built(self, vehicle_id: str, model: str | None) -> Built:
        return Built(model or "compact", vehicle_id[:7])

    def volumes(self, model: str) -> Mapping[str, int]:
        assert model
        return {month: 20 if month == "2025-12" else 1_000 for month in MONTHS}


@pytest.fixture
def store(tmp_path: Path) -> Iterator[QualityStore]:
    opened = QualityStore(tmp_path / "quality.sqlite3")
    yield opened
    opened.close()


@pytest.fixture
def count(store: QualityStore, task_of: Callable[..., Task[Any]]) -> Callable[..., ManufacturingQualityResult]:
    agent = ManufacturingQualityAgent(store, Works())

    def run(vehicle: str, cause: str | None = "water_pump", **given: object) -> ManufacturingQualityResult:
        given = {"confirmed_cause": cause, "repaired_at_ms": 1, **given}
        return agent(task_of(AgentType.MANUFACTURING_QUALITY, vehicle=vehicle, **given))

    return run


Count = Callable[..., ManufacturingQualityResult]


def test_claims_are_counted_by_component_and_model(count: Count) -> None:
    results = [
        count("2025-01-1"),
        count("2025-02-1", "Water pump"),
        count("2025-03-1", "alternator"),
        count("2025-03-2", model="van"),
    ]

    assert [("water_pump", 1), ("water_pump", 2), ("alternator", 1), ("water_pump", 1)] == [
        (result.component, result.claims) for result in results
    ]


def test_a_repair_is_counted_once_whatever_its_commands(count: Count) -> None:
    first = count("2025-01-1")

    assert first == count("2025-01-1")
    assert first == count("2025-01-1", attempt=1)
    assert 2 == count("2025-01-2").claims


@pytest.mark.parametrize("cause", [None, "", "no_fault_found", "No fault found"])
def test_no_repair_is_no_claim(count: Count, store: QualityStore, cause: str | None) -> None:
    assert (None, 0) == ((result := count("2025-01-1", cause)).component, result.claims)
    with store.database.read() as sql:
        assert [] == sql.execute("SELECT * FROM repairs").fetchall()


def test_a_bad_month_opens_one_action_with_its_evidence(count: Count, store: QualityStore) -> None:
    for month in MONTHS[:11]:
        assert not count(f"{month}-first").signal
    results = [count(f"2025-06-{number}") for number in range(12)]

    assert sorted(signals := [result.signal for result in results]) == signals
    assert MIN_CLAIMS < 1 + signals.index(True) + 1 <= 12
    assert 1 == len({result.capa_id for result in results if result.signal})
    with store.database.read() as sql:
        ((evidence,),) = sql.execute("SELECT evidence FROM capas").fetchall()
    assert (1_000, ["compact of 2025-06"]) == (json.loads(evidence)["units"], json.loads(evidence)["lots"])
    assert "D2 problem" in [each["name"] for each in json.loads(evidence)["eight_d"]]


def test_few_claims_of_a_small_lot_are_no_signal(count: Count) -> None:
    """20 vehicles, 4 claims: it may well be something, but the chart cannot say so."""
    assert not any(count(f"2025-12-{number}").signal for number in range(MIN_CLAIMS - 1))


def test_a_young_month_is_compared_at_equal_months_in_service() -> None:
    """Older months have had 40 claims each, 10 of them early; 40 early ones make a young month bad, 10 do not."""

    def claims(month: str, early: int, late: int) -> dict[tuple[str, int], int]:
        return {(month, built_day(month) + 20): early, (month, built_day(month) + 200): late}

    def bad(early: int) -> list[str]:
        old = {key: count for month in MONTHS[:6] for key, count in claims(month, 10, 30).items()}
        young = claims("2025-12", early, 0)
        volumes = dict.fromkeys(MONTHS, 1_000)
        analysis = judge("water_pump", "compact", {**old, **young}, volumes, built_day("2026-02"))
        return [key.lot for key in analysis.bad_lots]

    assert [] == bad(10)
    assert ["2025-12"] == bad(40)


def test_a_vehicle_that_comes_back_is_one_claim(count: Count) -> None:
    count("2025-01-1")

    assert 1 == count("2025-01-1", episode=2).claims


def test_the_same_trouble_everywhere_is_no_signal(count: Count) -> None:
    """A part that fails in every month is a design matter: no month stands out."""
    results = [count(f"{month}-{number}") for number in range(6) for month in MONTHS[:11]]

    assert not results[-1].signal
