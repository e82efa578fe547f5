"""What programs get of workflows and audit records: words, times with a zone, no JSON within texts, one schema."""

import json
from pathlib import Path
from typing import Any

import jsonschema
import msgspec
import pytest
from confluent_kafka import Message
from rich.console import Console
from support.core_vehicle import CoreVehicle, policy_of
from support.topics import CODEC

from master_orchestrator.cli.inspect import WIDE
from master_orchestrator.cli.listing import Wanted, first, select, write
from master_orchestrator.cli.main import run
from master_orchestrator.cli.output import answer
from master_orchestrator.cli.sentences import error_of, sentence
from master_orchestrator.cli.shown import to_the_second
from master_orchestrator.cli.tables import audit_table, workflow_table
from master_orchestrator.facade.report import workflow_status
from master_orchestrator.readers import reports
from master_orchestrator.readers.export import exact_line, json_line
from master_orchestrator.readers.reports import audit_report, workflow_report
from master_orchestrator.readers.statuses import NewestStatuses, StatusHead
from master_orchestrator.readers.topics import partition_of
from master_orchestrator_schemas.kafka import KafkaSettings
from master_orchestrator_schemas.messages import AuditRecord, ServiceDue, Status
from master_orchestrator_schemas.topology import Topology
from master_orchestrator_schemas.vocabulary import OperatorAction, State

SCHEMA_FILE = Path(__file__).parents[2] / "docs" / "reports.schema.json"
DIAGNOSIS = {
    "causes": [{"component": "water pump", "subsystem": "cooling", "probability": 0.8, "dtc": None}],
    "severity": 0.9,
    "probability": 0.8,
    "safe_to_drive": False,
}


@pytest.fixture
def vehicle(topology: Topology) -> CoreVehicle:
    return CoreVehicle(policy_of(topology))


def overheat(vehicle: CoreVehicle) -> None:
    """Three hot readings open a workflow; DATA_ANALYSIS and DIAGNOSIS answer."""
    for _ in range(3):
        vehicle.reading(engine_rpm=2100.0, coolant_temp_c=118.0)
        vehicle.wait(6_000)
    vehicle.reply({"anomalies": [{"description": "hot", "subsystem": "cooling", "rule": "coolant_boiling"}]})
    vehicle.reply(DIAGNOSIS)


def status_of(vehicle: CoreVehicle) -> Status:
    return list(vehicle.statuses.values())[-1]


def as_json(report: msgspec.Struct) -> Any:
    return json.loads(msgspec.json.encode(report))


def test_each_finding_comes_with_its_evidence_and_the_diagnosis_with_its_cause(vehicle: CoreVehicle) -> None:
    overheat(vehicle)
    report = as_json(workflow_report(status_of(vehicle)))

    (finding,) = report["findings"]
    assert ("coolant_boiling", "cooling", "URGENT", "coolant_temp_c", 118, 115) == tuple(
        finding[name] for name in ("rule", "subsystem", "priority", "signal", "value", "limit")
    )
    assert finding["at"].endswith("Z")
    assert "water pump" == report["diagnosis"]["causes"][0]["component"]
    assert "URGENT" == report["priority"]
    assert report["due"].endswith("Z")


def test_the_diagnosis_and_the_evidence_outlast_the_workflow(vehicle: CoreVehicle) -> None:
    overheat(vehicle)
    vehicle.advance_to(State.COMPLETED)
    report = as_json(workflow_report(status_of(vehicle)))

    assert ("COMPLETED", 118, None) == (report["state"], report["findings"][0]["value"], report["due"])
    assert not report["diagnosis"]["safe_to_drive"]


def test_campaigns_are_told_and_which_of_them_wait(vehicle: CoreVehicle) -> None:
    vehicle.campaign("R-1")
    start_ms = vehicle.at_ms + 86_400_000
    vehicle.advance_to(State.SCHEDULED, scheduling={"start_ms": start_ms, "end_ms": start_ms + 3_600_000})
    vehicle.campaign("R-2")
    report = as_json(workflow_report(status_of(vehicle)))
    assert (["R-1"], ["R-2"]) == (report["campaigns"], report["campaigns_waiting"])
    assert "SCHEDULED: campaign R-1; campaign R-2, which waits. Now" in sentence(status_of(vehicle), ())
    told = workflow_status(status_of(vehicle))
    assert (["R-1"], ["R-2"], []) == (told["campaigns"], told["campaigns_waiting"], told["service"])


def test_regular_service_is_told_in_a_sentence(vehicle: CoreVehicle) -> None:
    vehicle.reading(check_requested=True)
    due = ServiceDue(item="oil", due_ms=vehicle.at_ms, by="date", used=1, every=2, per_day=1.0, overdue=False)
    status = msgspec.structs.replace(status_of(vehicle), service=(due,))
    assert "ROUTINE: regular service: oil due 2023-11-14. Now" in sentence(status, ())


def test_the_audit_trail_says_what_findings_stand_on(vehicle: CoreVehicle) -> None:
    overheat(vehicle)
    opened = as_json(audit_report(vehicle.audit[0]))

    (evidence,) = opened["details"]["evidence"]
    assert ("coolant_boiling", "URGENT", 118, 115) == tuple(
        evidence[name] for name in ("rule", "priority", "value", "limit")
    )
    assert "URGENT" == opened["priority"]
    answers = [audit_report(record).details.get("result") for record in vehicle.audit]
    assert "water pump" in [(answer or {}).get("causes", [{}])[0].get("component") for answer in answers if answer]


