"""A user's file with seven mistakes, one on each marked line. A type checker finds all of them; nothing runs this."""

from typing import Any

from master_orchestrator import AgentType, MasterOrchestrator
from master_orchestrator_agents import DiagnosisTask, FeedbackResult, Task

orchestrator = MasterOrchestrator()


def diagnose(task: Task[DiagnosisTask]) -> FeedbackResult:
    return FeedbackResult(csat=5)


def diagnose_by_colour(task: Task[DiagnosisTask]) -> dict[str, Any]:
    return {"summary": task.model.colour}  # mistake: the task has no such field


def diagnose_by_shape(task: Task[DiagnosisTask]) -> dict[str, Any]:
    return {"summary": task.shape}  # mistake: nor has it this attribute


orchestrator.register_agent(AgentType.DIAGNOSIS, diagnose)  # mistake: the result of another agent
orchestrator.register_agent("DIAGNOSE", "refrence")  # mistake: neither name is known
orchestrator.report_service_event("v~1", kind="CHECKD_IN")  # mistake: no such event
orchestrator.report_service_event("v~1", "COMPLETED", labour_hours="two")  # mistake: hours are a number
orchestrator.wait_until("v~1")  # mistake: a state is missing
