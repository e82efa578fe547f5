"""Counts of what is learnt from repairs: labels of rules and causes, owners' ratings."""

from collections.abc import Callable
from typing import Any

from master_orchestrator.core.lessons import Lesson, rule_group
from master_orchestrator_schemas.bounded_names import BoundedNames
from master_orchestrator_schemas.metrics import Metrics
from master_orchestrator_schemas.results import FeedbackResult
from master_orchestrator_schemas.topology import Topology

PROMOTER_FROM, PASSIVE_FROM = 9, 7
"""Of the recommendation from 0 to 10: who promotes, and who is indifferent; the others are detractors."""


class LearningCounts:
    """Counts lessons. ``child``: the kept child of a metric for some labels."""

    def __init__(self, metrics: Metrics, child: Callable[..., Any]) -> None:
        self._metrics, self._child = metrics, child
        self._rules = frozenset[str]()
        self._causes = BoundedNames()

    def expect(self, topology: Topology) -> None:
        """Learn the rules' names, and say from what precision on a rule is good enough."""
        self._rules = frozenset(topology.triage.rules)
        self._metrics.rule_precision_floor.set(topology.learning.precision_floor)
        self._metrics.rule_labels_needed.set(topology.learning.min_labels)

    def take(self, lesson: Lesson) -> None:
        """Count one repair."""
        metrics, result = self._metrics, lesson.result
        for label in result.labels:
            self._child(metrics.rule_labels, rule_group(label.rule, self._rules), label.label.value).inc()
        for leading in result.cause_labels[:1]:
            self._child(metrics.cause_labels, self._causes.label(leading.cause), leading.label.value).inc()
        if result.unmapped:
            metrics.unmapped_repairs.inc()
        self.rated(result)

    def rated(self, result: FeedbackResult) -> None:
        """Count what an owner says, if anything."""
        metrics = self._metrics
        if result.csat is not None:
            self._child(metrics.owner_ratings, str(result.csat)).inc()
        if result.nps is not None:
            self._child(metrics.owner_recommendations, attitude(result.nps)).inc()
        if result.fixed_right_first_time is not None:
            self._child(metrics.fixed_first_time, "yes" if result.fixed_right_first_time else "no").inc()


def attitude(nps: int) -> str:
    """What a recommendation from 0 to 10 makes of the owner."""
    return "promoter" if nps >= PROMOTER_FROM else "passive" if nps >= PASSIVE_FROM else "detractor"
