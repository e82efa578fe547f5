"""What agents do in memory: the same guard, records and judge as on Kafka."""

from collections.abc import Callable, Iterable, Sequence
from functools import partial

from master_orchestrator.memory.judge import INSTANCE, MemoryJudge
from master_orchestrator.memory.log import MemoryLog
from master_orchestrator_agents.charter import Charter
from master_orchestrator_agents.guard import Guard, Session
from master_orchestrator_agents.recording import Author, Occasion, outcome_of
from master_orchestrator_schemas.messages import Activity, Command, Reply, SessionAct
from master_orchestrator_schemas.topology import Topology
from master_orchestrator_schemas.vocabulary import ActorKind, ActOutcome, AgentType


class MemoryActivity:
    """Opens a session per command, puts its records into ``log.activity``, and has them judged."""

    def __init__(
        self,
        agents: Iterable[AgentType],
        topology: Topology,
        log: MemoryLog,
        now_ms: Callable[[], int],
        judge: MemoryJudge,
    ) -> None:
        self._log, self._now_ms, self._judge = log, now_ms, judge
        self._authors: dict[AgentType, Author] = {}
        self._guards: dict[AgentType, Guard] = {}
        for agent in agents:
            charter = Charter.of_agent(topology, agent)
            author = Author(charter.actor, ActorKind.AGENT, INSTANCE, now_ms(), charter=charter.digest)
            self._authors[agent] = author
            self._guards[agent] = Guard(
                charter, controls=judge.held_to(charter.actor), ahead=partial(self._write_ahead, author)
            )

    def open(self, command: Command) -> Session:
        """The session in which a command is handled."""
        return Session.of(self._guards[command.agent], command)

    def close(self, command: Command, session: Session, reply: Reply | None) -> None:
        """The session is over; ``reply`` None: the command was not handled."""
        self.write(
            self._authors[command.agent].done(
                session.occasion,
                session.acts.merged(),
                outcome=ActOutcome.FAILURE if reply is None else outcome_of(reply),
                at_ms=self._now_ms(),
                took_ms=0 if reply is None else reply.handled_in_ms,
            )
        )

    def write(self, records: Sequence[Activity]) -> None:
        """Put them on record, and have them judged."""
        self._log.activity += records
        for record in records:
            self._judge.put(record)

    def _write_ahead(self, author: Author, occasion: Occasion, act: SessionAct) -> None:
        self.write([author.before(occasion, act, at_ms=self._now_ms())])
