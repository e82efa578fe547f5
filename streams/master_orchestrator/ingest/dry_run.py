"""Readings through the engine's own core without Kafka: which workflows they would open, what would be refused.

No agent answers and no timer ticks: what depends on either is not seen here.
"""

from collections import Counter
from collections.abc import Callable
from typing import NamedTuple

from master_orchestrator.core.inputs import Input
from master_orchestrator.core.outcome import Outcome
from master_orchestrator.core.policy import Policy
from master_orchestrator.core.rejection import Rejection
from master_orchestrator.core.state import KnownFinding, VehicleState, Workflow
from master_orchestrator.core.step import step
from master_orchestrator.ingest.producer import Delivered
from master_orchestrator_schemas.messages import Cause, Telemetry
from master_orchestrator_schemas.topology import Topology
from master_orchestrator_schemas.vocabulary import Priority

MAX_SHOWN = 3
"""Refusals that are shown with their text."""


class Opening(NamedTuple):
    """A finding that would open a workflow of a vehicle, or join the open one; None: a check that is asked for."""

    vehicle_id: str
    workflow_id: str
    reason: str
    priority: Priority
    finding: KnownFinding | None

    def as_json(self) -> dict[str, object]:
        """The opening for ``--json``."""
        head = {"vehicle_id": self.vehicle_id, "workflow_id": self.workflow_id, "reason": self.reason}
        finding = self.finding
        if finding is None:
            return {**head, "priority": self.priority.name}
        evidence = {name: getattr(finding, name) for name in ("at_ms", "signal", "value", "threshold", "held_s")}
        return {
            **head,
            "rule": finding.rule,
            "subsystem": finding.subsystem.value,
            "priority": finding.priority.name,
            **evidence,
            **finding.crossing_fields,
        }


class DryRun:
    """A sink that runs the core, as an engine that starts with no vehicle known.

    Args:
        policy: of the topology.
        topic: the telemetry topic's name.
        now_ms: what the broker's clock would say.

    ``opened``: workflows; ``openings``: their findings; ``refused``: dead letters by reason; ``dropped``: late or
    repeated readings.
    """

    def __init__(self, policy: Policy, topic: str, now_ms: Callable[[], int]) -> None:
        self._policy = policy
        self._topic = topic
        self._now_ms = now_ms
        self._states: dict[str, VehicleState] = {}
        self._offset = 0
        self.opened = 0
        self.openings: list[Opening] = []
        self.refused: Counter[str] = Counter()
        self.first_refusals: list[str] = []
        self.dropped = 0

    @classmethod
    def of(cls, topology: Topology, now_ms: Callable[[], int]) -> "DryRun":
        """The sink for a topology."""
        return cls(Policy.from_topology(topology), topology.topic_of("Telemetry"), now_ms)

    def send(self, reading: Telemetry, delivered: Delivered) -> None:
        """Take a reading as the engine would."""
        vehicle_id = reading.vehicle_id
        before = self._states.get(vehicle_id)
        cause = Cause(topic=self._topic, partition=0, offset=self._offset)
        self._offset += 1
        outcome = step(self._policy, vehicle_id, before, Input(cause=cause, at_ms=self._now_ms(), body=reading))
        self._states[vehicle_id] = outcome.state
        if outcome.rejection is not None:
            self._reject(vehicle_id, outcome.rejection)
        elif before is not None and outcome.state.trackers is before.trackers:
            self.dropped += 1
        if outcome.audit:
            self._note(vehicle_id, before.workflow if before else None, outcome)
        delivered(None)

    def _reject(self, vehicle_id: str, rejection: Rejection) -> None:
        self.refused[rejection.code] += 1
        if len(self.first_refusals) < MAX_SHOWN:
            self.first_refusals.append(f"{vehicle_id}: {rejection}")

    def _note(self, vehicle_id: str, before: Workflow | None, outcome: Outcome) -> None:
        """What the reading opened or joined."""
        after = outcome.state.workflow
        if after is None:
            return
        is_new = before is None or before.workflow_id != after.workflow_id
        self.opened += is_new
        known = () if is_new or before is None else before.findings
        new = [finding for finding in after.findings if not _is_known(known, finding)]
        reason = outcome.audit[0].reason or ""
        if is_new and not new:
            self.openings.append(Opening(vehicle_id, after.workflow_id, reason, after.priority, None))
        for finding in new:
            self.openings.append(Opening(vehicle_id, after.workflow_id, reason, finding.priority, finding))

    def close(self) -> None:
        """Nothing is outstanding."""


def _is_known(known: tuple[KnownFinding, ...], finding: KnownFinding) -> bool:
    return any(before.rule == finding.rule and before.priority <= finding.priority for before in known)
