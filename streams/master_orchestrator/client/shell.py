"""A cluster as a shell: requests go to its topics, its engines answer, the registered agents run here."""

import time
from collections.abc import Mapping

from master_orchestrator.client.outputs import OutputsReader
from master_orchestrator.client.pending import Correlator, KafkaPending
from master_orchestrator.client.runners import Runners
from master_orchestrator.client.sending import RequestSender
from master_orchestrator.cluster.liveness import require_brokers, require_topics
from master_orchestrator.ports import Request
from master_orchestrator.readers.trail import read_trail
from master_orchestrator.readers.view import WorkflowsView
from master_orchestrator_agents.handler import Handler
from master_orchestrator_schemas.kafka import KafkaSettings, admin_config
from master_orchestrator_schemas.messages import AuditRecord, Cause
from master_orchestrator_schemas.topology import Topology
from master_orchestrator_schemas.vocabulary import AgentType


class KafkaShell:
    """The façade's side of a cluster. Making one reaches the cluster.

    Raises :class:`BrokerUnreachableError` or :class:`TopicsMissingError`.
    """

    def __init__(
        self, topology: Topology, handlers: Mapping[AgentType, Handler], kafka: KafkaSettings, *, max_workers: int
    ) -> None:
        require_brokers(admin_config(kafka))
        require_topics(admin_config(kafka), (*topology.input_topics, *topology.output_topics))
        self._kafka = kafka
        self._topology = topology
        self._view = WorkflowsView()
        self._correlator = Correlator()
        self._outputs = OutputsReader(kafka, topology, self._view, self._correlator)
        self._sender = RequestSender(
            kafka, topology, delivered=self._delivered, undelivered=self._correlator.undelivered
        )
        self._runners = Runners(handlers, kafka, topology, max_workers=max_workers)

    @property
    def workflows(self) -> WorkflowsView:
        """The newest status of every workflow on the cluster."""
        return self._view

    def start(self) -> None:
        """Read the statuses there are, then start the runners."""
        self._outputs.start()
        self._sender.start()
        self._outputs.refresh()
        self._runners.start()

    def stop(self) -> None:
        """Let the runners drain, see that what was handed in is acknowledged, end all threads."""
        self._runners.stop()
        self._sender.stop()
        self._outputs.stop()

    def submit(self, request: Request) -> KafkaPending:
        """Send a request to its topic."""
        self._runners.check()
        pending = KafkaPending(request.vehicle_id, self._kafka.bootstrap_servers)
        self._correlator.expect(pending)
        self._sender.send(request, pending, time.time_ns() // 1_000_000)
        return pending

    def refresh(self) -> None:
        """Read the statuses that are on the topic now."""
        self._outputs.refresh()

    def audit_trail(self, workflow_id: str) -> list[AuditRecord]:
        """The workflow's audit records, read from its partition's beginning."""
        return read_trail(self._kafka, self._topology, workflow_id)

    def _delivered(self, pending: KafkaPending, cause: Cause) -> None:
        settled = self._correlator.delivered(pending, cause)
        if settled is not None:
            self._outputs.settle(*settled)
