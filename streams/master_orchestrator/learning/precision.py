"""How often repairs confirm what a rule fired for, and what DIAGNOSIS held likeliest."""

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from master_orchestrator.core.lessons import Lesson
from master_orchestrator.learning.proportion import Proportion, by_month
from master_orchestrator_schemas.vocabulary import FindingLabel

Labelled = Callable[[Lesson], Iterable[tuple[str, FindingLabel]]]


@dataclass(frozen=True)
class Precision:
    """Of a rule or a cause: its labels, the share that was confirmed, and that of each month."""

    name: str
    labels: Counter[FindingLabel]
    confirmed: Proportion
    months: dict[str, Proportion]

    def is_below(self, floor: float, min_labels: int) -> bool:
        """Whether it is known to be less precise than the floor."""
        return self.confirmed.total >= min_labels and self.confirmed.interval[1] < floor


def precision(lessons: Iterable[Lesson], labelled: Labelled) -> list[Precision]:
    """One row for each name, those with most labels first."""
    events: dict[str, list[tuple[int, FindingLabel]]] = {}
    for lesson in lessons:
        for name, label in labelled(lesson):
            events.setdefault(name, []).append((lesson.at_ms, label))
    rows = [_of(name, those) for name, those in events.items()]
    return sorted(rows, key=lambda row: (-row.confirmed.total, row.name))


def of_rules(lesson: Lesson) -> list[tuple[str, FindingLabel]]:
    """The rules that fired."""
    return [(label.rule, label.label) for label in lesson.result.labels]


def of_likeliest_cause(lesson: Lesson) -> list[tuple[str, FindingLabel]]:
    """The first cause of DIAGNOSIS."""
    return [(label.cause, label.label) for label in lesson.result.cause_labels[:1]]


def _of(name: str, events: list[tuple[int, FindingLabel]]) -> Precision:
    hits = [(at_ms, label is FindingLabel.CONFIRMED) for at_ms, label in events]
    labels = Counter(label for _, label in events)
    return Precision(name, labels, Proportion(labels[FindingLabel.CONFIRMED], len(events)), by_month(hits))
