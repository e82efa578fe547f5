"""The table, the registries of events, the hash chain, the fold, and older states."""

import json
from hashlib import sha256

import msgspec
import pytest
from msgspec.structs import replace
from support.core_vehicle import MAX_STATE_BYTES, CoreVehicle

from master_orchestrator.core import transitions
from master_orchestrator.core.audit_chain import canonical_json, verify_chain
from master_orchestrator.core.bounds import clip, fit
from master_orchestrator.core.decide import RULES
from master_orchestrator.core.decide.timer import DUE
from master_orchestrator.core.diagram import mermaid
from master_orchestrator.core.errors import IllegalTransitionError
from master_orchestrator.core.events import StateChanged, WorkflowEvent, all_events
from master_orchestrator.core.evolve import EVOLVE, evolve
from master_orchestrator.core.fold import fold_audit, statistics
from master_orchestrator.core.inputs import Body
from master_orchestrator.core.react import REACT
from master_orchestrator.core.state import encode_state
from master_orchestrator_schemas.messages import SIGNALS, AuditRecord, Dtc
from master_orchestrator_schemas.vocabulary import AlertKind, Reason, State


def test_every_event_is_applied_and_reported() -> None:
    events = set(all_events())
    assert events == set(EVOLVE)
    assert {event for event in events if issubclass(event, WorkflowEvent)} == set(REACT)


def test_every_input_has_its_rules() -> None:
    assert set(Body.__args__) == set(RULES)


def test_every_state_is_in_the_table_and_every_open_one_can_fail() -> None:
    assert set(State) == set(transitions.TRANSITIONS)
    for state in set(State) - transitions.END_STATES:
        assert transitions.allowed(state, State.FAILED)
        assert state in transitions.AT_ONCE or state in DUE


def test_every_state_but_the_first_can_be_reached_and_every_one_can_end() -> None:
    reached, frontier = {transitions.INITIAL}, {transitions.INITIAL}
    while frontier:
        frontier = {to for state in frontier for to in transitions.TRANSITIONS[state]} - reached
        reached |= frontier
    assert set(State) == reached


def test_every_reason_of_an_end_has_a_number() -> None:
    assert {reason.value for reason in Reason} <= set(transitions.REASONS)
    assert len(transitions.REASONS) == len(transitions.REASON_NUMBERS)


def test_evolve_refuses_a_move_that_the_table_does_not_have(vehicle: CoreVehicle) -> None:
    vehicle.fault("P0301")
    illegal = StateChanged(workflow_id="v-1~0", at_ms=1, reason="reply", to_state=State.SCHEDULED)
    with pytest.raises(IllegalTransitionError, match="DATA_ANALYSIS -> SCHEDULED"):
        evolve(vehicle.state, illegal)


def test_the_diagram_has_every_move() -> None:
    lines = mermaid().splitlines()
    moves = sum(len(to) for to in transitions.TRANSITIONS.values())
    assert "stateDiagram-v2" == lines[0]
    assert moves == sum(" --> " in line and "[*]" not in line for line in lines)
    assert "    FAILED --> RETRY: an operator's redrive: a fresh budget of attempts" in lines


