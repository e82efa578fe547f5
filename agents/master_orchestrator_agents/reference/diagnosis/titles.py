"""What a trouble code or J1939 fault is about, where no cause is known for it: ``titles.toml`` of the knowledge base.

A title names the circuit or quantity and what to check first. It never names a part to be replaced: the cause made of
it asks for an inspection.
"""

import re
import tomllib
from collections.abc import Iterator, Mapping
from functools import cache
from importlib import resources
from typing import Any, NamedTuple

from master_orchestrator_agents.reference.diagnosis.knowledge import UNSAFE_FROM, KnownCause
from master_orchestrator_schemas.trouble_codes import without_type
from master_orchestrator_schemas.vocabulary import Subsystem

HIGH, LOW = frozenset({0, 15, 16}), frozenset({1, 17, 18})
"""J1939-73 failure modes that say that the quantity itself is too high or too low; all others are of the circuit."""
MECHANICAL, EXISTS = 7, 31
UNNAMED = "what the maker calls this parameter, then its value"
UNSAFE_TOO = 0.3
"""The severity from which a fault is unsafe whose title says so."""


class Title(NamedTuple):
    """``component``: as a cause names it; ``text``: what it is, for people; ``check``: what to look at first."""

    component: str
    text: str
    check: str
    unsafe: bool = False

    def as_cause(self, subsystem: Subsystem, severity: float) -> KnownCause:
        """The cause of a fault that only its title is known of."""
        return KnownCause(
            component=self.component,
            subsystem=subsystem,
            prior=0.5,
            severity=severity,
            unsafe_from=UNSAFE_TOO if self.unsafe else UNSAFE_FROM,
            operations=("inspect",),
            description=f"{self.text}. Check first: {self.check}.",
        )


def title_of(fault: str) -> Title | None:
    """The title of a trouble code (``P0335``) or of a J1939 fault (``110/0``); None if no line names it."""
    spn, separator, fmi = fault.partition("/")
    return _of_parameter(int(spn), int(fmi)) if separator else _codes().get(without_type(fault))


def title_by_structure(fault: str) -> Title | None:
    """What the numbers alone say: of a trouble code its system, of a J1939 fault its failure mode; else None."""
    spn, separator, fmi = fault.partition("/")
    if separator:
        return _of_mode(int(spn), int(fmi), (f"spn_{spn}", "not named here", UNNAMED, UNNAMED))
    code = without_type(fault)
    return next((title for pattern, title in _structures() if pattern.fullmatch(code)), None)


def side_of(fault: str) -> str | None:
    """``high`` or ``low``, where a J1939 fault says that its quantity is so."""
    _, separator, fmi = fault.partition("/")
    if not separator:
        return None
    return "high" if int(fmi) in HIGH else "low" if int(fmi) in LOW else None


def _of_parameter(spn: int, fmi: int) -> Title | None:
    known = _parameters().get(spn)
    return None if known is None else _of_mode(spn, fmi, known)


def _of_mode(spn: int, fmi: int, parameter: tuple[str, str, str, str]) -> Title:
    component, name, high, low = parameter
    if fmi in HIGH:
        return Title(f"{component}_high", f"SPN {spn}, {name}: too high", high)
    if fmi in LOW:
        return Title(f"{component}_low", f"SPN {spn}, {name}: too low", low)
    if fmi == EXISTS:
        return Title(component, f"SPN {spn}, {name}", high)
    if fmi == MECHANICAL:
        return Title(component, f"SPN {spn}, {name}: does not respond", "whether it moves freely, then its linkage")
    return Title(
        f"{component}_circuit", f"SPN {spn}, {name}: signal or circuit", "connector and wiring, then the sensor"
    )


@cache
def _codes() -> dict[str, Title]:
    return {code: _title(line) for line in _tables()["codes"] for code in _in_ranges(line["codes"])}


@cache
def _structures() -> tuple[tuple[re.Pattern[str], Title], ...]:
    return tuple((re.compile(line["code"]), _title(line)) for line in _tables()["structures"])


def _title(line: Mapping[str, Any]) -> Title:
    title = line["title"]
    return Title(line["component"], title[0].upper() + title[1:], line["check"], line.get("unsafe", False))


def _in_ranges(text: str) -> Iterator[str]:
    """The codes of ``P0380-0384 P2A0F``: a letter, and hexadecimal numbers from and to."""
    for word in text.split():
        first, _, last = word[1:].partition("-")
        yield from (f"{word[0]}{number:04X}" for number in range(int(first, 16), int(last or first, 16) + 1))


@cache
def _parameters() -> dict[int, tuple[str, str, str, str]]:
    return {spn: (component, name, high, low) for spn, component, name, high, low in _tables()["spns"]}


@cache
def _tables() -> dict[str, list[Any]]:
    package = resources.files("master_orchestrator_agents.reference.diagnosis.knowledge")
    return tomllib.loads(package.joinpath("titles.toml").read_text("utf-8"))
