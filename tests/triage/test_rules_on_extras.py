"""A rule may look at any number that a reading carries in ``extras``, as at a field."""

import operator
from collections.abc import Callable
from typing import Any

import msgspec
import pytest
import yaml
from pydantic import ValidationError

from master_orchestrator.core.triage import TriageRules, compile_rules, suspicions
from master_orchestrator.core.triage.trackers import Trackers
from master_orchestrator_schemas.messages import SIGNALS, Telemetry
from master_orchestrator_schemas.signal_names import MAX_EXTRAS_READ, SWITCHES
from master_orchestrator_schemas.topology.loader import default_path
from master_orchestrator_schemas.triage_rules import TriageTerms
from master_orchestrator_schemas.vocabulary import Priority, Subsystem

SOOT = {
    "subsystem": "emissions",
    "priority": "HIGH",
    "signal": "extras.dpf_soot_pct",
    "gate": {"engine": "running"},
    "at_least": 90,
    "hold": "30s",
}
AIR = {
    "subsystem": "brakes",
    "priority": "URGENT",
    "signal": ["extras.air_1_kpa", "extras.air_2_kpa"],
    "below": 550,
    "hold": "10s",
}
SOOT_FULL = {**SOOT, "priority": "URGENT", "at_least": 110}
DriveUnder = Callable[..., Any]


def terms(*, ranges: dict[str, Any] | None = None, **rules: Any) -> TriageTerms:
    """The topology's section with these rules and ranges in addition."""
    section = yaml.safe_load(default_path().read_text(encoding="utf-8"))["triage"]
    section["rules"] |= rules
    section["ranges"] |= ranges or {}
    return TriageTerms.model_validate(section)


@pytest.fixture(scope="module")
def own_rules() -> TriageRules:
    ranges = {"extras.dpf_soot_pct": {"physical": [0, 250], "not_available": [[102, 105]]}}
    return compile_rules(terms(dpf_soot_high=SOOT, dpf_soot_full=SOOT_FULL, air_low=AIR, ranges=ranges))


def test_it_fires_once_its_condition_has_held(drive_under: DriveUnder, own_rules: TriageRules) -> None:
    drive = drive_under(own_rules)
    drive.run(60, extras={"dpf_soot_pct": 89.9})
    assert [] == drive.run(28, extras={"dpf_soot_pct": 95.0})

    (finding,) = drive.run(5, extras={"dpf_soot_pct": 95.0})

    assert ("dpf_soot_high", Subsystem.EMISSIONS, Priority.HIGH) == (finding.rule, finding.subsystem, finding.priority)
    assert ("extras.dpf_soot_pct", 95.0, 90.0) == (finding.signal, finding.value, finding.threshold)


def test_its_gate_holds_it_back(drive_under: DriveUnder, own_rules: TriageRules) -> None:
    drive = drive_under(own_rules)
    drive.run(120, engine_rpm=0.0, speed_kmh=0.0, oil_pressure_kpa=0.0, extras={"dpf_soot_pct": 95.0})

    assert [] == drive.fired()


def test_each_signal_is_looked_at_for_itself(drive_under: DriveUnder, own_rules: TriageRules) -> None:
    drive = drive_under(own_rules)

    findings = drive.run(20, extras={"air_1_kpa": 800.0, "air_2_kpa": 500.0})

    assert [("air_low", "extras.air_2_kpa")] == [(one.rule, one.signal) for one in findings]


def test_it_clears_and_fires_again(drive_under: DriveUnder, own_rules: TriageRules) -> None:
    drive = drive_under(own_rules)
    for soot in (95.0, 20.0, 95.0):
        drive.run(400, extras={"dpf_soot_pct": soot})

    assert ["dpf_soot_high", "dpf_soot_high"] == drive.fired()


def test_the_more_urgent_rule_silences_the_other(drive_under: DriveUnder, own_rules: TriageRules) -> None:
    drive = drive_under(own_rules)
    drive.run(60, extras={"dpf_soot_pct": 120.0})

    assert ["dpf_soot_full"] == drive.fired()


def test_a_value_that_means_not_available_is_missing(drive_under: DriveUnder, own_rules: TriageRules) -> None:
    drive = drive_under(own_rules)
    drive.run(120, extras={"dpf_soot_pct": 102.0})

    assert [] == drive.fired()


def test_a_message_of_its_own_at_the_same_time_is_taken_once(drive_under: DriveUnder, own_rules: TriageRules) -> None:
    """Gateways send one signal per message; what is known of a time already is not taken again."""
    drive = drive_under(own_rules)
    for _ in range(40):
        drive.send(engine_rpm=2000.0)
        drive.send(extras={"dpf_soot_pct": 95.0})
        before = drive.trackers
        drive.send(extras={"dpf_soot_pct": 10.0})
        assert before == drive.trackers
        drive.ts_ms += 1000

    assert ["dpf_soot_high"] == drive.fired()


