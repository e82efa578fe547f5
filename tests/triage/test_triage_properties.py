"""What holds for every sequence of readings: purity, and that noise on the way changes nothing."""

from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from master_orchestrator.core.triage import Trackers, TriageRules, compile_rules, new_trackers, observe
from master_orchestrator_schemas.facts import Finding
from master_orchestrator_schemas.messages import SIGNALS, Dtc, J1939Fault, Telemetry
from master_orchestrator_schemas.topology import load_topology
from master_orchestrator_schemas.triage_rules import RuleTerms

TERMS = load_topology().triage
SOOT = RuleTerms.model_validate(
    {"subsystem": "emissions", "priority": "HIGH", "signal": ["extras.soot", "extras.ash"], "above": 90, "hold": "10s"}
)
RULES: TriageRules = compile_rules(TERMS.model_copy(update={"rules": {**TERMS.rules, "soot": SOOT}}))
START_MS = 1_750_000_000_000
SWITCHES = ("brake_fluid_low", "abs_error", "esc_error", "mil_on", "mil_flashing", "red_stop_lamp")
STATE_BUDGET = 3072

unhurried = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
"""Other suites share the machine's cores."""

encode = msgspec.msgpack.encode
decode = msgspec.msgpack.Decoder(Trackers).decode

INTERESTING = {
    "coolant_temp_c": (-40.0, 20.0, 74.0, 90.0, 106.0, 118.0, 215.0),
    "engine_rpm": (0.0, 250.0, 800.0, 2000.0),
    "oil_pressure_kpa": (0.0, 60.0, 130.0, 320.0),
    "battery_voltage_v": (8.0, 11.8, 12.4, 14.0, 15.5),
    "ltft_b1_pct": (-20.0, 0.0, 13.0),
    "gearbox_temp_c": (80.0, 120.0, 140.0),
    "tyre_fl_kpa": (0.0, 150.0, 180.0, 240.0),
    "tyre_rr_kpa": (170.0, 240.0),
    "speed_kmh": (0.0, 50.0),
}
signals = st.fixed_dictionaries(
    {},
    optional={
        **{name: st.sampled_from(values) for name, values in INTERESTING.items()},
        **{name: st.booleans() for name in SWITCHES},
        "extras": st.dictionaries(st.sampled_from(["soot", "ash", "boost"]), st.sampled_from([10.0, 95.0])),
        "dtcs": st.lists(
            st.builds(Dtc, code=st.sampled_from(["P0301", "P0420", "C0035"]), status=st.sampled_from([None, 4, 8, 64])),
            max_size=3,
        ).map(tuple),
        "j1939": st.lists(
            st.builds(J1939Fault, spn=st.sampled_from([100, 110]), fmi=st.sampled_from([1, 15])), max_size=2
        ).map(tuple),
    },
)
steps = st.tuples(st.sampled_from([100, 1_000, 10_000, 90_000, 200_000, 100_000_000]), signals, st.integers(1, 15))


def sent(ts_ms: int, **signals: Any) -> Telemetry:
    return Telemetry(vehicle_id="v", ts_ms=ts_ms, **signals)


@st.composite
def journeys(draw: st.DrawFn) -> list[Telemetry]:
    """Readings in order; what is drawn lasts for some readings, so that rules get to fire."""
    ts_ms, readings = START_MS, []
    for gap_ms, drawn, times in draw(st.lists(steps, min_size=1, max_size=12)):
        for _ in range(times):
            ts_ms += gap_ms
            readings.append(sent(ts_ms, **drawn))
    return readings


def follow(readings: list[Telemetry], trackers: Trackers | None = None) -> tuple[Trackers, list[Finding]]:
    trackers = trackers or new_trackers()
    findings: list[Finding] = []
    for reading in readings:
        trackers, observation = observe(RULES, trackers, reading)
        findings += observation.findings
    return trackers, findings


