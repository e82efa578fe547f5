"""The two ways between a client and the engines: requests out, statuses and answers in."""

import time
from functools import partial

from master_orchestrator.client.outputs import OutputsReader
from master_orchestrator.client.pending import Correlator, KafkaPending
from master_orchestrator.client.sending import RequestSender
from master_orchestrator.readers.engine_lag import EngineLag, engine_offsets
from master_orchestrator.readers.view import WorkflowsView
from master_orchestrator_schemas.kafka import KafkaSettings
from master_orchestrator_schemas.messages import Cause
from master_orchestrator_schemas.registry import Request
from master_orchestrator_schemas.topology import Topology


class ClusterLink:
    """Submits requests and settles them with their answers.

    ``history``: whether ``workflows`` is to have everything from the topic's beginning, or what changes from now on.
    """

    def __init__(self, kafka: KafkaSettings, topology: Topology, *, history: bool) -> None:
        self._servers = kafka.bootstrap_servers
        self._lag = EngineLag(partial(engine_offsets, kafka, topology.app_id))
        self.workflows = WorkflowsView()
        self._correlator = Correlator()
        self._outputs = OutputsReader(kafka, topology, self.workflows, self._correlator, history=history)
        self._sender = RequestSender(
            kafka, topology, delivered=self._delivered, undelivered=self._correlator.undelivered
        )

    def start(self) -> None:
        """Start both ways; returns when ``workflows`` is up to date."""
        self._outputs.start()
        self._sender.start()
        try:
            self._outputs.refresh()
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        """See that what was handed in is acknowledged, then end."""
        self._sender.stop()
        self._outputs.stop()

    def submit(self, request: Request) -> KafkaPending:
        """Send a request to its topic. Raises ``EncodeError`` if the wire cannot carry it."""
        pending = KafkaPending(request.vehicle_id, self._servers, self._lag.behind)
        self._correlator.expect(pending)
        try:
            self._sender.send(request, pending, time.time_ns() // 1_000_000)
        except BaseException:
            self._correlator.forget(pending)
            raise
        return pending

    def refresh(self) -> None:
        """Return when every status that is on the topic now is in ``workflows``."""
        self._outputs.refresh()

    def _delivered(self, pending: KafkaPending, cause: Cause) -> None:
        settled = self._correlator.delivered(pending, cause)
        if settled is not None:
            self._outputs.settle(*settled)
