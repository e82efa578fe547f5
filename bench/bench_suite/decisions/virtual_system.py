"""The engine's core and the reference agents in virtual time: weeks of a fleet in seconds, the same on every machine.

A vehicle's records pass in the order of their times: readings, replies, ticks. The broker's clock is the vehicles' own,
a second later.
"""

import heapq
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import count

from master_orchestrator.core.inputs import Body, Input
from master_orchestrator.core.outcome import Outcome
from master_orchestrator.core.policy import Policy
from master_orchestrator.core.state import VehicleState, Workflow
from master_orchestrator.core.step import deadlines, step
from master_orchestrator.ingest.producer import Delivered
from master_orchestrator_agents.handler import SingleHandler, execute
from master_orchestrator_schemas.messages import Alert, Cause, Command, Reply, Telemetry, Timer
from master_orchestrator_schemas.registry import INPUTS, TYPES
from master_orchestrator_schemas.topology import Topology
from master_orchestrator_schemas.vocabulary import AgentType

ON_THE_WAY_MS = 1_000
HANDLED_IN_MS = 1_500
MAX_LIFE_MS = 120 * 86_400_000
"""How long after its last reading a vehicle is followed."""


@dataclass
class VehicleHistory:
    """All that came of one vehicle: its workflows as they ended, what was asked and answered, and who was called."""

    workflows: dict[str, Workflow] = field(default_factory=dict)
    answers: list[tuple[Command, Reply]] = field(default_factory=list)
    alerts: list[Alert] = field(default_factory=list)
    rejections: list[str] = field(default_factory=list)

    def exchanges(self, agent: AgentType) -> list[tuple[Command, Reply]]:
        """The commands of one agent, with their replies."""
        return [(command, reply) for command, reply in self.answers if command.agent is agent]


class VirtualSystem:
    """A sink for ``ingest``. ``histories``: what came of each vehicle, once :meth:`close` has returned."""

    def __init__(self, topology: Topology, agents: Mapping[AgentType, SingleHandler]) -> None:
        self._policy, self._agents = Policy.from_topology(topology), agents
        self._topics = {TYPES[name]: topology.topic_of(name) for name in INPUTS}
        self._vehicles: dict[str, _VirtualVehicle] = {}

    @property
    def histories(self) -> dict[str, VehicleHistory]:
        """What came of each vehicle."""
        return {vehicle_id: vehicle.history for vehicle_id, vehicle in self._vehicles.items()}

    def send(self, reading: Telemetry, delivered: Delivered) -> None:
        """Take a reading; everything that is due before it happens first."""
        vehicle = self._vehicles.get(reading.vehicle_id)
        if vehicle is None:
            vehicle = _VirtualVehicle(reading.vehicle_id, self._policy, self._topics, self._agents)
            self._vehicles[reading.vehicle_id] = vehicle
        at_ms = reading.ts_ms + ON_THE_WAY_MS
        vehicle.live_until(at_ms)
        vehicle.take(reading, at_ms)
        delivered(None)

    def close(self) -> None:
        """Go on until nothing is due."""
        for vehicle in self._vehicles.values():
            vehicle.live_until(vehicle.now_ms + MAX_LIFE_MS)


class _VirtualVehicle:
    """One vehicle: its state, and what is on its way to it."""

    def __init__(
        self,
        vehicle_id: str,
        policy: Policy,
        topics: Mapping[type[Body], str],
        agents: Mapping[AgentType, SingleHandler],
    ) -> None:
        self._vehicle_id, self._policy, self._topics, self._agents = vehicle_id, policy, topics, agents
        self._state: VehicleState | None = None
        self._offsets: Counter[str] = Counter()
        self._due: list[tuple[int, int, Reply | Timer]] = []
        self._numbers = count()
        self.now_ms = 0
        self.history = VehicleHistory()

    def live_until(self, at_ms: int) -> None:
        """Whatever is due up to then."""
        while self._due and self._due[0][0] <= at_ms:
            due_ms, _, body = heapq.heappop(self._due)
            if not isinstance(body, Timer) or self._waits_for(body):
                self.take(body, due_ms)

    def take(self, body: Body, at_ms: int) -> None:
        """Apply one record."""
        self.now_ms = max(self.now_ms, at_ms)
        topic = self._topics[type(body)]
        cause = Cause(topic=topic, partition=0, offset=self._offsets[topic])
        self._offsets[topic] += 1
        outcome = step(self._policy, self._vehicle_id, self._state, Input(cause=cause, at_ms=self.now_ms, body=body))
        self._state = outcome.state
        if outcome.audit:
            self._after(outcome)
        if outcome.rejection is not None:
            self.history.rejections.append(str(outcome.rejection))

    def _after(self, outcome: Outcome) -> None:
        workflow = outcome.state.workflow
        if workflow is not None:
            self.history.workflows[workflow.workflow_id] = workflow
        self.history.alerts += outcome.alerts
        for command in outcome.commands:
            self._answer(command)
        for deadline in deadlines(self._vehicle_id, outcome.state):
            tick = Timer(
                vehicle_id=self._vehicle_id,
                workflow_id=deadline.workflow_id,
                deadline_id=deadline.deadline_id,
                due_ms=deadline.due_ms,
            )
            self._put(max(deadline.due_ms, self.now_ms), tick)

    def _waits_for(self, tick: Timer) -> bool:
        waiting = [] if self._state is None else deadlines(self._vehicle_id, self._state)
        return any((tick.workflow_id, tick.deadline_id) == (one.workflow_id, one.deadline_id) for one in waiting)

    def _answer(self, command: Command) -> None:
        reply = execute(self._agents[command.agent], command, worker="virtual")
        self.history.answers.append((command, reply))
        self._put(max(self.now_ms + HANDLED_IN_MS, _answered_ms(reply)), reply)

    def _put(self, due_ms: int, body: Reply | Timer) -> None:
        heapq.heappush(self._due, (due_ms, next(self._numbers), body))


def _answered_ms(reply: Reply) -> int:
    """When the owner answered, which the simulated one says ahead of the time; 0 for other agents."""
    extras: Mapping[str, str] = (reply.result or {}).get("extras", {})
    return int(extras.get("answered_at_ms", "0"))
