"""Trends at work in the reference agents: what is coming is confirmed, and fails when its rate says."""

from collections.abc import Callable
from typing import Any

import pytest

from master_orchestrator_agents.reference.codes import CodeTable
from master_orchestrator_agents.reference.data_analysis import DataAnalysisAgent
from master_orchestrator_agents.reference.diagnosis import DiagnosisAgent
from master_orchestrator_agents.reference.diagnosis.knowledge import KnownCause, load_knowledge
from master_orchestrator_agents.task import Task
from master_orchestrator_schemas.vocabulary import AgentType

TaskMaker = Callable[..., Task[Any]]
AT_MS, DAY_MS = 1_767_268_800_000, 86_400_000
PADS = {"signal": "brake_pad_wear_fl_pct", "subsystem": "brakes", "threshold": 75.0, "at_ms": AT_MS}
WORN = {**PADS, "rule": "brake_pad_worn", "priority": 2, "value": 75.2, "held_s": 40.0}
COMING = {
    "brake_pad_worn": {**PADS, "value": 66.0},
    "charging_low": {"signal": "battery_voltage_v", "subsystem": "charging", "value": 13.1, "threshold": 12.6},
    "tyre_low": {"signal": "tyre_fl_kpa", "subsystem": "tyres", "value": 199.0, "threshold": 184.0},
    "coolant_hot": {"signal": "coolant_temp_c", "subsystem": "cooling", "value": 100.0, "threshold": 105.0},
}
CAUSES = {
    "brake_pad_worn": "brake_pads",
    "charging_low": "alternator",
    "tyre_low": "tyre_puncture",
    "coolant_hot": "coolant_leak",
}


def coming(rule: str) -> dict[str, Any]:
    """The finding that foretells a rule."""
    times = {"crossing_ms": AT_MS + 17 * DAY_MS, "crossing_low_ms": AT_MS, "crossing_high_ms": AT_MS + 20 * DAY_MS}
    return {"at_ms": AT_MS, **COMING[rule], "rule": f"{rule}_trending", "priority": 3, "held_s": 2.5e6, **times}


def summary(signal: str, last: float) -> dict[str, Any]:
    """Of a signal that has not left its own range: it drifts slowly."""
    figures = {"minimum": last - 2, "maximum": last + 2, "mean": last, "spread": 1.0, "samples": 9_000}
    return {"signal": signal, "last": last, **figures}


def trend(per_day: float, level: float = 75.0, limit: float = 90.0) -> dict[str, Any]:
    hours = (limit - level) / per_day * 24
    rates = {"per_day": per_day, "per_day_low": per_day * 0.9, "per_day_high": per_day * 1.1}
    ends = {"hours": hours, "hours_low": hours * 0.9, "hours_high": hours * 1.1}
    return {"signal": "brake_pad_wear_fl_pct", "days": 20, "level": level, "limit": limit, **rates, **ends}


@pytest.mark.parametrize("rule", COMING)
def test_what_is_coming_is_not_dismissed_for_values_within_the_limit(
    codes: CodeTable, task_of: TaskMaker, rule: str
) -> None:
    given = coming(rule)
    signals = [summary(given["signal"], given["value"])]
    result = DataAnalysisAgent(codes)(task_of(AgentType.DATA_ANALYSIS, findings=[given], signals=signals))

    assert () == result.dismissed
    (anomaly,) = result.anomalies or ()
    assert (given["rule"], 0.4) == (anomaly.rule, anomaly.severity)
    assert f"heading for {given['threshold']:g}" in anomaly.description


@pytest.mark.parametrize("rule", COMING)
def test_its_cause_is_that_of_the_limit_it_is_heading_for(codes: CodeTable, task_of: TaskMaker, rule: str) -> None:
    result = DiagnosisAgent(codes)(task_of(AgentType.DIAGNOSIS, findings=[coming(rule)]))

    assert CAUSES[rule] == (result.causes or ())[0].component
    assert result.safe_to_drive


@pytest.mark.parametrize(("per_day", "hours"), [(0.05, 7_200.0), (0.5, 720.0), (5.0, 72.0)])
def test_pads_fail_when_their_own_rate_says(codes: CodeTable, task_of: TaskMaker, per_day: float, hours: float) -> None:
    result = DiagnosisAgent(codes)(task_of(AgentType.DIAGNOSIS, findings=[WORN], trends=[trend(per_day)]))

    assert hours == pytest.approx(result.time_to_failure_h)
    assert (hours * 0.9, hours * 1.1) == pytest.approx((result.time_to_failure_low_h, result.time_to_failure_high_h))


@pytest.mark.parametrize(
    "other",
    [
        trend(0.5) | {"signal": "brake_pad_wear_rr_pct"},
        trend(0.5, level=40.0),  # the value has left its trend
        trend(0.5) | {"hours": None, "limit": None},
    ],
)
def test_pads_without_a_rate_of_their_own_have_no_time_to_failure(
    codes: CodeTable, task_of: TaskMaker, other: dict[str, Any]
) -> None:
    for trends in ([], [other]):
        result = DiagnosisAgent(codes)(task_of(AgentType.DIAGNOSIS, findings=[WORN], trends=trends))

        assert "brake_pads" == (result.causes or ())[0].component
        times = (result.time_to_failure_low_h, result.time_to_failure_h, result.time_to_failure_high_h)
        assert (None, None, None) == times


def test_what_does_not_wear_has_the_time_of_the_knowledge_base(codes: CodeTable, task_of: TaskMaker) -> None:
    hot = {**COMING["coolant_hot"], "rule": "coolant_hot", "priority": 2, "value": 107.0, "at_ms": AT_MS, "held_s": 90}
    off = trend(0.5, level=40.0, limit=115.0) | {"signal": "coolant_temp_c"}  # the value has left its trend
    diagnose = DiagnosisAgent(codes)
    expected = diagnose(task_of(AgentType.DIAGNOSIS, findings=[hot])).time_to_failure_h

    assert expected is not None
    assert expected == diagnose(task_of(AgentType.DIAGNOSIS, findings=[hot], trends=[off])).time_to_failure_h


@pytest.mark.parametrize("life", [{"life_h": 100}, {"spread": 2}])
def test_a_life_without_its_spread_is_refused(life: dict[str, float]) -> None:
    pads = next(cause for cause in load_knowledge().causes if cause.component == "brake_pads")

    with pytest.raises(ValueError, match="brake_pads: life_h and spread go together"):
        KnownCause.model_validate(pads.model_dump() | life)
