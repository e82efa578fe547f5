"""A cluster as a shell: requests go to its topics, its engines answer, the registered agents run here."""

from collections.abc import Mapping, Sequence

from master_orchestrator.client.activity import ActivityProducer
from master_orchestrator.client.controls import ControlsTopic
from master_orchestrator.client.judge_requests import ask_judge
from master_orchestrator.client.link import ClusterLink
from master_orchestrator.client.pending import KafkaPending
from master_orchestrator.client.runners import Runners
from master_orchestrator.cluster.liveness import require_kafka
from master_orchestrator.core.state import VehicleState
from master_orchestrator.readers.actors import read_actor_trail, read_entity
from master_orchestrator.readers.audit import read_trail
from master_orchestrator.readers.vehicles import read_vehicle
from master_orchestrator.readers.view import WorkflowsView
from master_orchestrator_agents.handler import Handler
from master_orchestrator_schemas.kafka import KafkaSettings, admin_config
from master_orchestrator_schemas.messages import Activity, ActorRecord, AuditRecord, Control, EntityStatus, UebaRequest
from master_orchestrator_schemas.registry import Request
from master_orchestrator_schemas.topology import Topology
from master_orchestrator_schemas.vocabulary import AgentType


class KafkaShell:
    """The façade's side of a cluster. Making one reaches the cluster.

    Raises :class:`BrokerUnreachableError` or :class:`TopicsMissingError`.
    """

    def __init__(
        self, topology: Topology, handlers: Mapping[AgentType, Handler], kafka: KafkaSettings, *, max_workers: int
    ) -> None:
        require_kafka(admin_config(kafka), (*topology.input_topics, *topology.output_topics))
        self._kafka = kafka
        self._topology = topology
        self._link = ClusterLink(kafka, topology, history=True)
        self._activity = ActivityProducer(kafka, topology)
        self._controls = ControlsTopic(kafka, topology)
        self._runners = Runners(handlers, kafka, topology, max_workers=max_workers)

    @property
    def workflows(self) -> WorkflowsView:
        """The newest status of every workflow on the cluster."""
        return self._link.workflows

    def start(self) -> None:
        """Read the statuses there are, then start the runners."""
        self._link.start()
        self._runners.start()

    def stop(self) -> None:
        """Let the runners drain, see that what was handed in is acknowledged, end all threads."""
        self._runners.stop()
        self._link.stop()
        self._activity.close()

    def submit(self, request: Request) -> KafkaPending:
        """Send a request to its topic."""
        self._runners.check()
        return self._link.submit(request)

    def refresh(self) -> None:
        """Read the statuses that are on the topic now."""
        self._link.refresh()

    def audit_trail(self, workflow_id: str) -> list[AuditRecord]:
        """The workflow's audit records, read from its partition's beginning."""
        return read_trail(self._kafka, self._topology, workflow_id)

    def vehicle(self, vehicle_id: str) -> VehicleState | None:
        """The vehicle's state, read from its partition of the table's changelog."""
        return read_vehicle(self._kafka, self._topology, vehicle_id)

    def write_activity(self, records: Sequence[Activity]) -> None:
        """Return when they are durable. Raises :class:`NotOnRecordError`."""
        self._activity.write(records)

    def put_activity(self, records: Sequence[Activity]) -> None:
        """Hand them to the producer."""
        self._activity.put(records)

    def actor(self, actor: str) -> tuple[EntityStatus, list[ActorRecord]] | None:
        """Where the actor stands, and its trail, read from its partition's beginning."""
        status = read_entity(self._kafka, self._topology, actor)
        return None if status is None else (status, read_actor_trail(self._kafka, self._topology, actor))

    def control(self, actor: str) -> Control | None:
        """What the actor is held to, as it was some seconds ago at most."""
        return self._controls.newest(actor)

    def ask_judge(self, request: UebaRequest, timeout_s: float) -> ActorRecord:
        """Send a request about an actor to ``ueba run``. Raises :class:`JudgeSilentError` if it does not answer."""
        return ask_judge(self._kafka, self._topology, request, timeout_s)
