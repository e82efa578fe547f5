"""What a column's heading says: a field and a unit, whatever its case, brackets and word order."""

import re
from functools import lru_cache
from typing import NamedTuple

from master_orchestrator.errors import OrchestratorError
from master_orchestrator_schemas.aliases import ALIASES
from master_orchestrator_schemas.measures import SAME, Conversion, conversion, is_unit, units_of
from master_orchestrator_schemas.messages import SIGNALS, Telemetry
from master_orchestrator_schemas.spellings import NEED_UNIT, SPELLINGS

_BRACKETS = re.compile(r"^(?P<name>.*?)[\s_]*[(\[{](?P<unit>[^()\[\]{}]*)[)\]}]\s*$", re.DOTALL)
_HUMPS = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
_APART = re.compile(r"[^0-9a-z%/]+")
_FIELDS = frozenset(Telemetry.__struct_fields__)
_SIGNALS = frozenset(SIGNALS)
MAX_UNIT_WORDS = 2
"""Words at a heading's end that may be its unit: ``coolant_deg_c``, ``speed_km_h``."""


class Heading(NamedTuple):
    """A column that was understood.

    Args:
        field: of :class:`Telemetry`.
        conversion: from the column's unit to the field's.
        unit_named: whether the heading says its unit, rather than leaving it to the reader.
    """

    field: str
    conversion: Conversion = SAME
    unit_named: bool = False


class MisfitError(OrchestratorError, ValueError):
    """A heading names a field, with a unit that does not measure it."""


def words_of(text: str) -> str:
    """A heading as ``lower_case_with_underscores``."""
    return _APART.sub("_", _HUMPS.sub("_", text.strip()).lower()).strip("_")


def name_and_unit(heading: str) -> tuple[str, str | None]:
    """The heading without the unit in its last brackets, and that unit; None where there is none."""
    match = _BRACKETS.match(heading)
    if match and is_unit(match["unit"]):
        return match["name"], match["unit"]
    return heading, None


@lru_cache(maxsize=4_096)
def understood(heading: str, unit: str | None = None) -> Heading | None:
    """What a heading stands for; ``unit`` where another column or row says it.

    Returns None for a heading that names none of our fields. Raises :class:`MisfitError`.
    """
    name, in_brackets = name_and_unit(heading)
    named = unit or in_brackets
    words = words_of(name)
    for candidate in _candidates(words, name):
        known = _known(candidate)
        if known is not None:
            return _in_unit(known, candidate, named, heading) if named else _without_unit(known, candidate)
    return None if named else _unit_at_the_end(words, heading)


def is_signal(heading: str) -> bool:
    """Whether a heading names a measured value of ours."""
    try:
        meaning = understood(heading)
    except MisfitError:
        return True
    return meaning is not None and meaning.field in _SIGNALS


def _candidates(words: str, name: str) -> list[str]:
    """The name, and the name without what is in its brackets (``Engine RPM (SAE)``)."""
    bare = _BRACKETS.match(name)
    return [words, words_of(bare["name"])] if bare else [words]


def _known(name: str) -> Heading | None:
    if name in _FIELDS:
        return Heading(name, unit_named=True)
    if name in ALIASES:
        alias = ALIASES[name]
        return Heading(alias.field, Conversion(alias.scale), unit_named=alias.scale != 1.0)
    return Heading(SPELLINGS[name]) if name in SPELLINGS else None


def _without_unit(known: Heading, name: str) -> Heading | None:
    return None if name in NEED_UNIT else known


def _in_unit(known: Heading, name: str, unit: str, heading: str) -> Heading | None:
    if known.field not in _SIGNALS:
        return known
    to_field = conversion(known.field, unit)
    if to_field is None:
        measured = ", ".join(list(units_of(known.field))[:6]) or "no unit"
        raise MisfitError(f"{heading!r}: {unit} is not a unit of {name} ({measured})")
    return Heading(known.field, to_field, unit_named=True)


def _unit_at_the_end(words: str, heading: str) -> Heading | None:
    parts = words.split("_")
    for count in range(1, min(MAX_UNIT_WORDS, len(parts) - 1) + 1):
        unit = "".join(parts[-count:])
        known = _known("_".join(parts[:-count]))
        if known is None or not is_unit(unit) or known.field not in _SIGNALS:
            continue
        try:
            return _in_unit(known, words, unit, heading)
        except MisfitError:
            return None  # "battery_a" is a current: another thing, not a battery voltage in amperes
    return None
