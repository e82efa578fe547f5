"""An author gets the typed result, or is told what is wrong with the payload or the handler."""

import pytest

from master_orchestrator_agents.errors import HarnessError, PermanentError
from master_orchestrator_agents.handler import batch_handler
from master_orchestrator_agents.harness import AgentHarness
from master_orchestrator_agents.task import Task
from master_orchestrator_schemas.results import DiagnosisResult, SchedulingResult
from master_orchestrator_schemas.tasks import SchedulingTask
from master_orchestrator_schemas.vocabulary import AgentType, FailureKind, Priority


def test_the_result_is_typed_and_keeps_unknown_keys() -> None:
    harness = AgentHarness(lambda task: {"summary": task.model.dtcs[0], "ticket": 7}, AgentType.DIAGNOSIS)

    result = harness.run(dtcs=["P0128"])

    assert isinstance(result, DiagnosisResult)
    assert "P0128" == result.summary
    assert {"ticket": 7} == result.model_extra


def test_the_task_is_what_a_runner_would_give() -> None:
    seen: list[Task[SchedulingTask]] = []
    harness = AgentHarness(seen.append, AgentType.SCHEDULING, vehicle_id="v9", attempt=2)

    assert isinstance(harness.run(priority=Priority.URGENT, due_by_ms=5), SchedulingResult)

    assert (seen[0].vehicle_id, seen[0].attempt, seen[0].priority) == ("v9", 2, Priority.URGENT)
    assert (5, True, []) == (seen[0]["due_by_ms"], seen[0].model.safe_to_drive, seen[0]["operations"])


@pytest.mark.parametrize(
    ("payload", "message"),
    [
        ({"priority": 1}, r"fields: priority, operations, .*due_by_ms: Field required"),
        ({"priority": 1, "due_by_ms": 5, "dueby": 6}, "dueby: Extra inputs are not permitted"),
        ({"priority": "soon", "due_by_ms": 5}, "priority: "),
    ],
)
def test_a_payload_that_no_command_can_carry_is_refused(payload: dict[str, object], message: str) -> None:
    with pytest.raises(HarnessError, match=message):
        AgentHarness(lambda _: {}, AgentType.SCHEDULING).run(**payload)


def test_a_failure_is_an_error_in_run_and_a_reply_in_run_raw() -> None:
    def handler(task: Task) -> None:
        raise PermanentError("no such car")

    harness = AgentHarness(handler, AgentType.DIAGNOSIS)

    with pytest.raises(HarnessError, match="PERMANENT PermanentError: no such car"):
        harness.run()
    failure = harness.run_raw().failure
    assert failure is not None
    assert failure.kind is FailureKind.PERMANENT


def test_a_batch_goes_in_one_call() -> None:
    sizes: list[int] = []

    @batch_handler(max_size=5)
    def handler(tasks: object) -> list[None]:
        assert isinstance(tasks, list)
        sizes.append(len(tasks))
        return [None] * len(tasks)

    replies = AgentHarness(handler, AgentType.DIAGNOSIS).run_batch([{}, {"dtcs": ["P0128"]}])

    assert [2] == sizes
    assert 2 == len({reply.vehicle_id for reply in replies})
