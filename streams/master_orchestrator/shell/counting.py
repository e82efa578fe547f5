"""What the engine counts of each outcome. Label children are kept: looking one up costs more than counting."""

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

import structlog

from master_orchestrator.core.outcome import Outcome
from master_orchestrator.shell.feedback import Fault
from master_orchestrator.shell.records import Fetched
from master_orchestrator_schemas.bounded_names import BoundedNames
from master_orchestrator_schemas.messages import AuditRecord
from master_orchestrator_schemas.metrics import Metrics
from master_orchestrator_schemas.vocabulary import AlertKind, State

log = structlog.get_logger(__name__)
ENDED = frozenset({State.COMPLETED, State.FAILED})


class EngineCounts:
    """Turns outcomes into metrics."""

    def __init__(self, metrics: Metrics) -> None:
        self.metrics = metrics
        self._child = cache(_child)
        self._names, self._senders = BoundedNames(), BoundedNames()

    def outcome(self, topic: str, outcome: Outcome) -> None:
        """Count what one input led to."""
        for entry in outcome.audit:
            if entry.from_state != entry.to_state:
                self._transition(entry)
                if entry.to_state in ENDED:
                    self._ended(entry, outcome)
        for command in outcome.commands:
            lane = command.priority.lane.value
            self._child(self.metrics.commands, command.agent.value, lane).inc()
        for alert in outcome.alerts:
            self.alert(alert.kind)
        if outcome.rejection is not None:
            self._child(self.metrics.rejected_inputs, topic, outcome.rejection.code).inc()

    def alert(self, kind: AlertKind) -> None:
        """Count a call for a human."""
        self._child(self.metrics.alerts, kind.value).inc()

    def reading(self, *, accepted: bool) -> None:
        """Count a reading: accepted, or ignored as late or repeated."""
        self._child(self.metrics.readings, "accepted" if accepted else "ignored").inc()

    def batch(self, partition: int, records: Mapping[str, Sequence[Fetched]], now_s: float) -> None:
        """Count one partition's share of a batch, by input topic, processed at ``now_s``."""
        self._child(self.metrics.batch_records).observe(sum(map(len, records.values())))
        for topic, fetched in records.items():
            age_s = max(0.0, now_s - fetched[-1].timestamp / 1000)
            self._child(self.metrics.lag_seconds, topic, str(partition)).set(age_s)

    def transaction(self, seconds: float) -> None:
        """Count a committed transaction, its commands sent."""
        self._child(self.metrics.transactions, "committed").inc()
        self._child(self.metrics.transaction_seconds, "committed").observe(seconds)

    def lag(self, topic: str, partition: int, records: int) -> None:
        """How many records of an input partition are not yet applied."""
        self._child(self.metrics.lag_records, topic, str(partition)).set(records)

    def dead_letter(self, topic: str, reason: str) -> None:
        """Count a dead letter by the topic it came from."""
        self._child(self.metrics.dead_letters, topic, reason).inc()

    def fault(self, fault: Fault) -> None:
        """Count a sender's mistake: of a dead letter by its sender, of what was left out by its name, said once."""
        if fault.name is None:
            self._child(self.metrics.dead_letters_by_sender, self._senders.label(fault.sender), fault.code).inc()
            return
        if self._names.is_new(fault.name):
            log.warning("left_out", topic=fault.cause.topic, sender=fault.sender, why=fault.message)
        self._child(self.metrics.left_out, fault.cause.topic, self._names.label(fault.name)).inc()

    def _transition(self, entry: AuditRecord) -> None:
        before = "" if entry.from_state is None else entry.from_state.value
        self._child(self.metrics.transitions, before, entry.to_state.value).inc()
        if entry.from_state is None:
            self._child(self.metrics.workflows_opened, entry.priority.name).inc()
        if entry.to_state is State.RETRY:
            self._child(self.metrics.retries, before, entry.reason or "").inc()

    def _ended(self, entry: AuditRecord, outcome: Outcome) -> None:
        self._child(self.metrics.workflows_ended, entry.to_state.value, entry.reason or "").inc()
        for status in outcome.status:
            if status.workflow_id == entry.workflow_id:
                seconds = (entry.at_ms - status.created_at_ms) / 1000
                self._child(self.metrics.workflow_seconds, entry.to_state.value).observe(seconds)


def _child(metric: Any, *labels: str) -> Any:  # Counter, Gauge or Histogram: prometheus_client has no common type
    return metric.labels(*labels) if labels else metric