def test_a_requested_check_looks_at_it(own_rules: TriageRules) -> None:
    reading = Telemetry(vehicle_id="v", ts_ms=1, engine_rpm=2000.0, extras={"dpf_soot_pct": 95.0})

    assert ["dpf_soot_high"] == [finding.rule for finding in suspicions(own_rules, Trackers(), reading)]


def test_a_model_may_have_a_limit_of_its_own(drive_under: DriveUnder) -> None:
    section = yaml.safe_load(default_path().read_text(encoding="utf-8"))["triage"]
    section["rules"] |= {"dpf_soot_high": SOOT}
    section["models"] = {"lorry": {"rules": {"dpf_soot_high": {"at_least": 120}}}}
    rules = compile_rules(TriageTerms.model_validate(section))

    drives = [drive_under(rules, model) for model in ("lorry", "van")]
    for drive in drives:
        drive.run(60, extras={"dpf_soot_pct": 95.0})

    assert [[], ["dpf_soot_high"]] == [drive.fired() for drive in drives]


def test_without_such_a_rule_reading_is_one_attrgetter(rules: TriageRules) -> None:
    assert isinstance(rules.other.read, operator.attrgetter)


def test_other_extras_leave_no_trace(drive_under: DriveUnder, own_rules: TriageRules) -> None:
    """The state holds nothing per name: not of numbers that no rule looks at, not of healthy ones."""
    plain, more = drive_under(own_rules), drive_under(own_rules)
    plain.run(60)
    more.run(60, extras={f"other_{n}": float(n) for n in range(100)} | {"dpf_soot_pct": 20.0})

    size = len(msgspec.msgpack.encode(plain.trackers))
    assert len(msgspec.msgpack.encode(more.trackers)) <= size + 8


def test_the_most_signals_that_rules_may_look_at_fit_the_state(drive_under: DriveUnder) -> None:
    every = {f"s{n}": {**SOOT, "signal": f"extras.s{n}"} for n in range(MAX_EXTRAS_READ)}
    named = (*SIGNALS, *SWITCHES)
    numbers = {f"n_{name}": {**SOOT, "signal": name, "at_least": 1e9} for name in SIGNALS}
    switches = {f"w_{name}": {**SOOT, "signal": name, "at_least": None, "is": True} for name in SWITCHES}
    drive = drive_under(compile_rules(terms(**every, **numbers, **switches)))

    drive.send(**dict.fromkeys(SIGNALS, 1.0), **dict.fromkeys(SWITCHES, False), extras=dict.fromkeys(every, 1.0))

    kept = msgspec.msgpack.decode(msgspec.msgpack.encode(drive.trackers), type=Trackers)
    assert len(named) + MAX_EXTRAS_READ == kept.present.bit_count()


@pytest.mark.parametrize(
    ("signal", "message"),
    [
        ("coolant_tmp_c", r"write coolant_temp_c, or extras\.coolant_tmp_c"),
        ("mil_flash", "write mil_flashing, or"),
        ("dpf_soot_pct", r"extras\.dpf_soot_pct for a number in extras"),
        ("extras.coolant_temp_c", "write coolant_temp_c"),
        ("extras.", "does not name a number"),
        ("extras. soot", "does not name a number"),
        (f"extras.{'x' * 65}", "does not name a number"),
    ],
)
def test_a_name_that_cannot_be_meant_is_refused(signal: str, message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        terms(dpf_soot_high={**SOOT, "signal": signal})


def test_more_than_the_state_can_hold_is_refused() -> None:
    many = {f"s{n}": {**SOOT, "signal": f"extras.s{n}"} for n in range(MAX_EXTRAS_READ + 1)}

    with pytest.raises(ValidationError, match=f"look at {MAX_EXTRAS_READ} at most"):
        terms(**many)


@pytest.mark.parametrize(
    ("rule", "message"),
    [
        ({**SOOT, "at_least": None, "is": True}, "true-or-false"),
        ({**SOOT, "at_least": None, "below": 80, "measure": "placard_pct"}, "tyre pressures only"),
    ],
)
def test_it_is_a_number_and_nothing_more(rule: dict[str, Any], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        terms(dpf_soot_high=rule)


def test_a_value_of_a_sleeping_sensor_is_told_by_its_range() -> None:
    with pytest.raises(ValidationError, match=r"write not_available: \[0\]"):
        terms(dpf_soot_high=SOOT, ranges={"extras.dpf_soot_pct": {"physical": [0, 250], "asleep": 0}})
