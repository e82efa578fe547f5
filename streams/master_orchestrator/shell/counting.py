"""What the engine counts of each outcome. Label children are kept: looking one up costs more than counting."""

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

import structlog

from master_orchestrator.core.lessons import CODES, lesson_of, rating_of
from master_orchestrator.core.outcome import Outcome
from master_orchestrator.core.state import VehicleState
from master_orchestrator.core.transitions import INITIAL, TRANSITIONS
from master_orchestrator.shell.feedback import SenderFault
from master_orchestrator.shell.learning_counts import LearningCounts
from master_orchestrator.shell.outgoing import GIVEN_UP
from master_orchestrator.shell.records import Fetched
from master_orchestrator.shell.work_counts import ENDED, WorkCounts
from master_orchestrator_schemas.bounded_names import BoundedNames
from master_orchestrator_schemas.headers import exemplar_of
from master_orchestrator_schemas.messages import AuditRecord
from master_orchestrator_schemas.metrics import Metrics
from master_orchestrator_schemas.reasons import REASONS
from master_orchestrator_schemas.topology import Topology
from master_orchestrator_schemas.vocabulary import AlertKind, FindingLabel, State

log = structlog.get_logger(__name__)


class InputCounts:
    """What every app counts: batches, transactions, dead letters, alerts."""

    def __init__(self, metrics: Metrics) -> None:
        self.metrics = metrics
        self._child = cache(_child)
        self._names, self._senders = BoundedNames(), BoundedNames()

    def alert(self, kind: AlertKind) -> None:
        """Count a call for a human."""
        self._child(self.metrics.alerts, kind.value).inc()

    def batch(self, records: Mapping[str, Sequence[Fetched]]) -> None:
        """Count one partition's share of a batch, by input topic."""
        self.metrics.batch_records.observe(sum(map(len, records.values())))

    def transaction(self, seconds: float) -> None:
        """Count a committed transaction, its commands sent."""
        self._child(self.metrics.transactions, "committed").inc()
        self.metrics.transaction_seconds.observe(seconds)

    def dead_letter(self, topic: str, reason: str) -> None:
        """Count a dead letter by the topic it came from."""
        self._child(self.metrics.dead_letters, topic, reason).inc()

    def fault(self, fault: SenderFault) -> None:
        """Count a sender's mistake: of a dead letter by its sender, of what was left out by its name, said once."""
        if fault.name is None:
            self._child(self.metrics.dead_letters_by_sender, self._senders.label(fault.sender), fault.code).inc()
            return
        if self._names.is_new(fault.name):
            log.warning("left_out", topic=fault.cause.topic, sender=fault.sender, why=fault.message)
        self._child(self.metrics.left_out, fault.cause.topic, self._names.label(fault.name)).inc()


