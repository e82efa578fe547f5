"""DATA_ANALYSIS: what is confirmed, filed under its sensor, or dismissed, and why."""

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from master_orchestrator_agents.reference.codes import CodeTable
from master_orchestrator_agents.reference.data_analysis import DataAnalysisAgent
from master_orchestrator_agents.reference.data_analysis.evidence import DOUBTFUL, reported
from master_orchestrator_agents.task import Task
from master_orchestrator_schemas.results import DataAnalysisResult
from master_orchestrator_schemas.vocabulary import AgentType, Priority, Subsystem

HOT = {
    "rule": "coolant_hot",
    "subsystem": "cooling",
    "priority": Priority.HIGH,
    "at_ms": 1,
    "signal": "coolant_temp_c",
    "value": 109.0,
    "threshold": 105.0,
    "held_s": 60.0,
}
TRIM = {
    **HOT,
    "rule": "fuel_trim_off",
    "subsystem": "fuel_air",
    "priority": Priority.SCHEDULED,
    "signal": "ltft_b1_pct",
    "value": 13.0,
    "threshold": 12.0,
}


def summary(signal: str, last: float, mean: float, **more: Any) -> dict[str, Any]:
    known = {"minimum": min(last, mean) - 5, "maximum": max(last, mean) + 5, "spread": 2.0, "samples": 500}
    return {"signal": signal, "last": last, "mean": mean, **known, **more}


@pytest.fixture
def analyse(codes: CodeTable, task_of: Callable[..., Task[Any]]) -> Callable[..., DataAnalysisResult]:
    agent = DataAnalysisAgent(codes)
    return lambda **payload: agent(task_of(AgentType.DATA_ANALYSIS, **payload))


Analyse = Callable[..., DataAnalysisResult]


def test_a_persistent_finding_is_confirmed_with_its_numbers(analyse: Analyse) -> None:
    result = analyse(findings=[HOT], signals=[summary("coolant_temp_c", 110, 91)])

    assert result.anomalies is not None
    (anomaly,) = result.anomalies
    assert anomaly.subsystem is Subsystem.COOLING
    assert "coolant_hot" == anomaly.rule
    assert anomaly.confidence > 0.7
    assert 0.7 <= anomaly.severity <= 0.8
    assert "91.0" in anomaly.evidence


@pytest.mark.parametrize("value", [-40.0, 215.0, 214.5])
def test_a_value_at_an_end_of_the_range_is_the_sensors(analyse: Analyse, value: float) -> None:
    stuck = {**HOT, "priority": Priority.URGENT, "rule": "coolant_boiling", "value": value, "threshold": 115.0}

    result = analyse(findings=[stuck], signals=[summary("engine_oil_temp_c", 90, 90)])

    assert result.anomalies is not None
    assert [(Subsystem.COOLING_SENSOR, 0.3)] == [(a.subsystem, a.severity) for a in result.anomalies]


def test_heat_that_nothing_else_shows_is_the_sensors(analyse: Analyse) -> None:
    finding = {**HOT, "value": 160.0}

    alone = analyse(findings=[finding])
    cool_oil = analyse(findings=[finding], signals=[summary("engine_oil_temp_c", 85, 90)])
    hot_oil = analyse(findings=[finding], signals=[summary("engine_oil_temp_c", 140, 90)])

    subsystems = [result.anomalies[0].subsystem for result in (alone, cool_oil, hot_oil) if result.anomalies]
    assert [Subsystem.COOLING, Subsystem.COOLING_SENSOR, Subsystem.COOLING] == subsystems


def test_an_engine_that_has_just_boiled_over_is_believed_though_its_oil_is_still_cool(analyse: Analyse) -> None:
    boiling = {**HOT, "priority": Priority.URGENT, "rule": "coolant_boiling", "value": 131.0, "threshold": 115.0}
    cool = [summary("engine_oil_temp_c", 94, 103), summary("gearbox_temp_c", 77, 83)]

    assert [Subsystem.COOLING] == [a.subsystem for a in analyse(findings=[boiling], signals=cool).anomalies or ()]


