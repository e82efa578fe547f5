"""Records that are missing: ``silence``, a gap in the numbers that a writer gives its records."""

from collections.abc import Iterator

from master_orchestrator.behaviour.acts import Act
from master_orchestrator.behaviour.findings import Rule, Sighting
from master_orchestrator_schemas.wording import amount

GAP_SEVERITY = 70
CONTIGUOUS_SHARE = 0.99
"""Of the steps seen while learning that must be by one, for a gap to mean something."""
MIN_STEPS = 20
MAX_WRITERS = 8_192


class Numbering:
    """The numbers of every writer (actor and instance), and whether they follow each other."""

    def __init__(self) -> None:
        self._last: dict[tuple[str, str], int] = {}
        self._steps = self._contiguous = 0

    def look(self, act: Act, *, learning: bool) -> Iterator[Sighting]:
        """A gap between an act and the one before it of the same writer. A writer that restarts begins at 0."""
        if act.seq is None:
            return
        writer = (act.actor, act.instance)
        last = self._last.get(writer)
        if last is not None or len(self._last) < MAX_WRITERS:
            self._last[writer] = act.seq
        if last is None or act.seq <= last:
            return
        missing = act.seq - last - 1
        if learning or self._steps < MIN_STEPS:
            self._steps += 1
            self._contiguous += missing == 0
        elif missing and self._contiguous >= CONTIGUOUS_SHARE * self._steps:
            yield Sighting(
                Rule.SILENCE,
                GAP_SEVERITY,
                f"{missing_text(missing, act.actor, act.instance)} before number {act.seq:,}",
            )


def missing_text(count: int, actor: str, instance: str) -> str:
    """How many records of whom are missing."""
    return f"{amount(count, 'record')} of {actor} {instance} {'is' if count == 1 else 'are'} missing"