@unhurried
@given(journeys())
def test_observing_leaves_the_old_trackers_as_they_were_and_answers_the_same_again(readings: list[Telemetry]) -> None:
    trackers = new_trackers()
    for reading in readings:
        before = encode(trackers)
        first = observe(RULES, trackers, reading)
        assert before == encode(trackers)
        assert first == observe(RULES, trackers, reading)
        trackers = first[0]


@unhurried
@given(journeys(), st.data())
def test_stored_trackers_go_on_where_they_were(readings: list[Telemetry], data: st.DataObject) -> None:
    cut = data.draw(st.integers(0, len(readings)))
    whole, findings = follow(readings)

    half, first = follow(readings[:cut])
    stored, second = follow(readings[cut:], decode(encode(half)))

    assert findings == first + second
    assert encode(whole) == encode(stored)


@unhurried
@given(journeys(), st.data())
def test_repeats_and_late_readings_change_nothing(readings: list[Telemetry], data: st.DataObject) -> None:
    position = data.draw(st.integers(1, len(readings)))
    trackers, _ = follow(readings[:position])
    late = data.draw(signals)
    older = sent(trackers.ts_ms - data.draw(st.integers(1, 500_000)), **late)
    stale = data.draw(st.sampled_from([older, readings[position - 1]]))

    after, observation = observe(RULES, trackers, stale)

    assert not observation.accepted
    assert () == observation.findings
    assert encode(trackers) == encode(after)


@unhurried
@given(journeys(), st.data())
def test_readings_without_values_neither_confirm_nor_clear(readings: list[Telemetry], data: st.DataObject) -> None:
    """Empty readings sown between the others: the same findings at the same times, the same holds."""
    sown: list[Telemetry] = []
    for reading in readings:
        if data.draw(st.booleans()):
            sown.append(sent(reading.ts_ms - 1))
        sown.append(reading)

    plain, findings = follow(readings)
    mixed, found_sown = follow(sown)

    assert findings == found_sown
    assert plain.holds == mixed.holds
    assert plain.codes == mixed.codes


def healthy(ts_ms: int, **odd: Any) -> Telemetry:
    usual = {
        "coolant_temp_c": 90.0,
        "engine_rpm": 2000.0,
        "oil_pressure_kpa": 320.0,
        "battery_voltage_v": 14.0,
        "engine_load_pct": 40.0,
        "gearbox_temp_c": 85.0,
        "ltft_b1_pct": 1.0,
        "speed_kmh": 50.0,
        "hv_temp_max_c": 30.0,
        **dict.fromkeys(("tyre_fl_kpa", "tyre_fr_kpa", "tyre_rl_kpa", "tyre_rr_kpa"), 240.0),
        **dict.fromkeys((name for name in SIGNALS if name.startswith("brake_pad")), 30.0),
        **dict.fromkeys(SWITCHES, False),
    }
    return sent(ts_ms, **{**usual, **odd})


wild = st.one_of(
    st.tuples(st.sampled_from(SIGNALS), st.floats(-1e6, 1e6)), st.tuples(st.sampled_from(SWITCHES), st.just(value=True))
)


@unhurried
@given(
    st.lists(
        st.tuples(st.integers(1, 12), st.dictionaries(*[st.sampled_from(SIGNALS), st.floats(-1e6, 1e6)])), max_size=30
    )
)
@example([(1, {})] * 7 + [(6, {}), *[(12, {})] * 3, (12, {"tyre_rl_kpa": 0.0}), (8, {"tyre_rl_kpa": 1501.0}), (7, {})])
def test_single_wild_samples_never_fire(spikes: list[tuple[int, dict[str, float]]]) -> None:
    """However wild and whichever signals at once, as long as the next reading is sane again."""
    readings, ts_ms = [], START_MS
    for calm, odd in spikes:
        for _ in range(calm):
            ts_ms += 7_000
            readings.append(healthy(ts_ms))
        ts_ms += 7_000
        readings.append(healthy(ts_ms, **odd))

    assert [] == follow([*readings, healthy(ts_ms + 7_000)])[1]