def test_no_oil_pressure_is_never_dismissed(analyse: Analyse) -> None:
    """0 kPa is an end of the range too, and exactly what a failed pump looks like."""
    lost = {
        **HOT,
        "rule": "oil_pressure_lost",
        "subsystem": "lubrication",
        "priority": Priority.URGENT,
        "signal": "oil_pressure_kpa",
        "value": 0.0,
        "threshold": 70.0,
        "held_s": 5.0,
    }
    # Everything speaks against it: back to normal, improving, and the usual value for this vehicle.
    kind = summary("oil_pressure_kpa", 90, 2, slope_per_h=50.0, minimum=0.0)

    result = analyse(findings=[lost], signals=[kind])

    assert () == result.dismissed
    assert result.anomalies is not None
    assert result.anomalies[0].severity >= 0.9


def test_a_planned_finding_that_went_away_is_dismissed(analyse: Analyse) -> None:
    still = analyse(findings=[TRIM], signals=[summary("ltft_b1_pct", 13.0, 1.0)])
    gone = analyse(findings=[TRIM], signals=[summary("ltft_b1_pct", 4.0, 11.0)])

    assert ((), ("fuel_trim_off",)) == (still.dismissed, gone.dismissed)
    assert () == gone.anomalies


def test_an_agreeing_code_outweighs_a_recovery(analyse: Analyse) -> None:
    gone = [summary("ltft_b1_pct", 4.0, 11.0)]

    assert ("fuel_trim_off",) == analyse(findings=[TRIM], signals=gone).dismissed
    assert () == analyse(findings=[TRIM], signals=gone, dtcs=["P0171"]).dismissed


@given(st.floats(0, 1), st.floats(0, 1))
def test_the_surer_a_finding_is_the_higher_is_what_is_reported(one: float, other: float) -> None:
    less, more = sorted((one, other))

    assert 0 <= reported(less) <= reported(more) <= 1
    assert min(less, DOUBTFUL) <= reported(less)


def test_a_trend_to_the_worse_raises_confidence_and_recovery_lowers_it(analyse: Analyse) -> None:
    def confidence(slope: float) -> float:
        result = analyse(findings=[HOT], signals=[summary("coolant_temp_c", 110, 100, slope_per_h=slope)])
        assert result.anomalies
        return result.anomalies[0].confidence

    assert confidence(-20) < confidence(0) < confidence(20)


def test_four_tyres_falling_alike_are_weather_and_one_is_not(analyse: Analyse) -> None:
    low = {
        **HOT,
        "rule": "tyre_low",
        "subsystem": "tyres",
        "signal": "tyre_fl_kpa",
        "value": 79.0,
        "threshold": 80.0,
        "held_s": 0.0,
    }
    wheels = ("fl", "fr", "rl", "rr")
    cold = [summary(f"tyre_{wheel}_kpa", 182, 215) for wheel in wheels]
    puncture = [summary(f"tyre_{wheel}_kpa", 182 if wheel == "fl" else 214, 215) for wheel in wheels]

    weather, flat = analyse(findings=[low], signals=cold), analyse(findings=[low], signals=puncture)

    assert weather.anomalies
    assert flat.anomalies
    assert weather.anomalies[0].confidence < 0.4 < flat.anomalies[0].confidence


def test_a_rate_is_not_compared_with_the_signals_own_values(analyse: Analyse) -> None:
    """Loss in kPa/min against a mean in kPa would look like an enormous deviation."""
    losing = {**HOT, "rule": "tyre_losing", "subsystem": "tyres", "signal": "tyre_fl_kpa", "value": 4.0, "threshold": 3}

    result = analyse(findings=[losing], signals=[summary("tyre_fl_kpa", 200, 220)])

    assert result.anomalies
    assert "spreads" not in result.anomalies[0].evidence