def test_no_text_holds_json(vehicle: CoreVehicle) -> None:
    overheat(vehicle)
    vehicle.advance_to(State.COMPLETED)

    for report in (workflow_report(status_of(vehicle)), *map(audit_report, vehicle.audit)):
        for text in _texts(as_json(report)):
            assert not text.startswith(("{", "[")), text


def _texts(value: Any) -> list[str]:
    if isinstance(value, str):
        return [value]
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return [text for item in inner for text in _texts(item)]


def test_the_export_reads_back_where_hashes_matter(vehicle: CoreVehicle) -> None:
    overheat(vehicle)
    record = vehicle.audit[0]

    assert record == msgspec.json.decode(exact_line(record), type=AuditRecord)
    assert set(AuditRecord.__struct_fields__) == set(json.loads(json_line(record)))


def test_the_schema_in_the_documents_is_the_one_of_the_reports(vehicle: CoreVehicle) -> None:
    assert reports.schema() == SCHEMA_FILE.read_text(encoding="utf-8"), "python -m master_orchestrator.readers.reports"
    overheat(vehicle)
    report = msgspec.structs.replace(
        workflow_report(status_of(vehicle)), error=None, audit=tuple(map(audit_report, vehicle.audit))
    )
    jsonschema.validate(as_json(report), json.loads(reports.schema()))


def test_a_workflow_is_told_in_a_sentence(vehicle: CoreVehicle) -> None:
    overheat(vehicle)
    line = sentence(status_of(vehicle), vehicle.audit)

    assert line.startswith("URGENT: coolant_boiling (coolant_temp_c 118, limit 115). likely water pump (80%, not safe")
    assert "CUSTOMER_ENGAGEMENT is to ask the owner, answer due by 20" in line


def test_a_trend_is_told_with_the_day_it_leads_to(vehicle: CoreVehicle) -> None:
    overheat(vehicle)
    status = status_of(vehicle)
    foretold = tuple(msgspec.structs.replace(each, crossing_ms=1_795_368_960_000) for each in status.evidence)

    line = sentence(msgspec.structs.replace(status, evidence=foretold), vehicle.audit)
    assert "coolant_boiling (coolant_temp_c 118, limit 115 expected on 2026-11-22)" in line


def test_a_failure_is_told_with_its_text_and_the_next_try(vehicle: CoreVehicle) -> None:
    vehicle.fault("P0217")
    vehicle.fail()
    status = status_of(vehicle)

    assert "Boom: did not work" == error_of(status, vehicle.audit)
    assert "DATA_ANALYSIS failed" in sentence(status, vehicle.audit)
    assert "next try at 20" in sentence(status, vehicle.audit)


def test_the_open_ones_come_first_by_urgency_and_deadline(
    topology: Topology, capsys: pytest.CaptureFixture[str]
) -> None:
    cars = [CoreVehicle(policy_of(topology), vehicle_id=f"car-{number}") for number in range(3)]
    cars[0].fault("P0128")
    cars[1].fault("P0217")
    cars[2].fault("P0301")
    cars[2].operator(OperatorAction.CANCEL)
    statuses = [status_of(car) for car in cars]
    newest = NewestStatuses(KafkaSettings(), topology, StatusHead)
    newest.take(written(status, topology) for status in statuses)

    assert (["car-1~0", "car-0~0"], 2) == listed(newest, Wanted("", None, None, None), only_open=True)
    assert (["car-1~0"], 2) == listed(newest, Wanted("", None, None, None), only_open=True, limit=1)
    assert (["car-2~0"], 1) == listed(newest, Wanted("car-2", None, None, None), only_open=False)
    for form, lines in {"name": 3, "csv": 4, "ndjson": 3, "json": 1}.items():
        write(statuses, form)
        assert lines == len(capsys.readouterr().out.splitlines())


def listed(
    newest: NewestStatuses[StatusHead], wanted: Wanted, *, only_open: bool, limit: int | None = None
) -> tuple[list[str], int]:
    """The ids that are shown, and how many match."""
    shown, count = first(select(newest, wanted, only_open=only_open), limit)
    return [status.workflow_id for status in shown], count


def written(status: Status, topology: Topology) -> Message:
    """Its record, as a consumer gives it."""
    partition = partition_of(status.vehicle_id, topology.partitions)
    return Message(key=status.workflow_id.encode(), value=CODEC.encode(status), partition=partition)


@pytest.mark.parametrize("wide", [True, False])
@pytest.mark.parametrize("width", [80, 200])
def test_what_others_wrote_cannot_steer_the_terminal(vehicle: CoreVehicle, width: int, *, wide: bool) -> None:
    vehicle.fault("P0217")
    trail = [msgspec.structs.replace(record, actor="operator:\x1b[31mann") for record in vehicle.audit]
    console = Console(width=width)
    with console.capture() as captured:
        console.print(workflow_table([status_of(vehicle)], 7, wide=wide))
        console.print(audit_table(trail))

    assert "\x1b[31m" not in captured.get()
    assert "x1b[31mann" in captured.get().replace("\n", "")
    assert "6 more" in captured.get()


def test_with_json_an_error_is_one_object(capsys: pytest.CaptureFixture[str]) -> None:
    assert 2 == run(["workflows", "--state", "BROKEN", "--json"])

    assert 2 == json.loads(capsys.readouterr().err)["exit_code"]


def test_a_narrow_terminal_does_not_cut_what_is_in_a_wide_table(
    vehicle: CoreVehicle, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    vehicle.fault("P0217")
    status = status_of(vehicle)
    answer(None, lambda: workflow_table([status], 1, wide=True), as_json=False, min_width=WIDE)
    line = capsys.readouterr().out.splitlines()[1].split()
    assert [status.workflow_id, status.state, status.priority.name.lower()] == line[:3]
    assert to_the_second(status.updated_at_ms) in line
