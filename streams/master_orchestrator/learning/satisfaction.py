"""How satisfied owners are, and whether it was fixed right first time.

A vehicle that is back within 30 days for what was repaired counts against the first repair, whatever its owner said.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from master_orchestrator.core.lessons import Lesson
from master_orchestrator.learning.proportion import Proportion, proportion_of

DAY_MS = 86_400_000
REPEAT_DAYS = 30
SATISFIED_FROM, PROMOTER_FROM, PASSIVE_FROM = 4, 9, 7


@dataclass(frozen=True)
class Satisfaction:
    """What owners say.

    Args:
        repairs: that FEEDBACK has answered for.
        rated: owners who gave a rating from 1 to 5.
        csat: the share of ratings of 4 and 5.
        nps: promoters (9, 10) minus detractors (0 to 6), in per cent of those who answered; None without an answer.
        fixed: right first time, of repairs of which the owner says so or not, and of those that were repeated.
        repeated: workflows whose repair was repeated within 30 days.
    """

    repairs: int
    rated: int
    csat: Proportion
    nps: float | None
    fixed: Proportion
    repeated: tuple[str, ...]


def satisfaction(lessons: Sequence[Lesson]) -> Satisfaction:
    """The figures of some repairs."""
    ratings = [lesson.result.csat for lesson in lessons if lesson.result.csat is not None]
    recommended = [lesson.result.nps for lesson in lessons if lesson.result.nps is not None]
    repeated = repeats(lessons)
    said = {lesson.workflow_id: lesson.result.fixed_right_first_time for lesson in lessons}
    known = [said[name] is True and name not in repeated for name in said if said[name] is not None or name in repeated]
    balance = sum((nps >= PROMOTER_FROM) - (nps < PASSIVE_FROM) for nps in recommended)
    return Satisfaction(
        repairs=len(lessons),
        rated=len(ratings),
        csat=proportion_of([csat >= SATISFIED_FROM for csat in ratings]),
        nps=100 * balance / len(recommended) if recommended else None,
        fixed=proportion_of(known),
        repeated=tuple(sorted(repeated)),
    )


def repeats(lessons: Sequence[Lesson]) -> set[str]:
    """The workflows whose vehicle was back within 30 days with a fault in a component that they had repaired."""
    repeated: set[str] = set()
    last: dict[tuple[str, str], Lesson] = {}
    for lesson in sorted(lessons, key=lambda each: (each.at_ms, each.workflow_id)):
        for component in lesson.result.components:
            before = last.get((lesson.vehicle_id, component))
            if before is not None and lesson.at_ms - before.at_ms <= REPEAT_DAYS * DAY_MS:
                repeated.add(before.workflow_id)
            last[lesson.vehicle_id, component] = lesson
    return repeated
