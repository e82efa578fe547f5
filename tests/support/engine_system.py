"""One engine system under test: topics of its own, workers as processes, readers of its outputs."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from master_orchestrator.core.audit_chain import verify_chain
from master_orchestrator_schemas.kafka import KafkaSettings
from master_orchestrator_schemas.messages import AuditRecord, Telemetry
from master_orchestrator_schemas.topology import Topology
from master_orchestrator_schemas.vocabulary import State
from support.echo_agents import AgentAnswer, EchoAgents, default_answer
from support.engine_process import EngineProcess
from support.topics import InputSender, TopicLog, audit_by_workflow, newest_status, topic_log


@dataclass
class EngineSystem:
    """What a test needs; made by :func:`engine_system`, which also ends it."""

    kafka: KafkaSettings
    topology: Topology
    folder: Path
    sender: InputSender
    audit: TopicLog
    status: TopicLog
    dead: TopicLog
    engines: list[EngineProcess] = field(default_factory=list)

    def start(self, worker: str = "w1", *options: str) -> EngineProcess:
        """Start a worker of its own name and folder; ``options`` of ``engine_worker.py``."""
        engine = EngineProcess(self.kafka, self.topology, self.folder / worker, worker, *options)
        engine.start()
        self.engines.append(engine)
        return engine

    def echo_agents(self, answer: AgentAnswer = default_answer) -> EchoAgents:
        """Agents that answer at once; a context manager."""
        return EchoAgents(self.kafka, self.topology, answer)

    def request_checks(self, vehicles: range, name: str = "car") -> None:
        """One acknowledged request for a check per vehicle."""
        for number in vehicles:
            vehicle, ts_ms = f"{name}-{number}", 1_700_000_000_000
            self.sender.send(Telemetry(vehicle_id=vehicle, ts_ms=ts_ms, engine_rpm=900.0, check_requested=True))
        self.sender.flush()

    def trails(self) -> dict[str, list[AuditRecord]]:
        """Audit records by workflow, as far as they were read."""
        return audit_by_workflow(self.audit.decoded(AuditRecord))

    def assert_whole(self, workflows: int) -> None:
        """Every trail is there, once, in order, chained, and ends as its status says."""
        self.status.until(ended(workflows))
        self.audit.until(lambda _log: self._status_seqs() == self._seqs())
        trails, statuses = self.trails(), newest_status(self.status)
        assert workflows == len(trails)
        for workflow_id, records in trails.items():
            assert list(range(len(records))) == [record.seq for record in records]
            assert [] == list(verify_chain(records))
            assert records[-1].to_state == statuses[workflow_id].state

    def _status_seqs(self) -> dict[str, int]:
        """As of now: a side task may end after its workflow."""
        self.status.read(0.05)
        return {workflow_id: status.seq for workflow_id, status in newest_status(self.status).items()}

    def _seqs(self) -> dict[str, int]:
        return {workflow_id: records[-1].seq for workflow_id, records in self.trails().items()}


def ended(count: int) -> Callable[[TopicLog], bool]:
    """True for a status log in which N workflows are COMPLETED, and their side tasks too."""
    return lambda log: count <= sum(s.state is State.COMPLETED for s in newest_status(log).values())


@contextmanager
def engine_system(kafka: KafkaSettings, topology: Topology, folder: Path) -> Iterator[EngineSystem]:
    """A system whose workers and readers end with the test."""
    with ExitStack() as stack:
        names = (topology.topic_of("AuditRecord"), topology.topic_of("Status"), topology.dead_letter_topic)
        audit, status, dead = (stack.enter_context(topic_log(kafka, name)) for name in names)
        system = EngineSystem(kafka, topology, folder, InputSender(kafka, topology), audit, status, dead)
        try:
            yield system
        finally:
            for engine in system.engines:
                if engine.running:
                    engine.kill()
