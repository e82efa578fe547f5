"""A corrective action (CAPA) in the eight disciplines (8D, Ford 1987; VDA volume 8D): what is known is filled in.

D2 is complete and D3 proposed; the others say what has to be found out, by the mode of failure. D1 and D5 to D8 are for
people to do.
"""

import hashlib
import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum


class FailureMode(StrEnum):
    """When in their life parts fail, by the shape of the Weibull distribution."""

    EARLY = "early failures"
    RANDOM = "random failures"
    WEAR = "wear-out"
    UNCLEAR = "not clear yet"


@dataclass(frozen=True)
class Concern:
    """What an action is about: lots of one component, and the evidence in figures."""

    component: str
    lots: Sequence[str]
    suppliers: Sequence[str]
    plants: Sequence[str]
    first_month: str
    last_month: str
    units: int
    claims: int
    expected: float
    mode: FailureMode = FailureMode.UNCLEAR
    is_step: bool = False

    @property
    def capa_id(self) -> str:
        """The same for the same component and first month or lot, however much evidence has come in."""
        about = [self.first_month, *self.suppliers] if self.is_step else [*self.lots]
        text = "/".join((self.component, *about))
        return f"CAPA-{hashlib.sha256(text.encode()).hexdigest()[:12]}"


@dataclass(frozen=True)
class Discipline:
    """One of the eight: DONE (the figures say it), PROPOSED, or OPEN: somebody has to."""

    name: str
    status: str
    text: str


def recall_command(concern: Concern) -> str:
    """The command that asks every owner of a vehicle with these lots to the workshop."""
    lots = " ".join(f"--lot {shlex.quote(lot)}" for lot in concern.lots)
    component = shlex.quote(concern.component)
    return (
        f"master-orchestrator campaign open {concern.capa_id} --vehicles FLEET.csv --component {component} {lots} "
        f"--operation {shlex.quote(f'replace_{concern.component}'[:40])} --yes"
    )


_CAUSES = {
    FailureMode.EARLY: "how the part was made and fitted: process changes, batches of material, handling, first tests",
    FailureMode.RANDOM: "what strikes at any age: overload, electronics, software, misuse, damage on the road",
    FailureMode.WEAR: "what wears too soon: material, hardness, lubrication, sealing, the load it was designed for",
    FailureMode.UNCLEAR: "parts that came back: their mode of failure cannot be told from the claims yet",
}


def eight_d(concern: Concern) -> list[Discipline]:
    """The eight disciplines of a concern."""
    lots = _listed(concern.lots)
    return [
        Discipline("D1 team", "OPEN", f"name who leads, and somebody of {_listed(concern.suppliers)}"),
        Discipline("D2 problem", "DONE", _problem(concern)),
        Discipline(
            "D3 containment",
            "PROPOSED",
            f"hold what is left of lots {lots}; do not fit or ship it until D6; "
            f"to have it replaced: {recall_command(concern)}",
        ),
        Discipline("D4 root cause", "OPEN", f"{concern.mode}: look at {_CAUSES[concern.mode]}"),
        Discipline("D5 corrective action", "OPEN", "choose it, and prove on parts that it removes the cause of D4"),
        Discipline("D6 implemented", "OPEN", "say from which lot on; that lot is the first to be watched on the chart"),
        Discipline("D7 prevention", "OPEN", "carry it over to control plan, FMEA and like parts of the supplier"),
        Discipline("D8 closed", "OPEN", "close it when lots after D6 are as the others at six months in service"),
    ]


def _problem(concern: Concern) -> str:
    where = f"plant {_listed(concern.plants)}" if concern.plants else "its plant is not known"
    since = (
        concern.first_month
        if concern.first_month == concern.last_month
        else (f"{concern.first_month} to {concern.last_month}")
    )
    return (
        f"{concern.component} of {_listed(concern.suppliers)}, {where}, built {since}, lots {_listed(concern.lots)}: "
        f"{concern.claims} claims of {concern.units} units, where {concern.expected:.1f} are expected of others at "
        f"equal months in service ({concern.claims / concern.expected:.1f} times)"
    )


def _listed(names: Sequence[str]) -> str:
    shown = ", ".join(names[:8]) or "(nobody is named)"
    return shown if len(names) <= 8 else f"{shown} and {len(names) - 8} more"
