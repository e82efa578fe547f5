"""Each rule of the chaos suite's judge finds what it is there for, planted in a history that is clean without it."""

import pytest
from chaos_checker.records import RecordPlace
from support.judged_history import TELEMETRY, Judged, clean
from support.planted import (
    Plant,
    all_of,
    applied_again,
    audit_edit,
    command_edit,
    drop,
    edit,
    facts_edit,
    input_edit,
    input_gone,
    input_more,
    letter_bytes,
    letter_edit,
    other_lane,
    overtaken,
    position_back,
    sent_edit,
    state_edit,
    state_gone,
    state_of_nobody,
    status_edit,
    stray_letter,
    swap,
    twice,
    unread,
    waits_still,
    whole_cause_gone,
)


def test_the_engine_s_own_history_is_clean() -> None:
    assert [] == clean().violations()


FIRST = {"vehicle_id": "serviced", "seq": 0}
FAILED = {"event": "step_failed", "reason": "agent_failed"}
WORKFLOW, OLDER = 8, 9

PLANTED = [
    # what was acknowledged
    ("acknowledged-there", input_gone),
    ("acknowledged-there", sent_edit({"expects": "finding"}, size=1)),
    ("acknowledged-there", sent_edit({"expects": "finding"}, name="another")),
    ("aborted-there", sent_edit({"expects": "none"}, acked=False, aborted=True)),
    ("unsent", input_more(TELEMETRY, "serviced")),
    ("effect", sent_edit({"expects": "finding"}, rule="dtc:P0999")),
    ("effect", sent_edit({"expects": "check"}, request_id="three")),
    ("effect", audit_edit({"event": "check_joined"}, event="rejected")),
    ("effect", sent_edit({"expects": "none"}, expects="finding", rule="dtc:P0301")),
    ("effect", sent_edit({"expects": "finding"}, expects="none", strict=True)),
    ("opened-for-nothing", facts_edit(FIRST, findings=["dtc:P0999"])),
    ("opened-for-nothing", audit_edit(FIRST, reason="regular_check")),
    ("opened-for-nothing", sent_edit({"expects": "finding"}, rule=None)),
    ("opened-for-nothing", sent_edit({"expects": "finding"}, acked=False, place=None, name="never sent")),
    # causes
    ("cause", input_gone),
    ("cause", input_edit(FIRST, key=b"another")),
    ("cause", input_edit(FIRST, at_ms=1)),
    ("cause", audit_edit(FIRST, actor="operator:ada")),
    ("vehicle-order", position_back),
    ("vehicle-order", applied_again),
    ("vehicle-order", audit_edit({"vehicle_id": "retried", "seq": 0}, positions={TELEMETRY: 1})),
    ("answered", whole_cause_gone),
    ("answered", drop("letters", reason="superseded_workflow")),
    ("answered", stray_letter),
    # trails
    ("audit-once", twice("audit", **FIRST)),
    ("audit-once", all_of(twice("audit", **FIRST), audit_edit(FIRST, hash="another"))),
    ("audit-seq", drop("audit", vehicle_id="serviced", seq=2)),
    ("audit-seq", drop("audit", vehicle_id="serviced", seq=0)),
    ("audit-seq", swap("audit", {"vehicle_id": "serviced", "seq": 2}, {"vehicle_id": "serviced", "seq": 3})),
    ("audit-chain", audit_edit(FIRST, details="{}")),
    ("audit-chain", audit_edit({"vehicle_id": "serviced", "seq": 2}, prev_hash="0" * 64)),
    ("audit-names", audit_edit(FIRST, key="another")),
    ("audit-names", audit_edit(FIRST, event_id=None)),
    ("audit-names", audit_edit(FIRST, vehicle_id="another")),
    ("one-open", drop("audit", workflow_id="superseded~0", event="workflow_completed")),
    ("one-open", audit_edit({"workflow_id": "superseded~1", "seq": 0}, workflow_id="superseded~7")),
    ("ended", drop("audit", vehicle_id="declined", event="workflow_completed")),
    ("ended", drop("audit", vehicle_id="serviced", event="side_task_ended")),
    # moves
    ("transition", audit_edit({"vehicle_id": "serviced", "seq": 2}, to_state="FEEDBACK")),
    ("transition", audit_edit({"vehicle_id": "serviced", "seq": 2}, from_state="PENDING")),
    ("transition", audit_edit({"event": "check_joined"}, to_state="DIAGNOSIS")),
    ("transition", audit_edit({"vehicle_id": "serviced", "seq": 2}, event="invented")),
    ("transition", audit_edit(FIRST, to_state="DATA_ANALYSIS")),
    ("end-reason", audit_edit({"event": "workflow_completed"}, reason="declined")),
    ("end-reason", audit_edit({"event": "workflow_failed"}, reason=None)),
    ("budget", facts_edit({"vehicle_id": "serviced", "seq": 1}, issued="serviced~0/DATA_ANALYSIS/1/0")),
    ("budget", facts_edit({"vehicle_id": "serviced", "seq": 1}, issued="another~0/DATA_ANALYSIS/0/0")),
    ("budget", facts_edit({"event": "priority_changed"}, issued="raised~0/DATA_ANALYSIS/0/2")),
    ("budget", facts_edit({"event": "step_restarted"}, issued="retried~0/DIAGNOSIS/1/0")),
    ("budget", audit_edit({"event": "step_restarted"}, to_state="DIAGNOSIS")),
    ("budget", drop("audit", vehicle_id="exhausted", event="workflow_redriven")),
    ("budget", drop("audit", vehicle_id="exhausted", event="step_restarted")),
    ("budget", audit_edit({"event": "step_restarted"}, attempt=0)),
    # waits
    ("wait-short", audit_edit({"event": "step_restarted"}, at_ms=1)),
    ("wait-short", facts_edit(FAILED, retry_at_ms=1)),
    ("wait-terms", facts_edit({"vehicle_id": "exhausted", **FAILED}, retry_at_ms=2_000_000_000_000)),
    ("timeout-early", audit_edit({"reason": "timeout"}, at_ms=1)),
    # commands
    ("command-version", command_edit(value=b"another")),
    ("command-version", command_edit(key=b"another")),
    ("command-version", command_edit(headers=())),
    ("command-version", other_lane),
    ("command-sent", drop("commands", vehicle_id="serviced", step="FEEDBACK")),
    ("command-sent", facts_edit({"vehicle_id": "serviced", "seq": 1}, issued=None)),
    ("command-content", lambda judged: edit(judged.history.commands, {"priority": 4}, vehicle_id="serviced")),
    ("command-content", lambda judged: edit(judged.history.commands, {"deadline_ms": 4}, vehicle_id="serviced")),
    ("command-content", lambda judged: edit(judged.history.commands, {"vehicle_id": "x"}, vehicle_id="serviced")),
    ("command-order", overtaken),
    # statuses
    ("status-once", twice("status", vehicle_id="serviced")),
    ("status-once", lambda judged: edit(judged.history.status, {"key": "another"}, vehicle_id="serviced")),
    ("status-order", drop("status", vehicle_id="serviced")),
    ("status-order", twice("status", vehicle_id="serviced")),
    ("status-order", swap("status", {"workflow_id": "superseded~0"}, {"workflow_id": "superseded~1"})),
    ("status-fold", status_edit(state="FAILED")),
    ("status-fold", status_edit(history=())),
    ("status-fold", status_edit(appointment_id="A-9")),
    ("status-fold", status_edit(attempts=9)),
    # alerts
    ("alert-once", twice("alerts", kind="WORKFLOW_FAILED")),
    ("alert", drop("alerts", kind="WORKFLOW_FAILED")),
    ("alert", drop("alerts", kind="URGENT_UNRESOLVED")),
    ("alert", lambda judged: edit(judged.history.alerts, {"alert_id": "x/0/0/DATA_LOST"}, kind="WORKFLOW_FAILED")),
    ("alert", lambda judged: edit(judged.history.alerts, {"at_ms": 1}, kind="WORKFLOW_FAILED")),
    # dead letters
    ("letter-once", twice("letters", reason="undecodable")),
    ("letter-once", twice("letters", reason="retries_exhausted")),
    ("letter-bytes", letter_bytes),
    ("letter-bytes", letter_edit("undecodable", complete=False)),
    ("letter-bytes", letter_edit("undecodable", origin=RecordPlace(TELEMETRY, 0, 99))),
    ("letter-due", drop("letters", reason="undecodable")),
    ("letter-due", drop("letters", reason="future_timestamp")),
    ("letter-due", letter_edit("undecodable", reason="invalid")),
    ("letter-due", sent_edit({"expects": "dead:undecodable"}, expects="none")),
    ("letter-stray", stray_letter),
    ("letter-stray", letter_edit("superseded_workflow", reason="unknown_workflow")),
    ("letter-stray", letter_edit("retries_exhausted", origin=RecordPlace("agent.feedback.urgent", 0, 3))),
    ("letter-given-up", drop("letters", reason="retries_exhausted")),
    ("letter-given-up", audit_edit({"event": "workflow_failed"}, reason="cancelled")),
    ("letter-given-up", audit_edit({"event": "side_task_ended", "reason": "given_up"}, reason="done")),
    # the table
    ("table-fold", state_edit("serviced", (WORKFLOW, 1), "FAILED")),
    ("table-fold", state_edit("serviced", (WORKFLOW, 4), 99)),
    ("table-fold", state_edit("serviced", (WORKFLOW, 5), "f" * 64)),
    ("table-fold", state_edit("serviced", (WORKFLOW, 10), ["due/9", 5])),
    ("table-fold", state_edit("serviced", (WORKFLOW, 19, 1, 1), 7)),
    ("table-fold", state_edit("serviced", (WORKFLOW,), None)),
    ("table-fold", state_edit("serviced", (3,), 2)),
    ("table-fold", state_edit("spoilt", (3,), 1)),
    ("table-fold", state_gone),
    ("table-fold", waits_still),
    ("table-positions", state_edit("serviced", (1, 4), 1)),
    ("table-positions", state_of_nobody),
    ("table-positions", input_more("workflow.timers", "serviced")),
    ("readable", state_edit("serviced", (0,), 99)),
    ("all-read", unread),
    ("all-read", input_more("workflow.timers", "serviced")),
]


@pytest.mark.parametrize(("rule", "plant"), PLANTED, ids=[f"{n}-{rule}" for n, (rule, _) in enumerate(PLANTED)])
def test_a_planted_violation_is_found(rule: str, plant: Plant) -> None:
    judged = clean()
    plant(judged)
    assert rule in {violation.rule for violation in judged.violations()}


# --- what is not a violation ---


def marker(judged: Judged) -> None:
    """An operator's note of what was done about a letter."""
    letter = judged.history.letters[0]
    judged.history.letters.append(letter._replace(origin=None, complete=False, marker=True))


HARMLESS = [
    ("a command sent again", twice("commands", vehicle_id="serviced")),
    ("a marker among the letters", marker),
    ("an unknown record that is there", sent_edit({"expects": "finding"}, acked=False, place=None)),
    ("an expectation that rests on a lost record", sent_edit({"expects": "check"}, request_id="x", needed=False)),
]


@pytest.mark.parametrize("plant", [plant for _, plant in HARMLESS], ids=[name for name, _ in HARMLESS])
def test_what_may_happen_is_no_violation(plant: Plant) -> None:
    judged = clean()
    plant(judged)
    assert [] == judged.violations()
