"""Sessions and findings as OCSF 1.9 events, valid by its schema."""

import json
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from jsonschema import Draft202012Validator
from support.actor_partition import START_MS, ActorPartition, Worker, topology_of_one
from support.message_strategies import activities

from master_orchestrator.readers.export import write_events
from master_orchestrator.readers.ocsf import FindingEvents, OcsfEvent, activity_events
from master_orchestrator_schemas.messages import Activity, ActorRecord, SessionAct, UebaRequest
from master_orchestrator_schemas.vocabulary import ActError, Action, ActOutcome, DeniedBy, Phase, UebaAction, Verdict

AGENT = "agent:FEEDBACK"
READ = SessionAct(action=Action.READ, resource="feedback", count=3, rows=12, max_rows=6)
BREACH = SessionAct(
    action=Action.READ, resource="audit_log", outcome=ActOutcome.DENIED, error=ActError.DENIED, denied_by=DeniedBy.LINE
)


_SCHEMA = json.loads((Path(__file__).parent / "ocsf_schema" / "ocsf.schema.json").read_text(encoding="utf-8"))
VALIDATORS = {
    number: Draft202012Validator({"$defs": _SCHEMA["$defs"], "$ref": f"#/$defs/{name}"})
    for number, name in ((6003, "api_activity"), (2004, "detection_finding"))
}


@pytest.fixture
def partition() -> ActorPartition:
    return ActorPartition(topology_of_one())


def problems(event: OcsfEvent) -> list[str]:
    """What the schema of the class that the event names has to say."""
    return [error.message for error in VALIDATORS[event["class_uid"]].iter_errors(event)]


def test_a_session_becomes_an_event_per_act_with_agent_charter_and_session(
    partition: ActorPartition,
) -> None:
    session = Worker(partition, AGENT).session(READ, BREACH, version="9", charter="0123456789ab", took_ms=40)
    read, denied = activity_events(session, START_MS + 7)
    assert ([], []) == (problems(read), problems(denied))
    assert (6003, 600302, "Success") == (read["class_uid"], read["type_uid"], read["status"])
    assert (3, 40, START_MS - 40) == (read["count"], read["duration"], read["start_time"])
    assert ("Failure", "denied by the check of line", 3) == (
        denied["status"], denied["status_detail"], denied["severity_id"],
    )  # fmt: skip
    agent = denied["ai_agent"]
    assert (AGENT, "w@h", "9") == (agent["uid"], agent["instance_uid"], agent["version"])
    assert "0123456789ab" == agent["charter"]["hashes"][0]["value"]
    assert ("command-0", START_MS + 7) == (denied["metadata"]["correlation_uid"], denied["metadata"]["logged_time"])


def test_what_is_written_ahead_or_only_says_that_a_process_lives_is_no_event(partition: ActorPartition) -> None:
    worker = Worker(partition, AGENT)
    assert [] == list(activity_events(worker.session(READ, phase=Phase.BEFORE), START_MS))
    assert [] == list(activity_events(worker.session(session=None, goodbye=True), START_MS))


def test_a_finding_is_created_updated_and_closed(partition: ActorPartition) -> None:
    worker = Worker(partition, AGENT)
    tried = SessionAct(action=Action.READ, resource="audit_log")
    partition.apply(worker.session(tried), worker.session(BREACH))
    partition.apply(
        UebaRequest(
            actor=AGENT, request_id="1", action=UebaAction.ACKNOWLEDGE, by="ada", reason="a drill",
            finding_id=f"{AGENT}/0", verdict=Verdict.BENIGN,
        )
    )  # fmt: skip
    events = FindingEvents()
    told = [event for event in map(events.of, partition.out(ActorRecord)) if event is not None]
    assert [[]] * len(told) == [problems(event) for event in told]
    breach = [event for event in told if event["finding_info"]["uid"] == f"{AGENT}/0"]
    assert ["Create", "Close"] == [breach[0]["activity_name"], breach[-1]["activity_name"]]
    assert (True, 5, "outside_charter") == (
        breach[0]["is_alert"], breach[0]["severity_id"], breach[0]["finding_info"]["analytic"]["name"],
    )  # fmt: skip
    assert ("Suppressed", "a drill", False) == (
        breach[-1]["status"], breach[-1]["status_detail"], breach[-1]["is_alert"],
    )  # fmt: skip
    assert "command-0" == breach[0]["evidences"][0]["uid"]


@given(activity=activities)
@settings(max_examples=20, deadline=None)
def test_any_session_is_valid_and_one_line_each(activity: Activity) -> None:
    events = list(activity_events(activity, START_MS))
    assert [[]] * len(events) == [problems(event) for event in events]
    stream = StringIO()
    assert len(events) == write_events(events, stream)
    lines: list[dict[str, Any]] = [json.loads(line) for line in stream.getvalue().split("\n")[:-1]]
    assert [event["metadata"]["uid"] for event in events] == [line["metadata"]["uid"] for line in lines]
