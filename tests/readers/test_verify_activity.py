"""Replies without sessions and sessions without commands are found; a system that works has neither."""

import time
from collections.abc import Mapping

import pytest
from msgspec.structs import replace

from master_orchestrator.facade.setup import without_unserved
from master_orchestrator.memory.shell import MemoryShell
from master_orchestrator.readers.verify_activity import Commands, Sessions, compared
from master_orchestrator_agents.handler import Handler
from master_orchestrator_schemas.messages import Activity, AuditRecord, Telemetry
from master_orchestrator_schemas.topology import load_topology
from master_orchestrator_schemas.vocabulary import AgentType, Phase, State

PATIENCE_S = 30.0
HANDLERS: Mapping[AgentType, Handler] = dict.fromkeys(AgentType, lambda _: {})


@pytest.fixture(scope="module")
def logs() -> tuple[list[AuditRecord], list[Activity]]:
    """What a system in memory has put on record of one workflow."""
    shell = MemoryShell(without_unserved(load_topology(), HANDLERS), HANDLERS, max_workers=2)
    shell.start()
    try:
        reading = Telemetry(vehicle_id="v-1", ts_ms=time.time_ns() // 1_000_000, check_requested=True, request_id="r-1")
        shell.submit(reading).answer.result(timeout=30)
        until = time.monotonic() + PATIENCE_S
        while not any(status.state in (State.COMPLETED, State.FAILED) for status in shell.workflows.all()):
            assert time.monotonic() < until, "the workflow does not end"
            time.sleep(0.005)
    finally:
        shell.stop()
    return shell.log.audit, shell.log.activity


def outcome_of(audit: list[AuditRecord], activity: list[Activity], since_ms: int = 0) -> tuple[str, list[str]]:
    commands, sessions = Commands(), Sessions()
    commands.add_all(audit)
    for record in activity:
        sessions.add(since_ms, record)
    verdict = compared(commands, sessions)
    return verdict.outcome, sorted(violation.kind for violation in verdict.violations)


def test_every_reply_that_was_taken_has_its_session(logs: tuple[list[AuditRecord], list[Activity]]) -> None:
    audit, activity = logs
    commands = Commands()
    commands.add_all(audit)
    assert len(commands.answered) >= 1
    assert commands.answered.keys() <= {record.session for record in activity if record.phase is Phase.DONE}
    assert ("nothing to verify", []) == outcome_of(audit, activity)


def test_a_reply_whose_session_is_gone_is_a_violation(logs: tuple[list[AuditRecord], list[Activity]]) -> None:
    audit, activity = logs
    idle = replace(activity[0], session=None, workflow_id=None)
    assert ("violated", ["reply_without_session"] * len(activity)) == outcome_of(audit, [idle])


def test_a_session_of_a_command_that_was_not_issued_is_a_violation(
    logs: tuple[list[AuditRecord], list[Activity]],
) -> None:
    audit, activity = logs
    forged = replace(activity[0], session="v-1~7/DIAGNOSIS/0/0", workflow_id="v-1~7")
    assert ("violated", ["session_without_command"]) == outcome_of(audit, [*activity, forged])


def test_replies_from_before_the_first_session_cannot_be_told(logs: tuple[list[AuditRecord], list[Activity]]) -> None:
    audit, activity = logs
    idle = replace(activity[0], session=None, workflow_id=None)
    assert ("cannot be told", []) == outcome_of(audit, [idle], since_ms=2**50)
    assert ("cannot be told", []) == outcome_of(audit, [])
