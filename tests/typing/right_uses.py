"""What a type checker knows of the public API. Checked by mypy and pyright; nothing runs this."""

from collections.abc import Sequence
from typing import Any, assert_type

from master_orchestrator import AgentType, AsyncMasterOrchestrator, MasterOrchestrator, State
from master_orchestrator.facade.report import WorkflowStatus
from master_orchestrator_agents import (
    AgentHarness,
    BatchHandler,
    DiagnosisResult,
    DiagnosisTask,
    FeedbackResult,
    Handler,
    SchedulingResult,
    Task,
    batch_handler,
)
from master_orchestrator_agents.reference import reference_agents
from master_orchestrator_schemas.facts import Finding


def typed(task: Task[DiagnosisTask]) -> DiagnosisResult:
    assert_type(task.model, DiagnosisTask)
    assert_type(task.model.findings[0], Finding)
    assert_type(task.vehicle_id, str)
    return DiagnosisResult(severity=0.5)


async def typed_async(task: Task[DiagnosisTask]) -> DiagnosisResult | None:
    return None if task.model.dtcs else DiagnosisResult()


def plain(task: Task) -> dict[str, Any]:
    return {"severity": 0.5, "summary": task["vehicle_id"]}


def silent(task: Task) -> None:
    print(task.vehicle_id)  # noqa: T201  a handler may do anything


@batch_handler(max_size=10)
def batched(tasks: Sequence[Task[DiagnosisTask]]) -> list[DiagnosisResult]:
    return [DiagnosisResult(summary=task.vehicle_id) for task in tasks]


@batch_handler(max_size=10)
def batched_plain(tasks: Sequence[Task]) -> list[dict[str, Any]]:
    return [{} for _ in tasks]


def register(orchestrator: MasterOrchestrator | AsyncMasterOrchestrator, others: dict[AgentType, Handler]) -> None:
    orchestrator.register_agent(AgentType.DIAGNOSIS, typed)
    orchestrator.register_agent("DIAGNOSIS", typed_async)
    orchestrator.register_agent(AgentType.DIAGNOSIS, plain)
    orchestrator.register_agent(AgentType.DIAGNOSIS, silent)
    orchestrator.register_agent(AgentType.DIAGNOSIS, lambda task: {"summary": task.model.dtcs[0]})
    orchestrator.register_agent(AgentType.DIAGNOSIS, batched)
    orchestrator.register_agent(AgentType.DIAGNOSIS, batched_plain)
    orchestrator.register_agent(AgentType.FEEDBACK, "reference")
    orchestrator.register_agent("SCHEDULING", "remote")
    for agent_type, handler in {**reference_agents(), **others}.items():
        orchestrator.register_agent(agent_type, handler)
    for agent_type in AgentType:
        orchestrator.register_agent(agent_type, plain)
        orchestrator.register_agent(agent_type, "reference")


def call(orchestrator: MasterOrchestrator) -> None:
    workflow_id = orchestrator.receive_vehicle_telemetry("v", {"engine_temp": 121.0, "dtcs": ["P0128"]})
    assert_type(workflow_id, str)
    orchestrator.report_service_event(workflow_id, "COMPLETED", labour_hours=2, parts_replaced=["water_pump"])
    assert_type(orchestrator.wait_until(workflow_id, State.COMPLETED, State.FAILED, timeout=5), WorkflowStatus)
    assert_type(orchestrator.get_workflow_status(workflow_id)["state"], State)


async def call_async(orchestrator: AsyncMasterOrchestrator) -> None:
    async with orchestrator as running:
        assert_type(running, AsyncMasterOrchestrator)
        workflow_id = await running.receive_vehicle_telemetry("v", {"engine_temp": 121.0})
        await running.report_service_event(workflow_id, "CHECKED_IN", workshop_id="north")
        assert_type(await running.wait_until(workflow_id, State.COMPLETED), WorkflowStatus)
        assert_type((await running.get_statistics())["completed"], int)


def try_out() -> None:
    assert_type(batched, BatchHandler[DiagnosisTask, DiagnosisResult])
    assert_type(AgentHarness(typed, AgentType.DIAGNOSIS, vehicle_id="v").run(dtcs=["P0128"]), DiagnosisResult)
    assert_type(AgentHarness(plain, "FEEDBACK").run(), FeedbackResult)
    assert_type(AgentHarness(silent, AgentType.SCHEDULING).run(priority=1, due_by_ms=0), SchedulingResult)