class EngineCounts(InputCounts):
    """Turns the core's outcomes into metrics, too."""

    def __init__(self, metrics: Metrics) -> None:
        super().__init__(metrics)
        self._learning = LearningCounts(metrics, self._child)
        self._work = WorkCounts(metrics, self._child)
        self._child(metrics.transitions, "", INITIAL.value)
        for before, moves in TRANSITIONS.items():
            for after in moves:
                self._child(metrics.transitions, before.value, after.value)

    def outcome(self, topic: str, before: VehicleState | None, outcome: Outcome) -> None:
        """Count what one input led to, of a vehicle in this state."""
        for entry in outcome.audit:
            if (rating := rating_of(entry)) is not None:
                self._learning.rated(rating.result)
        moves = [entry for entry in outcome.audit if entry.from_state != entry.to_state]
        for entry in moves:
            self._transition(entry, outcome)
            if entry.to_state in ENDED:
                self._ended(entry, outcome)
                if (lesson := lesson_of(entry)) is not None:
                    self._learning.take(lesson)
        if moves:
            self._times(moves, before)
        self._work.take(outcome)
        for command in outcome.commands:
            lane = command.priority.lane.value
            self._child(self.metrics.commands, command.agent.value, lane).inc()
        for alert in outcome.alerts:
            self.alert(alert.kind)
        if outcome.rejection is not None:
            self._child(self.metrics.rejected_inputs, topic, outcome.rejection.code).inc()

    def readings(self, number: int = 1, *, accepted: bool = True) -> None:
        """Count readings: accepted, or ignored as late or repeated."""
        self._child(self.metrics.readings, "accepted" if accepted else "ignored").inc(number)

    def expect(self, topology: Topology) -> None:
        """Let the counts by rule, topic and reason start at 0."""
        self._learning.expect(topology)
        self._work.expect()
        for rule in topology.triage.rules:
            self._child(self.metrics.rules_blinded, rule)
        for rule in (*topology.triage.rules, CODES):
            for label in FindingLabel:
                self._child(self.metrics.rule_labels, rule, label.value)
        for topic in topology.input_topics:
            for by_topic in (self.metrics.duplicate_records, self.metrics.reseeks, self.metrics.offset_holes):
                self._child(by_topic, topic)
            for reason in REASONS.keys() - {GIVEN_UP}:
                self._child(self.metrics.dead_letters, topic, reason)
                self._child(self.metrics.rejected_inputs, topic, reason)
        for topic in topology.command_topics:
            self._child(self.metrics.dead_letters, topic, GIVEN_UP)

    def blinded(self, rule: str) -> None:
        """Count a vehicle that has begun to report too slowly for a rule."""
        self._child(self.metrics.rules_blinded, rule).inc()

    def _transition(self, entry: AuditRecord, outcome: Outcome) -> None:
        before = "" if entry.from_state is None else entry.from_state.value
        self._child(self.metrics.transitions, before, entry.to_state.value).inc()
        if entry.from_state is None:
            self._child(self.metrics.workflows_opened, entry.priority.name).inc()
        if entry.to_state is State.RETRY:
            self._retry(entry, outcome)

    def _retry(self, entry: AuditRecord, outcome: Outcome) -> None:
        """From FAILED it is an operator's redrive, of the step that had failed."""
        if entry.from_state is not State.FAILED:
            self._child(self.metrics.retries, entry.from_state or "", entry.reason or "").inc()
            return
        workflow = outcome.state.workflow
        if workflow is not None and workflow.execution is not None:
            self._child(self.metrics.redrives, workflow.execution.step.value).inc()

    def _times(self, moves: Sequence[AuditRecord], before: VehicleState | None) -> None:
        """How long the states lasted that these moves left, the first of them since the newest move before."""
        workflow = None if before is None else before.workflow
        entered: dict[str, int] = {}
        if workflow is not None and workflow.history:
            entered[workflow.workflow_id] = workflow.opened_at_ms + workflow.history[-1][0]
        for entry in moves:
            since_ms = entered.get(entry.workflow_id)
            if entry.from_state is not None and since_ms is not None:
                seconds = max(0, entry.at_ms - since_ms) / 1000
                self._child(self.metrics.state_seconds, entry.from_state.value, entry.priority.name).observe(seconds)
            entered[entry.workflow_id] = entry.at_ms

    def _ended(self, entry: AuditRecord, outcome: Outcome) -> None:
        self._child(self.metrics.workflows_ended, entry.to_state.value, entry.reason or "").inc()
        for status in outcome.status:
            if status.workflow_id == entry.workflow_id:
                seconds = (entry.at_ms - status.created_at_ms) / 1000
                histogram = self._child(self.metrics.workflow_seconds, entry.priority.name, entry.to_state.value)
                histogram.observe(seconds, exemplar_of(outcome.traceparent))


def _child(metric: Any, *labels: str) -> Any:  # Counter, Gauge or Histogram: prometheus_client has no common type
    return metric.labels(*labels) if labels else metric
