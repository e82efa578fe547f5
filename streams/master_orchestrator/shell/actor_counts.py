"""What the ueba app counts, and the risk that its metrics tell of."""

import threading
import time
from collections.abc import Iterable, Mapping
from typing import NamedTuple

from master_orchestrator.behaviour.actor_state import ActorState
from master_orchestrator.behaviour.findings import ALERT_SEVERITY, BehaviourFinding, Rule
from master_orchestrator.behaviour.risk import score
from master_orchestrator.behaviour.trail import ActorOutcome
from master_orchestrator.shell.counting import InputCounts
from master_orchestrator_schemas.metrics import Metrics
from master_orchestrator_schemas.vocabulary import ActorKind, AgentType, ControlLevel

SEVERE = 70
LEVELS = ("severe", "alert", "weak")
"""Of findings, for the metrics."""


class ActorCounts(InputCounts):
    """Turns outcomes into metrics."""

    def __init__(self, metrics: Metrics, activity_topic: str) -> None:
        super().__init__(metrics)
        self._activity = activity_topic
        for rule in Rule:
            for level in LEVELS:
                self._child(metrics.findings, rule.value, level)

    def outcome(self, topic: str, outcome: ActorOutcome) -> None:
        """Count what one input led to."""
        if topic == self._activity:
            self._child(self.metrics.activity_records, "repeated" if outcome.repeated else "judged").inc()
            for ended, count in outcome.acts.items():
                self._child(self.metrics.acts, ended).inc(count)
        for finding in outcome.findings:
            self._child(self.metrics.findings, finding.rule.value, _level(finding.severity)).inc()
        for alert in outcome.alerts:
            self.alert(alert.kind)


def _level(severity: float) -> str:
    severe, alert, weak = LEVELS
    return severe if severity >= SEVERE else alert if severity >= ALERT_SEVERITY else weak


class CountedActor(NamedTuple):
    """What is kept of an actor: its labels, its findings, and the control in force."""

    labels: tuple[str, str]
    findings: tuple[BehaviourFinding, ...]
    level: ControlLevel


class Standings:
    """Actors with a risk or a control. Threads of partitions update it, those of the HTTP server ask."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._known: dict[int, dict[bytes, CountedActor]] = {}

    def of(self, state: ActorState) -> CountedActor:
        """Its labels are bounded: an agent type, or the kind alone."""
        kind, _, name = state.name.partition(":")
        agent = name if kind == ActorKind.AGENT and name in AgentType.__members__ else ""
        return CountedActor((state.actor.kind.value, agent), tuple(state.findings), state.level)

    def reset(self, partitions: Mapping[int, Iterable[tuple[bytes, CountedActor]]]) -> None:
        """Own just these partitions."""
        with self._lock:
            self._known = {number: dict(kept) for number, kept in partitions.items()}

    def update(self, partition: int, states: Mapping[bytes, ActorState]) -> None:
        """The states after a commit."""
        with self._lock:
            known = self._known.get(partition)
            if known is None:  # given away meanwhile
                return
            for key, state in states.items():
                if state.findings or state.control is not None:
                    known[key] = self.of(state)
                else:
                    known.pop(key, None)

    def risks(self) -> list[tuple[tuple[str, str], float]]:
        """The highest score by kind and agent type, now."""
        now_ms = time.time_ns() // 1_000_000
        risks: dict[tuple[str, str], float] = {}
        for standing in self._all():
            value = score(standing.findings, now_ms)
            risks[standing.labels] = max(value, risks.get(standing.labels, 0.0))
        return list(risks.items())

    def controls(self) -> list[tuple[tuple[str], float]]:
        """How many actors are controlled, by level."""
        levels = [standing.level for standing in self._all()]
        return [((level.value,), levels.count(level)) for level in (ControlLevel.THROTTLE, ControlLevel.BLOCK)]

    def _all(self) -> list[CountedActor]:
        with self._lock:
            return [standing for known in self._known.values() for standing in known.values()]