@unhurried
@given(st.lists(wild, min_size=1, max_size=6, unique_by=lambda pair: pair[0]), st.integers(0, 3))
def test_a_spike_does_not_hide_a_fault(spikes: list[tuple[str, Any]], phase: int) -> None:
    """An overheating engine whose readings are wild now and then is found all the same."""
    odd = dict(spikes)
    readings = [healthy(START_MS + second * 1000) for second in range(80)]
    for second in range(80, 110):
        spiked = odd if second % 6 == phase else {}
        readings.append(healthy(START_MS + second * 1000, **{"coolant_temp_c": 118.0, **spiked}))

    rules = [finding.rule for finding in follow(readings)[1]]

    assert "coolant_boiling" in rules


@unhurried
@given(st.lists(st.floats(-1e300, 1e300), min_size=len(SIGNALS), max_size=len(SIGNALS)), st.integers(1, 4))
def test_no_values_make_the_trackers_large(values: list[float], times: int) -> None:
    named = dict(zip(SIGNALS, values, strict=True))
    codes = tuple(Dtc(code=f"P0{number:03X}", status=8) for number in range(64))
    trackers, _ = follow(
        [sent(START_MS + turn * 40_000, dtcs=codes, **named, **dict.fromkeys(SWITCHES, True)) for turn in range(times)]
    )

    assert len(encode(trackers)) < STATE_BUDGET


def test_everything_broken_at_once_stays_within_the_budget() -> None:
    """Every rule pending or fired that can be at the same time, every signal sent, and more codes than are kept."""
    broken = {
        **dict.fromkeys((name for name in SIGNALS if name.startswith("brake_pad")), 95.0),
        **dict.fromkeys(("tyre_fl_kpa", "tyre_fr_kpa", "tyre_rl_kpa", "tyre_rr_kpa"), 100.0),
        "coolant_temp_c": 120.0,
        "oil_pressure_kpa": 10.0,
        "battery_voltage_v": 9.0,
        "gearbox_temp_c": 140.0,
        "ltft_b1_pct": 30.0,
        "hv_temp_max_c": 90.0,
        **dict.fromkeys(SWITCHES, True),
    }
    every = {**dict.fromkeys(SIGNALS, 50.0), "engine_rpm": 2000.0, **broken}
    codes = tuple(Dtc(code=f"P0{number:03X}", status=8) for number in range(64))
    sizes = []
    trackers = new_trackers()
    for second in range(150):
        trackers, _ = observe(RULES, trackers, sent(START_MS + second * 1000, dtcs=codes, **every))
        sizes.append(len(encode(trackers)))

    assert max(sizes) < STATE_BUDGET


def test_a_healthy_vehicle_with_twenty_signals_is_small() -> None:
    trackers, _ = follow([healthy(START_MS + second * 1000) for second in range(300)])

    assert len(encode(trackers)) < 1_100


def test_trackers_of_an_older_topology_load_and_forget_rules_that_are_gone() -> None:
    readings = [healthy(START_MS + second * 1000, coolant_temp_c=118.0) for second in range(30)]
    trackers, _ = follow(readings)
    terms = load_topology().triage
    kept = {name: rule for name, rule in terms.rules.items() if name != "coolant_boiling"}
    newer = compile_rules(terms.model_copy(update={"rules": kept}))

    after, _ = observe(newer, decode(encode(trackers)), healthy(START_MS + 31_000, coolant_temp_c=118.0))

    assert "coolant_boiling" in trackers.holds
    assert {"coolant_hot"} == set(after.holds)


@pytest.mark.parametrize("gap_ms", [130_000, 600_000])
def test_time_in_a_gap_is_not_time_held(gap_ms: int) -> None:
    """Two readings a second apart, then a silence: unlike those of a vehicle that always reports slowly."""
    times = [START_MS + turn * gap_ms + pair * 1000 for turn in range(20) for pair in range(2)]
    readings = [healthy(ts_ms, coolant_temp_c=118.0, abs_error=True) for ts_ms in times]

    assert [] == follow(readings)[1]
