"""What agents do in memory: the same guard and the same records as in a runner."""

from collections.abc import Callable, Iterable

from master_orchestrator.memory.log import MemoryLog
from master_orchestrator_agents.charter import Charter
from master_orchestrator_agents.guard import Guard, Session
from master_orchestrator_agents.recording import Author, Occasion, outcome_of
from master_orchestrator_schemas.messages import Command, Reply, SessionAct
from master_orchestrator_schemas.topology import Topology
from master_orchestrator_schemas.vocabulary import ActorKind, ActOutcome, AgentType

INSTANCE = "embedded"


class _Agent:
    """One agent's author and guard."""

    def __init__(self, charter: Charter, log: MemoryLog, now_ms: Callable[[], int]) -> None:
        self.author = Author(charter.actor, ActorKind.AGENT, INSTANCE, now_ms(), charter=charter.digest)
        self.guard = Guard(charter, ahead=self._write_ahead)
        self._log, self._now_ms = log, now_ms

    def _write_ahead(self, occasion: Occasion, act: SessionAct) -> None:
        self._log.activity.append(self.author.before(occasion, act, at_ms=self._now_ms()))


class MemoryActivity:
    """Opens a session per command, and puts its records into ``log.activity``."""

    def __init__(
        self, agents: Iterable[AgentType], topology: Topology, log: MemoryLog, now_ms: Callable[[], int]
    ) -> None:
        self._agents = {agent: _Agent(Charter.of_agent(topology, agent), log, now_ms) for agent in agents}
        self._log, self._now_ms = log, now_ms

    def open(self, command: Command) -> Session:
        """The session in which a command is handled."""
        return Session.of(self._agents[command.agent].guard, command)

    def close(self, command: Command, session: Session, reply: Reply | None) -> None:
        """The session is over; ``reply`` None: the command was not handled."""
        self._log.activity += self._agents[command.agent].author.done(
            session.occasion,
            session.acts.merged(),
            outcome=ActOutcome.FAILURE if reply is None else outcome_of(reply),
            at_ms=self._now_ms(),
            took_ms=0 if reply is None else reply.handled_in_ms,
        )