def test_any_language_can_rebuild_the_canonical_json(vehicle: CoreVehicle) -> None:
    vehicle.fault("P0301")
    vehicle.reply({"summary": '\u00e9\u2028 "quoted" \u0001 \U0001f697', "unknown": [1.5, None]})
    for record in vehicle.audit:
        fields = msgspec.to_builtins(record)
        expected = fields.pop("hash")
        rebuilt = json.dumps(fields, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()
        assert rebuilt == canonical_json(record)
        assert expected == sha256(rebuilt).hexdigest()


def test_the_chain_finds_edits_holes_reordering_and_forks(vehicle: CoreVehicle) -> None:
    vehicle.fault("P0301")
    vehicle.advance_to(State.COMPLETED)
    trail = vehicle.audit
    assert [] == verify_chain(trail)
    assert [] == verify_chain([trail[0], *trail])
    edited = replace(trail[2], actor="nobody")
    assert ["edited"] == _kinds([*trail[:2], edited, *trail[3:]])
    assert ["missing"] == _kinds([*trail[:2], *trail[3:]])
    assert ["missing"] == _kinds(trail[1:])
    assert {"missing", "reordered"} == set(_kinds([trail[0], trail[2], trail[1], *trail[3:]]))
    other = CoreVehicle(vehicle.policy)
    other.wait(1)
    other.fault("P0301")
    assert ["unlinked"] == _kinds([trail[0], *other.audit[1:]])
    assert ["forked"] == _kinds([*trail[:2], other.audit[1]])


def test_statistics_are_folded_from_the_trail(vehicle: CoreVehicle) -> None:
    vehicle.fault("P0217")
    vehicle.wait(90_000)
    vehicle.reply()
    vehicle.reply({"causes": []})
    vehicle.wait(100 * 3_600_000)
    vehicle.reading(check_requested=True)
    figures = statistics(fold_audit(vehicle.audit).values())
    assert (2, 1, 0, 1, 1) == (
        figures.total_workflows,
        figures.completed,
        figures.failed,
        figures.urgent_handled,
        figures.active_workflows,
    )
    assert {"COMPLETED": 1, "DATA_ANALYSIS": 1} == figures.workflows_by_state
    assert 90.0 == figures.average_completion_time
    assert statistics(vehicle.statuses.values()) == figures


def test_statistics_of_nothing_are_zero() -> None:
    assert 0.0 == statistics([]).average_completion_time


def test_alert_ids_are_deterministic(vehicle: CoreVehicle) -> None:
    vehicle.fault("P0217")
    vehicle.advance_to(State.CUSTOMER_ENGAGEMENT)
    (alert,) = vehicle.reply({"answer": "DECLINE"}).alerts
    assert f"v-1~0/{vehicle.audit[-1].seq}/{AlertKind.URGENT_UNRESOLVED}" == alert.alert_id


def test_texts_are_clipped_to_bytes_and_facts_to_a_sum() -> None:
    assert "\u20ac\u20ac" == clip("\u20ac" * 5, 8)
    assert "abc" == clip("abc", 3)
    assert ({"a": 1},) == fit([{"a": 1}, {"b": "x" * 50}, {"c": 1}], 20)


REMEMBERED = {
    "coolant_temp_c": 91.0,
    "gearbox_temp_c": 92.0,
    "ltft_b1_pct": 2.0,
    **{name: 230.0 for name in SIGNALS if name.startswith("tyre")},
    **{name: 40.0 for name in SIGNALS if name.startswith("brake_pad")},
}
"""Of a running engine: all that is remembered from day to day, but what a reading has anyway."""


def test_the_largest_state_stays_under_four_kilobytes(vehicle: CoreVehicle) -> None:
    """Every collection at its bound, all signals seen and remembered for weeks, texts in three-byte letters."""
    long = "\u20ac" * 200
    signals = dict.fromkeys(_every_signal(), 50.0)
    codes = [f"P03{n:02d}" for n in range(13)] + [f"C00{n:02d}" for n in range(13)]
    for _ in range(40):
        vehicle.wait(86_400_000)
        vehicle.reading(**REMEMBERED)
    for _ in range(12):
        vehicle.wait(40_000)
        vehicle.reading(**signals, model=long, dtcs=tuple(Dtc(code=code, status=8) for code in codes))
    anomaly = {"description": long, "evidence": long, "rule": long}
    vehicle.reply({"anomalies": [anomaly] * 16})
    cause = {"component": long, "description": long, "dtc": long}
    operation = {"name": long, "skill": long, "bay": long, "parts": [long] * 16, "labour_hours": 1}
    vehicle.reply({"causes": [cause] * 8, "operations": [operation] * 8})
    vehicle.reply()
    vehicle.reply({"appointment_id": long, "workshop_id": long, "end_ms": vehicle.at_ms + 10**8})
    for n in range(60):
        vehicle.wait(1)
        vehicle.reading(**signals, check_requested=True)
        assert len(encode_state(vehicle.state)) < MAX_STATE_BYTES, n


def _every_signal() -> list[str]:
    return [name for name in SIGNALS if name not in {"engine_rpm", "coolant_temp_c", "battery_voltage_v"}]


def _kinds(records: list[AuditRecord]) -> list[str]:
    return [violation.kind for violation in verify_chain(records)]
