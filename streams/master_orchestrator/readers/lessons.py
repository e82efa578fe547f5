"""The lessons of the audit trail."""

from master_orchestrator.core.lessons import Lesson, lesson_of
from master_orchestrator.readers.audit import read_audit
from master_orchestrator.readers.topics import OnProgress
from master_orchestrator_schemas.kafka import KafkaSettings
from master_orchestrator_schemas.topology import Topology


def read_lessons(
    kafka: KafkaSettings, topology: Topology, progress: OnProgress | None = None, since_ms: int | None = None
) -> list[Lesson]:
    """What the repairs completed since then teach, each workflow once; all there are without ``since_ms``."""
    lessons: dict[str, Lesson] = {}
    for record in read_audit(kafka, topology, progress=progress, since_ms=since_ms):
        lesson = lesson_of(record)
        if lesson is not None:
            lessons[lesson.workflow_id] = lesson
    return sorted(lessons.values(), key=lambda lesson: (lesson.at_ms, lesson.workflow_id))
