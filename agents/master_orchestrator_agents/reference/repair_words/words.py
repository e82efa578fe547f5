"""The vocabulary: ``components.toml`` and ``markers.toml``, looked up by words."""

import tomllib
from collections import defaultdict
from collections.abc import Mapping, Sequence
from enum import StrEnum
from functools import cache
from importlib import resources

from master_orchestrator_agents.reference.repair_words.text import MIN_NEAR, folded, is_near, singulars

MIN_LAST = 3
"""Letters of the last word of a phrase with a mistake: ``thermostat n`` is not ``thermostat`` with one too many."""
LOOK_ALIKES = frozenset({"started", "battered", "oilsump", "mapsensor"})
"""Words that are one letter from a component."""


class RepairMarker(StrEnum):
    """What a word of ``markers.toml`` says of the components near it."""

    NO_FAULT = "no_fault"
    OK = "ok"
    CHECKED = "checked"
    WORK = "work"
    BROKEN = "broken"
    DOES = "does"
    NOT = "not"
    BREAKS = "breaks"
    JOINS = "joins"
    AT = "at"


class Phrases:
    """Phrases by their letters without spaces, so that ``waterpump`` is found as ``water pump`` is."""

    def __init__(self, phrases: Mapping[str, str]) -> None:
        self._exact = {folded(phrase).replace(" ", ""): name for phrase, name in phrases.items()}
        self._longest = max(len(folded(phrase).split()) for phrase in phrases) + 1
        self._similar: dict[tuple[str, int], list[str]] = defaultdict(list)
        for joined in self._exact:
            if len(joined) >= MIN_NEAR:
                for length in (len(joined) - 1, len(joined), len(joined) + 1):
                    self._similar[joined[0], length].append(joined)

    def at(self, words: Sequence[str], start: int) -> tuple[str, int] | None:
        """The name of the longest phrase that begins at a word, and how many words it takes."""
        for count in range(min(self._longest, len(words) - start), 0, -1):
            joined, last = "".join(words[start : start + count]), words[start + count - 1]
            name = self._exact.get(joined) or (self._near(joined) if len(last) >= MIN_LAST else None)
            if name is not None:
                return name, count
        return None

    def _near(self, joined: str) -> str | None:
        """The name of a phrase of which this is the plural, or has one mistake."""
        for form in singulars(joined):
            if form in self._exact:
                return self._exact[form]
        if joined in LOOK_ALIKES:
            return None
        near = (each for each in self._similar.get((joined[0], len(joined)), ()) if is_near(joined, each))
        return next((self._exact[each] for each in near), None)


@cache
def component_phrases() -> Phrases:
    """Every way to write a component -> its name; the names of its causes are among them."""
    named = {cause.replace("_", " "): name for name in components() for cause in causes_of(name)}
    written = {word: name for name, entry in components().items() for word in entry["words"]}
    return Phrases(named | {name.replace("_", " "): name for name in components()} | written)


@cache
def marker_phrases() -> Mapping[tuple[str, ...], RepairMarker]:
    """The words of a marker -> what it says."""
    table = _table("markers.toml")
    return {tuple(folded(phrase).split()): RepairMarker(kind) for kind, phrases in table.items() for phrase in phrases}


def marker_at(words: Sequence[str], start: int) -> tuple[RepairMarker, int] | None:
    """The longest marker that begins at a word, and how many words it takes."""
    phrases = marker_phrases()
    for count in range(min(4, len(words) - start), 0, -1):
        marker = phrases.get(tuple(words[start : start + count]))
        if marker is not None:
            return marker, count
    return None


def components() -> Mapping[str, Mapping[str, list[str]]]:
    """The component vocabulary as its file has it."""
    return _table("components.toml")


def causes_of(component: str) -> tuple[str, ...]:
    """The causes of DIAGNOSIS that a component stands for; none of one that the vocabulary does not have."""
    entry = components().get(component)
    return () if entry is None else tuple(entry.get("causes", (component,)))


@cache
def _table(name: str) -> Mapping[str, Mapping[str, list[str]]]:
    return tomllib.loads(resources.files(__name__.rpartition(".")[0]).joinpath(name).read_text("utf-8"))
