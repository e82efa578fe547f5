"""The lessons of the audit trail."""

from collections.abc import Iterable

from master_orchestrator.core.lessons import Lesson, lesson_of, rating_of
from master_orchestrator.readers.audit import read_audit
from master_orchestrator.readers.topics import OnProgress
from master_orchestrator_schemas.kafka import KafkaSettings
from master_orchestrator_schemas.messages import AuditRecord
from master_orchestrator_schemas.results import FeedbackResult
from master_orchestrator_schemas.topology import Topology


def read_lessons(
    kafka: KafkaSettings, topology: Topology, progress: OnProgress | None = None, since_ms: int | None = None
) -> list[Lesson]:
    """What the repairs completed since then teach, each workflow once; all there are without ``since_ms``."""
    return lessons_of(read_audit(kafka, topology, progress=progress, since_ms=since_ms))


def lessons_of(records: Iterable[AuditRecord]) -> list[Lesson]:
    """The lessons in some audit records, oldest first, with the ratings that came by themselves."""
    lessons: dict[str, Lesson] = {}
    ratings: dict[str, FeedbackResult] = {}
    for record in records:
        if (lesson := lesson_of(record)) is not None:
            lessons[lesson.workflow_id] = lesson
        elif (rating := rating_of(record)) is not None:
            ratings.setdefault(rating.workflow_id, rating.result)
    rated = (_rated(lesson, ratings.get(lesson.workflow_id)) for lesson in lessons.values())
    return sorted(rated, key=lambda lesson: (lesson.at_ms, lesson.workflow_id))


def _rated(lesson: Lesson, rating: FeedbackResult | None) -> Lesson:
    """The lesson with a rating, where FEEDBACK had none."""
    if rating is None or lesson.result.csat is not None:
        return lesson
    said = rating.model_dump(include={"csat", "nps", "fixed_right_first_time", "text"})
    return lesson._replace(result=lesson.result.model_copy(update=said))
