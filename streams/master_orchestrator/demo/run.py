"""The demo's run: start everything, watch it until every workflow has ended, and judge."""

import threading
import time
from contextlib import ExitStack, closing

from rich.console import Console

from master_orchestrator.demo.background import Background
from master_orchestrator.demo.board import Board
from master_orchestrator.demo.conduct import who_did_what
from master_orchestrator.demo.lag import LagProbe
from master_orchestrator.demo.terms import DemoTerms
from master_orchestrator.demo.verdict import DemoVerdict
from master_orchestrator.demo.watch import DemoWatch, Reading, Sending
from master_orchestrator.readers.audit import read_trail
from master_orchestrator.readers.topics import TopicReader
from master_orchestrator.readers.verify_topics import verify_topics
from master_orchestrator.simulation.command import fleet_gateway
from master_orchestrator.simulation.gateway import GatewayTally
from master_orchestrator.supervision.local_system import BROKER_STAGE, WORKER_STAGE
from master_orchestrator.supervision.stopping import stop_requested
from master_orchestrator.supervision.supervisor import Supervisor
from master_orchestrator_agents.simulated.feed import WorkshopFeed
from master_orchestrator_schemas.codec import Codec
from master_orchestrator_schemas.messages import AuditRecord

WORKSHOP_PATIENCE_S = 1.5
"""No workshop event waits longer, however far ahead the appointment is."""


class Demo:
    """One run. ``console`` is where the table goes; plain lines if it is not a terminal."""

    def __init__(self, terms: DemoTerms, console: Console) -> None:
        self._terms = terms
        self._console = console
        roster = terms.fleet.roster()
        self._vehicles = frozenset(plan.vehicle_id for plan in roster)
        self._faults = {plan.vehicle_id: plan.fault.name for plan in roster if plan.fault}
        self._board = Board(self._vehicles)

    def run(self) -> DemoVerdict:
        """Start, watch, stop all in order; Ctrl-C ends it early. Raises what starting the broker raises."""
        terms = self._terms
        with stop_requested() as stopping, Supervisor(terms.system.stages()) as supervisor, ExitStack() as opened:
            self._say("starting Kafka" if terms.system.broker else f"using Kafka at {terms.kafka.bootstrap_servers}")
            if terms.system.broker is not None:
                terms.system.broker.tell = self._say
            supervisor.prepare_stage(WORKER_STAGE)
            supervisor.start_stage(BROKER_STAGE)
            terms.provision()
            reading = self._read_along(opened)
            self._say("starting engine, agents, workshops and fleet")
            supervisor.start_stage(WORKER_STAGE)
            workshops = opened.enter_context(closing(self._workshops()))
            halt = threading.Event()
            gateway = fleet_gateway(terms.fleet, terms.speed, terms.kafka, terms.topology, halt)
            fleet = opened.enter_context(closing(Background("fleet", lambda: gateway.run(terms.fleet), halt.set)))
            watch = DemoWatch(terms, self._board, self._faults, self._console)

            def keep_going() -> None:
                supervisor.watch()
                workshops.done()  # raises what stopped them

            stopped = watch.until_ended(keep_going, reading, Sending(gateway.tally, fleet.done), stopping.is_set)
            self._say(f"stopping, {stopped}" if stopped else "everything has ended, verifying the audit trail")
            fleet.close()
            return self._verdict(gateway.tally, stopped, watch.first_completed_s)

    def _read_along(self, opened: ExitStack) -> Reading:
        """Readers from before the first record of this run."""
        kafka, topology = self._terms.kafka, self._terms.topology
        status = topology.topic_of("Status")
        reading = Reading(
            status=TopicReader(kafka, [status], range(topology.partitions), from_end=[status]),
            codec=Codec(topology.limits),
            lag=LagProbe(kafka, topology.app_id, topology.topic_of("Telemetry"), topology.partitions),
        )
        for resource in (reading.status, reading.lag):
            opened.enter_context(closing(resource))
        return reading

    def _workshops(self) -> Background:
        terms = self._terms
        feed = WorkshopFeed(terms.kafka, terms.topology, seed=terms.fleet.seed, max_wait_s=WORKSHOP_PATIENCE_S)
        return Background("workshops", feed.run, feed.stop)

    def _verdict(self, tally: GatewayTally, stopped: str | None, first_completed_s: float | None) -> DemoVerdict:
        return DemoVerdict(
            board=self._board,
            tally=tally,
            audit=verify_topics(self._terms.kafka, self._terms.topology),
            told=self._told(),
            conduct=who_did_what(self._terms.kafka, self._terms.topology),
            silent=self._silent(),
            stopped=stopped,
            first_completed_s=first_completed_s,
        )

    def _told(self) -> list[AuditRecord]:
        telling = self._board.most_telling()
        return read_trail(self._terms.kafka, self._terms.topology, telling.workflow_id) if telling else []

    def _silent(self) -> tuple[str, ...]:
        return tuple(f"{vehicle} ({self._faults[vehicle]})" for vehicle in self._board.without_workflow(self._faults))

    def _say(self, text: str) -> None:
        self._console.print(f"{time.monotonic() - self._terms.started_s:5.1f} s  {text}", highlight=False)
