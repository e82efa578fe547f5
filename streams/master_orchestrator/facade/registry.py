"""The handlers an orchestrator has been given, by agent type."""

from master_orchestrator.errors import InvalidHandlerError, MissingAgentError, UnknownAgentError
from master_orchestrator_agents.handler import BatchHandler, Handler
from master_orchestrator_schemas.topology.checks import OPTIONAL_AGENTS
from master_orchestrator_schemas.vocabulary import AgentType

REFERENCE = "reference"
"""Asks for the built-in agent of a type."""

REMOTE = "remote"
"""Says that runners of this type work elsewhere (over Kafka only)."""


class Registry:
    """What ``register_agent`` collects; a second registration of a type replaces the first."""

    def __init__(self, *, remote_allowed: bool) -> None:
        self.handlers: dict[AgentType, Handler] = {}
        self._remote: set[AgentType] = set()
        self._remote_allowed = remote_allowed

    def __bool__(self) -> bool:
        return bool(self.handlers or self._remote)

    def add(self, agent_type: AgentType | str, handler: Handler | str) -> None:
        """Take a handler, or a name that stands for one.

        Raises:
            UnknownAgentError: ``agent_type`` is none of the six.
            InvalidHandlerError: ``handler`` is neither callable nor a known name.
        """
        agent = _agent(agent_type)
        self._remote.discard(agent)
        self.handlers.pop(agent, None)
        if handler == REMOTE:
            self._add_remote(agent)
        else:
            self.handlers[agent] = _handler(agent, handler)

    def check(self) -> None:
        """Raises :class:`MissingAgentError` if an agent that every workflow needs has no handler."""
        required = [agent for agent in AgentType if agent not in OPTIONAL_AGENTS]
        if missing := [agent for agent in required if agent not in self.handlers and agent not in self._remote]:
            raise MissingAgentError(missing)

    def _add_remote(self, agent: AgentType) -> None:
        if not self._remote_allowed:
            raise InvalidHandlerError(
                f"{agent} is {REMOTE!r}, but there is no Kafka to reach other processes by: "
                "give bootstrap_servers, or a handler"
            )
        self._remote.add(agent)


def _agent(agent_type: AgentType | str) -> AgentType:
    try:
        return AgentType(agent_type)
    except ValueError as error:
        raise UnknownAgentError(agent_type) from error


def _handler(agent: AgentType, handler: Handler | str) -> Handler:
    if handler == REFERENCE:
        from master_orchestrator_agents.reference import reference_agent  # loads holidays and knowledge bases

        return reference_agent(agent)
    if callable(handler) or isinstance(handler, BatchHandler):
        return handler
    raise InvalidHandlerError(
        f"the handler of {agent} is {handler!r}: give a function of one task, plain or async, or {REFERENCE!r}"
    )
