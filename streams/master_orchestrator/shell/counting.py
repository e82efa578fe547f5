"""What the engine counts of each outcome. Label children are kept: looking one up costs more than counting."""

from functools import cache
from typing import Any

from master_orchestrator.core.outcome import Outcome
from master_orchestrator_schemas.messages import AuditRecord
from master_orchestrator_schemas.metrics import Metrics
from master_orchestrator_schemas.vocabulary import State

ENDED = frozenset({State.COMPLETED, State.FAILED})


class EngineCounts:
    """Turns outcomes into metrics."""

    def __init__(self, metrics: Metrics) -> None:
        self.metrics = metrics
        self._child = cache(_child)

    def outcome(self, topic: str, outcome: Outcome) -> None:
        """Count what one input led to."""
        for entry in outcome.audit:
            self._audit(entry)
        for command in outcome.commands:
            lane = command.priority.lane.value
            self._child(self.metrics.commands, command.agent.value, lane).inc()
        for alert in outcome.alerts:
            self._child(self.metrics.alerts, alert.kind.value).inc()
        if outcome.rejection is not None:
            self._child(self.metrics.rejected_inputs, topic, outcome.rejection.partition(": ")[0]).inc()

    def dead_letter(self, topic: str, reason: str) -> None:
        """Count a dead letter by the topic it came from."""
        self._child(self.metrics.dead_letters, topic, reason).inc()

    def _audit(self, entry: AuditRecord) -> None:
        if entry.from_state == entry.to_state:
            return
        before = "" if entry.from_state is None else entry.from_state.value
        self._child(self.metrics.transitions, before, entry.to_state.value).inc()
        if entry.from_state is None:
            self._child(self.metrics.workflows_opened, entry.priority.name).inc()
        if entry.to_state is State.RETRY:
            self._child(self.metrics.retries, before, entry.reason or "").inc()
        if entry.to_state in ENDED:
            self._child(self.metrics.workflows_ended, entry.to_state.value, entry.reason or "").inc()


def _child(metric: Any, *labels: str) -> Any:  # Counter, Gauge or Histogram: prometheus_client has no common type
    return metric.labels(*labels)