def test_a_check_of_a_healthy_vehicle_finds_nothing(analyse: Analyse) -> None:
    healthy = [
        summary("coolant_temp_c", 92, 90),
        summary("ltft_b1_pct", 1.5, 2.0),
        summary("battery_voltage_v", 14, 14),
    ]

    assert () == analyse(signals=healthy).anomalies


def test_a_check_finds_stored_codes_and_slow_wear(analyse: Analyse) -> None:
    worn = [summary("brake_pad_wear_rl_pct", 70, 68), summary("brake_pad_wear_rr_pct", 70, 68, samples=3)]

    result = analyse(signals=worn, dtcs=["P0420"])

    assert result.anomalies is not None
    assert [Subsystem.EMISSIONS, Subsystem.BRAKES] == [anomaly.subsystem for anomaly in result.anomalies]
    assert max(anomaly.severity for anomaly in result.anomalies) < 0.5


THERMOSTAT = {
    **HOT,
    "rule": "coolant_cold",
    "priority": Priority.SCHEDULED,
    "value": 62.0,
    "threshold": 75.0,
}
LOSING = {
    **HOT,
    "rule": "tyre_losing",
    "subsystem": "tyres",
    "signal": "tyre_fl_kpa",
    "value": 3.4,
    "threshold": 3.0,
}


def test_a_past_that_is_the_fault_does_not_speak_against_it(analyse: Analyse) -> None:
    """A stuck thermostat has been so on every trip that is remembered."""
    result = analyse(findings=[THERMOSTAT], signals=[summary("coolant_temp_c", 62, 61.5)])

    assert () == result.dismissed
    assert result.anomalies


@pytest.mark.parametrize(("last", "spread", "dismissed"), [(231.0, 1.0, True), (240.0, 1.5, True), (221.0, 1.0, False)])
def test_a_loss_within_the_pressures_own_noise_is_none(
    analyse: Analyse, last: float, spread: float, dismissed: bool
) -> None:
    result = analyse(findings=[LOSING], signals=[summary("tyre_fl_kpa", last, 232.0, spread=spread)])

    assert dismissed == (result.dismissed == ("tyre_losing",))


@pytest.mark.parametrize(("last", "dismissed"), [(231.0, True), (222.0, False)])
def test_a_loss_by_rate_has_to_be_a_loss(analyse: Analyse, last: float, dismissed: bool) -> None:
    """3.4 kPa a minute for four minutes are 13.6 kPa: a young vehicle's pressure that fell by 3 was rounded twice."""
    lately = {"minimum": last, "maximum": 234.0, "samples": 17}
    result = analyse(findings=[{**LOSING, "held_s": 240.0}], signals=[summary("tyre_fl_kpa", last, 233.0, **lately)])

    assert dismissed == (result.dismissed == ("tyre_losing",))


def test_a_value_that_is_back_by_no_more_than_noise_is_not_back(analyse: Analyse) -> None:
    charging = {**HOT, "rule": "charging_low", "subsystem": "charging", "signal": "battery_voltage_v",
                "value": 12.4, "threshold": 12.6, "held_s": 20.0}  # fmt: skip
    noisy, back = (
        analyse(findings=[charging], signals=[summary("battery_voltage_v", last, 12.5, minimum=12.3, maximum=14.0)])
        for last in (12.63, 13.9)
    )

    assert ((), ("charging_low",)) == (noisy.dismissed, back.dismissed)


def test_a_tyre_that_has_leaked_as_long_as_it_is_remembered_is_not_weather(analyse: Analyse) -> None:
    low = {**HOT, "rule": "tyre_low", "subsystem": "tyres", "signal": "tyre_fl_kpa", "value": 178.0, "threshold": 184.0}
    wheels = ("fl", "fr", "rl", "rr")
    leaking = [summary(f"tyre_{wheel}_kpa", 186 if wheel == "fl" else 231, 189 if wheel == "fl" else 234)
               for wheel in wheels]  # fmt: skip

    assert () == analyse(findings=[low], signals=leaking).dismissed
