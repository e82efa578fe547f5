"""The agent SDK, its runners and the reference agents of Master Orchestrator."""

from master_orchestrator_agents.charter import Charter
from master_orchestrator_agents.errors import (
    AgentError,
    CharterError,
    ControlledError,
    HarnessError,
    InvalidResultError,
    InvalidTaskError,
    PermanentError,
    RetryableError,
    RunnerError,
)
from master_orchestrator_agents.guard import Access, guarded
from master_orchestrator_agents.handler import BatchHandler, Handler, aexecute, batch_handler, execute
from master_orchestrator_agents.harness import AgentHarness
from master_orchestrator_agents.runner.agent_runner import AgentRunner
from master_orchestrator_agents.runner.lane_picker import LanePicker, wait_bound
from master_orchestrator_agents.runner.process import AgentSpec, run_agents
from master_orchestrator_agents.task import Task
from master_orchestrator_schemas.results import (
    CustomerEngagementResult,
    DataAnalysisResult,
    DiagnosisResult,
    FeedbackResult,
    ManufacturingQualityResult,
    SchedulingResult,
)
from master_orchestrator_schemas.tasks import (
    CustomerEngagementTask,
    DataAnalysisTask,
    DiagnosisTask,
    FeedbackTask,
    ManufacturingQualityTask,
    SchedulingTask,
)

__all__ = [
    "Access",
    "AgentError",
    "AgentHarness",
    "AgentRunner",
    "AgentSpec",
    "BatchHandler",
    "Charter",
    "CharterError",
    "ControlledError",
    "CustomerEngagementResult",
    "CustomerEngagementTask",
    "DataAnalysisResult",
    "DataAnalysisTask",
    "DiagnosisResult",
    "DiagnosisTask",
    "FeedbackResult",
    "FeedbackTask",
    "Handler",
    "HarnessError",
    "InvalidResultError",
    "InvalidTaskError",
    "LanePicker",
    "ManufacturingQualityResult",
    "ManufacturingQualityTask",
    "PermanentError",
    "RetryableError",
    "RunnerError",
    "SchedulingResult",
    "SchedulingTask",
    "Task",
    "aexecute",
    "batch_handler",
    "execute",
    "guarded",
    "run_agents",
    "wait_bound",
]
