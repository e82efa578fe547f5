"""From a technician's text to the components that were at fault, and to those that were not.

A text falls into clauses (``text.py``), a clause into components and markers (``words.py``). Components of a clause
that says of work or damage are confirmed, and so are those that are only named; what is called ok, or denied, is
cleared; what was only looked at is neither. A clause without a component goes on about the one before it. A component
that says where another one is, is not meant.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import lru_cache

from master_orchestrator_agents.reference.repair_words.text import clauses, folded
from master_orchestrator_agents.reference.repair_words.words import RepairMarker, component_phrases, marker_at

STATES = frozenset({RepairMarker.OK, RepairMarker.WORK, RepairMarker.BROKEN, RepairMarker.NO_FAULT})
FAULTS = frozenset({RepairMarker.WORK, RepairMarker.BROKEN})
LEAKS = ("leak", "loss", "leck", "verlust", "fuga")
"""Parts of the words for a leak, as text.py folds them."""


@dataclass(frozen=True)
class RepairText:
    """What a text says: components at fault, those that are not, and whether no fault was found."""

    components: tuple[str, ...] = ()
    cleared: tuple[str, ...] = ()
    no_fault: bool = False

    @property
    def is_mapped(self) -> bool:
        """Whether anything in it was understood."""
        return bool(self.components or self.cleared or self.no_fault)


@dataclass
class _Clause:
    components: list[str] = field(default_factory=list)
    markers: list[RepairMarker] = field(default_factory=list)
    is_over: bool = False
    """Something was said of its components: the next one begins another clause."""

    def take(self, marker: RepairMarker, *, after: str | None) -> None:
        """Note a marker that stands behind ``after``, a component."""
        self.markers.append(marker)
        self.is_over = self.is_over or (after is not None and marker in STATES)

    @property
    def said(self) -> frozenset[RepairMarker]:
        """The markers with what is denied: not ok is broken, not broken is ok, not repaired says nothing."""
        said: set[RepairMarker] = set()
        previous = None
        for marker in self.markers:
            if previous is RepairMarker.NOT and marker in {RepairMarker.OK, RepairMarker.DOES}:
                said.add(RepairMarker.BROKEN)
            elif previous is RepairMarker.NOT and marker is RepairMarker.BROKEN:
                said.add(RepairMarker.OK)
            elif previous is RepairMarker.NOT and marker is RepairMarker.WORK:
                said.add(RepairMarker.CHECKED)
            elif previous is RepairMarker.DOES and marker is RepairMarker.NOT:
                said.discard(RepairMarker.OK)
                said.add(RepairMarker.BROKEN)
                marker = RepairMarker.BROKEN  # noqa: PLW2901  what was denied is used up
            else:
                said.add(RepairMarker.OK if marker is RepairMarker.DOES else marker)
            if marker is not RepairMarker.NOT and previous is RepairMarker.NOT:
                said.discard(RepairMarker.NOT)
            previous = marker
        return frozenset(said)

    @property
    def verdict(self) -> bool | None:
        """True: at fault; False: not; None: nothing is said."""
        said = self.said
        if said & FAULTS:
            return True
        if said & {RepairMarker.OK, RepairMarker.NOT, RepairMarker.NO_FAULT}:
            return False
        return None if RepairMarker.CHECKED in said else True


@lru_cache(maxsize=4_096)
def read_repair(text: str) -> RepairText:
    """What a technician's text says; the same for texts that differ in case, accents or hyphens."""
    confirmed: dict[str, None] = {}
    cleared: dict[str, None] = {}
    told = [clause for words in clauses(text) for clause in _clauses(words)]
    for clause in _joined(told):
        if clause.verdict is not None:
            (confirmed if clause.verdict else cleared).update(dict.fromkeys(clause.components))
    nothing = not confirmed and any(RepairMarker.NO_FAULT in clause.markers for clause in told)
    return RepairText(tuple(confirmed), tuple(name for name in cleared if name not in confirmed), nothing)


def component_of(text: str) -> str | None:
    """The first component at fault; the words of a text that is not understood; None: no fault, or no text."""
    found = read_repair(text)
    if found.components:
        return found.components[0]
    return None if found.is_mapped else folded(text).replace(" ", "_") or None


def _clauses(words: Sequence[str]) -> Iterator[_Clause]:
    """The clauses of some words: a new one begins where the next component, or a conjunction, leads on."""
    clause, start, last = _Clause(), 0, None
    while start < len(words):
        component, marker = component_phrases().at(words, start), marker_at(words, start)
        taken = 1
        if component is not None and (marker is None or component[1] >= marker[1]):
            if clause.is_over:
                yield clause
                clause = _Clause()
            last, taken = component[0], component[1] + _words_of_place(words, start, component[1])
            clause.components.append(last)
        elif marker is not None and marker[0] is not RepairMarker.AT:
            taken = marker[1]
            if _leads_on(words, start, marker):
                yield clause
                clause, last = _Clause(), None
            else:
                clause.take(marker[0], after=last if clause.components else None)
        start += taken
    yield clause


def _words_of_place(words: Sequence[str], start: int, count: int) -> int:
    """How many words after a component say by another one where it is: "on battery", "hinter dem Kat"; 0: none do.

    What a leak is at stays a component of its own: it is what leaks.
    """
    end = start + count
    marker = marker_at(words, end)
    if marker is None or marker[0] is not RepairMarker.AT or any(leak in "".join(words[start:end]) for leak in LEAKS):
        return 0
    place = component_phrases().at(words, end + marker[1])
    return 0 if place is None else marker[1] + place[1]


def _leads_on(words: Sequence[str], start: int, marker: tuple[RepairMarker, int]) -> bool:
    """Whether this is a "but", or an "and" before a marker."""
    kind, count = marker
    return kind is RepairMarker.BREAKS or (kind is RepairMarker.JOINS and marker_at(words, start + count) is not None)


def _joined(told: Sequence[_Clause]) -> list[_Clause]:
    """The clauses with components; one without adds to the one before what that leaves open."""
    joined: list[_Clause] = []
    for clause in told:
        if clause.components:
            joined.append(_Clause(list(clause.components), list(clause.markers)))
        elif joined and not joined[-1].said & (STATES | {RepairMarker.NOT}):
            wanted = FAULTS | ({RepairMarker.OK} if RepairMarker.CHECKED in joined[-1].said else set())
            joined[-1].markers += sorted(clause.said & wanted)
    return joined
