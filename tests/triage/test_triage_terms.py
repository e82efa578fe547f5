"""The section of the topology: exceptions per model, and mistakes that are named."""

import operator
from collections.abc import Callable
from typing import Any

import pytest
import yaml
from pydantic import ValidationError

from master_orchestrator.core.triage import compile_rules, suspicions
from master_orchestrator_schemas.messages import Telemetry
from master_orchestrator_schemas.topology.loader import default_path
from master_orchestrator_schemas.triage_rules import TriageTerms
from master_orchestrator_schemas.vocabulary import Priority


def section() -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load(default_path().read_text(encoding="utf-8"))["triage"]
    return loaded


def terms(**models: Any) -> TriageTerms:
    return TriageTerms.model_validate({**section(), "models": models})


def test_a_model_may_have_limits_and_tyres_of_its_own(drive_under: Callable[..., Any]) -> None:
    lorry = {"placard_kpa": {"front": 800, "rear": 800}, "rules": {"charging_low": {"below": 25.2}}}
    rules = compile_rules(terms(lorry=lorry))

    theirs, others = drive_under(rules, "lorry"), drive_under(rules, "saloon")
    for drive in (theirs, others):
        drive.run(90, battery_voltage_v=14.0, speed_kmh=0.0)

    assert {"charging_low", "tyre_flat"} == set(theirs.fired())
    assert [] == others.fired()


def test_a_model_may_go_without_a_rule_or_with_another_time(drive_under: Callable[..., Any]) -> None:
    rules = compile_rules(terms(x={"rules": {"coolant_boiling": {"enabled": False}, "coolant_hot": {"hold": "20s"}}}))

    drive = drive_under(rules, "x")
    drive.run(70)
    drive.run(20, coolant_temp_c=120.0)

    assert ["coolant_hot"] == drive.fired()


def test_the_model_is_remembered_where_later_readings_do_not_name_it(drive_under: Callable[..., Any]) -> None:
    rules = compile_rules(terms(lorry={"rules": {"charging_low": {"below": 25.2}}}))

    drive = drive_under(rules, "lorry")
    drive.run(1)
    drive.model = None
    drive.run(80)

    assert ["charging_low"] == drive.fired()


@pytest.mark.parametrize(
    ("path", "value", "message"),
    [
        ("rules.coolant_hot.signal", "coolant", "not a signal"),
        ("rules.coolant_hot.hold", "60", "duration"),
        ("rules.coolant_hot.below", 3, "2 limits"),
        ("rules.coolant_hot.unknown", 3, "Extra inputs"),
        ("rules.coolant_hot.at_least", float("nan"), "finite"),
        ("rules.coolant_hot.is", True, "limits"),
        ("rules.coolant_hot.measure", "placard_pct", "placard_pct"),
        ("rules.tyre_low.signal", "coolant_temp_c", "tyre pressures"),
        ("rules.abs_error.signal", "coolant_temp_c", "true-or-false"),
        ("rules.battery_crank_low.repeats", None, "cranking"),
        ("rules.fuel_trim_off.outside", [12, -12], "is empty"),
        ("dtcs.0.code", "P0[", "pattern of codes"),
        ("dtcs.0.priority", "SOON", "not a priority"),
        ("models.m.rules.coolant_hott.hold", "3s", "coolant_hott is not a rule"),
        ("models.m.rules.coolant_hot.below", 100, "kind of limit"),
    ],
)
def test_a_mistake_is_refused_and_named(path: str, value: object, message: str) -> None:
    content = section()
    node: Any = content
    *outer, last = path.split(".")
    for key in outer:
        node = node[int(key)] if isinstance(node, list) else node.setdefault(key, {})
    node[last] = value

    with pytest.raises(ValidationError, match=message):
        TriageTerms.model_validate(content)


def test_a_requested_check_hears_of_what_one_reading_makes_suspect(drive: Any) -> None:
    alarming = Telemetry(
        vehicle_id="v", ts_ms=1, engine_rpm=2500.0, coolant_temp_c=121.0, battery_voltage_v=12.1, brake_fluid_low=True
    )

    findings = suspicions(drive.rules, drive.trackers, alarming)

    assert ["coolant_boiling", "brake_fluid_low", "charging_low"] == [finding.rule for finding in findings]
    assert [Priority.URGENT, Priority.URGENT, Priority.HIGH] == [finding.priority for finding in findings]
    assert {0.0} == {finding.held_s for finding in findings}


@pytest.mark.parametrize(
    "signals",
    [
        {"engine_rpm": 0.0, "coolant_temp_c": 121.0},
        {"engine_rpm": 2500.0, "coolant_temp_c": 20.0},
        {"engine_rpm": 2500.0, "coolant_temp_c": 90.0, "battery_voltage_v": 14.0},
    ],
)
def test_nor_does_one_reading_make_suspect_what_a_gate_rules_out(drive: Any, signals: dict[str, float]) -> None:
    reading = Telemetry(vehicle_id="v", ts_ms=1, **signals)  # type: ignore[arg-type]  # all are floats

    assert () == suspicions(drive.rules, drive.trackers, reading)


def test_the_most_urgent_rules_are_judged_first(drive: Any) -> None:
    for slots in drive.rules.other.slots:
        priorities = [slot.priority for slot in slots]
        assert sorted(priorities, key=operator.index) == priorities
