"""What repairs confirmed, as counts of DIAGNOSIS' causes."""

from collections import Counter
from collections.abc import Iterable

from master_orchestrator.core.lessons import Lesson
from master_orchestrator_agents.reference.repair_words import causes_of
from master_orchestrator_schemas.vocabulary import FindingLabel


def confirmed_causes(lessons: Iterable[Lesson]) -> Counter[str]:
    """How often each cause was at fault.

    A component of several causes (a thermostat is stuck open or closed) counts for those that DIAGNOSIS had named, or
    else for each of them in equal parts.
    """
    counts: Counter[str] = Counter()
    for lesson in lessons:
        named = {each.cause for each in lesson.result.cause_labels if each.label is FindingLabel.CONFIRMED}
        for component in lesson.result.components:
            causes = [cause for cause in causes_of(component) if cause in named] or causes_of(component)
            for cause in causes:
                counts[cause] += 1 / len(causes)  # type: ignore[assignment]  # a Counter takes shares as well
    return counts
