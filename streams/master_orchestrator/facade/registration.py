"""``register_agent`` as type checkers see it: one signature per agent, so that a handler fits the agent it is for."""

from abc import ABC, abstractmethod
from typing import Literal, Never, overload

from master_orchestrator.facade.registry import Registry
from master_orchestrator_agents.handler import Handler
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
    TaskModel,
)
from master_orchestrator_schemas.vocabulary import AgentType

BuiltIn = Literal["reference", "remote"]
"""``"reference"``: the built-in agent. ``"remote"``: runners in other processes, over Kafka only."""


class RegistersAgents(ABC):
    """``register_agent``, for both orchestrators."""

    _registry: Registry

    @abstractmethod
    def _check_new(self, call: str) -> None:
        """Raises :class:`AlreadyStartedError`."""

    @overload
    def register_agent(
        self,
        agent_type: Literal[AgentType.DATA_ANALYSIS, "DATA_ANALYSIS"],
        handler: Handler[DataAnalysisTask, DataAnalysisResult] | BuiltIn,
    ) -> None: ...

    @overload
    def register_agent(
        self,
        agent_type: Literal[AgentType.DIAGNOSIS, "DIAGNOSIS"],
        handler: Handler[DiagnosisTask, DiagnosisResult] | BuiltIn,
    ) -> None: ...

    @overload
    def register_agent(
        self,
        agent_type: Literal[AgentType.CUSTOMER_ENGAGEMENT, "CUSTOMER_ENGAGEMENT"],
        handler: Handler[CustomerEngagementTask, CustomerEngagementResult] | BuiltIn,
    ) -> None: ...

    @overload
    def register_agent(
        self,
        agent_type: Literal[AgentType.SCHEDULING, "SCHEDULING"],
        handler: Handler[SchedulingTask, SchedulingResult] | BuiltIn,
    ) -> None: ...

    @overload
    def register_agent(
        self,
        agent_type: Literal[AgentType.FEEDBACK, "FEEDBACK"],
        handler: Handler[FeedbackTask, FeedbackResult] | BuiltIn,
    ) -> None: ...

    @overload
    def register_agent(
        self,
        agent_type: Literal[AgentType.MANUFACTURING_QUALITY, "MANUFACTURING_QUALITY"],
        handler: Handler[ManufacturingQualityTask, ManufacturingQualityResult] | BuiltIn,
    ) -> None: ...

    @overload
    def register_agent(self, agent_type: AgentType, handler: Handler[TaskModel, Never] | BuiltIn) -> None: ...

    def register_agent(self, agent_type: AgentType | str, handler: Handler | str) -> None:
        """Set the handler of an agent; comes before ``start()``. A second call for an agent replaces the first.

        With a variable of type ``AgentType``, a type checker accepts handlers of any task that return a dict.

        Args:
            agent_type: one of the six.
            handler: ``handler(task) -> result``, plain or async; ``"reference"`` for the built-in agent; over Kafka
                also ``"remote"``, when runners in other processes handle the commands.

        Raises:
            AlreadyStartedError, UnknownAgentError, InvalidHandlerError.
        """
        self._check_new("register_agent")
        self._registry.add(agent_type, handler)
