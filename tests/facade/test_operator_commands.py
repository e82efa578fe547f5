"""The command line over what an engine wrote: status, workflows, stats, cancel, redrive, audit."""

import csv
import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from support.command_line import RunCommand, command_line
from support.engine_process import EngineProcess
from support.facade_stage import FacadeStage, quick
from support.four_agents import HOT, four_agents

from master_orchestrator import MasterOrchestrator, PermanentError, RetryableError, State
from master_orchestrator_agents import Task
from master_orchestrator_schemas.kafka import KafkaSettings
from master_orchestrator_schemas.messages import AuditRecord
from master_orchestrator_schemas.topology import Topology

pytestmark = pytest.mark.kafka


@pytest.fixture
def command(
    kafka: KafkaSettings,
    live_topology: Topology,
    engine: EngineProcess,
    capsys: pytest.CaptureFixture[str],
) -> RunCommand:
    """Runs a command line against the engine's topics; exit code, and stdout or else stderr."""
    return command_line(kafka, live_topology, capsys)


@pytest.fixture
def orchestrator(kafka: KafkaSettings, live_topology: Topology, engine: EngineProcess) -> MasterOrchestrator:
    """One on the engine's cluster, not yet started; its owner shuts it down."""
    return FacadeStage(live_topology, kafka).orchestrator(four_agents())


def told(command: RunCommand, *arguments: str) -> Any:
    """The JSON answer of a command that succeeds."""
    code, out = command(*arguments, "--json")
    assert 0 == code, out
    return json.loads(out)


def test_what_an_orchestrator_did_is_shown_written_out_and_found_clean(
    command: RunCommand, orchestrator: MasterOrchestrator, vehicle: Callable[[], str]
) -> None:
    car = vehicle()
    with orchestrator:
        workflow_id = orchestrator.receive_vehicle_telemetry(car, HOT)
        ended = orchestrator.wait_until_ended(workflow_id)
        figures = orchestrator.get_statistics()

    status = told(command, "status", workflow_id)
    assert (ended["state"], ended["history"]) == (status["state"], status["history"])
    assert "COMPLETED" == status["audit"][-1]["to_state"]
    assert [workflow_id] == [one["workflow_id"] for one in told(command, "workflows", "--vehicle", car)]
    assert [] == told(command, "workflows", "--vehicle", car, "--state", "failed")
    assert figures == told(command, "stats")
    assert "whole" == told(command, "audit", "verify")["outcome"]

    _, ndjson = command("audit", "export", "--workflow", workflow_id)
    assert len(status["audit"]) == len(ndjson.splitlines())
    assert set(AuditRecord.__struct_fields__) == set(json.loads(ndjson.splitlines()[0]))
    _, table = command("audit", "export", "--workflow", workflow_id, "--format", "csv")
    assert [line["hash"] for line in csv.DictReader(io.StringIO(table))] == [
        json.loads(line)["hash"] for line in ndjson.splitlines()
    ]
    _, tail = command("audit", "tail", "--workflow", workflow_id, "--from-beginning", "--limit", "2", "--json")
    assert [0, 1] == [json.loads(line)["seq"] for line in tail.splitlines()]


def test_people_see_tables(command: RunCommand, orchestrator: MasterOrchestrator, vehicle: Callable[[], str]) -> None:
    with orchestrator:
        workflow_id = orchestrator.receive_vehicle_telemetry(vehicle(), HOT)
        orchestrator.wait_until_ended(workflow_id)

    for arguments in (("status", workflow_id), ("workflows",), ("stats",), ("audit", "verify")):
        code, out = command(*arguments)
        assert 0 == code, out
        assert out.strip()
    assert "COMPLETED" in command("status", workflow_id)[1]


def test_an_unknown_workflow_is_one_line_and_exit_code_1(command: RunCommand) -> None:
    code, shown = command("status", "nobody~7")

    assert 1 == code
    assert ["Error: no workflow nobody~7: list them with 'master-orchestrator workflows'"] == shown.splitlines()


def test_a_wrong_state_is_a_usage_error(command: RunCommand) -> None:
    assert 2 == command("workflows", "--state", "BROKEN")[0]


def test_an_operator_cancels_and_redrives(
    command: RunCommand, kafka: KafkaSettings, live_topology: Topology, vehicle: Callable[[], str]
) -> None:
    broken = True

    def refuse(task: Task) -> dict[str, object]:
        if broken:
            raise PermanentError("no such model")
        return {}

    with FacadeStage(live_topology, kafka).orchestrator(four_agents(DIAGNOSIS=refuse)) as orchestrator:
        workflow_id = orchestrator.receive_vehicle_telemetry(vehicle(), HOT)
        assert "FAILED" == orchestrator.wait_until_ended(workflow_id)["state"]

        plan = told(command, "redrive", workflow_id, "--operator", "ann")
        assert (False, "FAILED") == (plan["acted"], plan["workflow"]["state"])
        code, out = command("cancel", workflow_id, "--reason", "sold", "--operator", "ann", "--yes", "--json")
        assert 1 == code
        assert json.loads(out)["accepted"] is False

        broken = False
        assert told(command, "redrive", workflow_id, "--operator", "ann", "--yes")["accepted"] is True
        assert "serviced" == orchestrator.wait_until(workflow_id, State.COMPLETED)["reason"]
        assert "operator:ann" in {line["actor"] for line in orchestrator.get_audit_trail(workflow_id)}
        assert 1 == command("redrive", "nobody~7")[0]


def test_failed_workflows_are_redriven_in_bulk_and_their_commands_are_not(
    kafka: KafkaSettings,
    unique_topology: Topology,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    vehicle: Callable[[], str],
) -> None:
    alone = quick(unique_topology)  # "all that failed" must mean this test's own
    engine = EngineProcess(kafka, alone, tmp_path / "engine")
    engine.start()
    try:
        redrive_in_bulk(command_line(kafka, alone, capsys), FacadeStage(alone, kafka), vehicle)
    finally:
        engine.stop()


def redrive_in_bulk(command: RunCommand, stage: FacadeStage, vehicle: Callable[[], str]) -> None:
    """Three workflows fail; a plan, a dead letter that cannot be sent again, one redriven, then the rest."""
    broken = True

    def stumble(task: Task) -> dict[str, object]:
        if broken:
            raise RetryableError("no database")
        return {}

    with stage.orchestrator(four_agents(DIAGNOSIS=stumble)) as orchestrator:
        failed = [orchestrator.receive_vehicle_telemetry(vehicle(), HOT) for _ in range(3)]
        for workflow_id in failed:
            orchestrator.wait_until(workflow_id, State.FAILED)
        broken = False
        bulk = ("redrive-failed", "--failed-reason", "retries_exhausted", "--operator", "ann")

        plan = told(command, *bulk)
        longest_failed = [line["workflow_id"] for line in plan["workflows"]]  # they need not fail in the order sent
        assert (set(failed), False, []) == (set(longest_failed), plan["acted"], plan["outcomes"])
        code, text = command("dlq", "redrive", "--reason", "retries_exhausted", "--yes")
        assert 0 == code
        assert f"'master-orchestrator redrive {failed[0]}'" in " ".join(text.split())
        assert {State.FAILED} == {orchestrator.get_workflow_status(workflow_id)["state"] for workflow_id in failed}

        first = told(command, *bulk, "--limit", "1", "--yes")
        assert (longest_failed[:1], 2) == ([line["workflow_id"] for line in first["outcomes"]], first["beyond_limit"])
        code, text = command(*bulk, "--per-second", "50", "--yes")
        assert (0, True) == (code, "redriven: 2 of 2." in text)
        for workflow_id in failed:
            orchestrator.wait_until(workflow_id, State.COMPLETED)
            assert "operator:ann" in {line["actor"] for line in orchestrator.get_audit_trail(workflow_id)}
        assert [] == told(command, *bulk, "--yes")["outcomes"]
        assert 0 == told(command, "dlq", "list", "--reason", "retries_exhausted")["open"]


@pytest.mark.parametrize(
    "wrong", [["redrive"], ["redrive-failed", "car~0"], ["redrive-failed", "--failed-reason", "bad"]]
)
def test_a_redrive_says_of_what(command: RunCommand, wrong: list[str]) -> None:
    code, line = command(*wrong)
    assert (2, 1) == (code, len(line.splitlines()))
