"""Trouble codes that open a workflow with a single reading, by the priority that triage gives them.

``tests/chaos`` holds them against the topology. A vehicle never sends the same one twice, so no cool-down hides it.
"""

import random
from collections.abc import Sequence
from typing import NamedTuple

from master_orchestrator_schemas.messages import Dtc, J1939Fault
from master_orchestrator_schemas.vocabulary import Priority

CONFIRMED = 0x2F
"""ISO 14229 status byte: failed now, pending and confirmed."""

FaultCode = str
"""A DTC, or ``spn/fmi`` of a J1939 fault."""

OPENING: dict[Priority, tuple[FaultCode, ...]] = {
    Priority.URGENT: ("P0217", "P0524", "117/1", "127/0", "158/0", "167/1", "110/0"),
    Priority.HIGH: ("P0301", "P0218", "P0562", "P0700", "P0A80", "C0035", "U0100", "94/16", "111/18"),
    Priority.SCHEDULED: ("P0118", "P0128", "P0171", "P0141", "P0420", "P2463", "C1234", "102/15", "1761/17"),
    Priority.ROUTINE: ("P0441", "P0446", "P0455", "B1342", "B2799"),
}


class Deck:
    """The codes that one vehicle has not sent yet, shuffled."""

    def __init__(self, draw: random.Random) -> None:
        self._left = {priority: draw.sample(codes, len(codes)) for priority, codes in OPENING.items()}

    def take(self, priority: Priority) -> FaultCode:
        """One of this priority, or of another if there is none left; no vehicle sends as many as there are."""
        codes = self._left[priority] or next(filter(None, self._left.values()))
        return codes.pop()


class ReportedCodes(NamedTuple):
    """The fields of a reading that reports one fault."""

    dtcs: tuple[Dtc, ...] = ()
    j1939: tuple[J1939Fault, ...] = ()


def reported(fault: FaultCode, draw: random.Random) -> ReportedCodes:
    """A fault as a gateway reports it: a DTC with its status byte, or without one, which counts as confirmed too."""
    if "/" not in fault:
        return ReportedCodes(dtcs=(Dtc(code=fault, status=draw.choice((CONFIRMED, None))),))
    spn, fmi = map(int, fault.split("/"))
    return ReportedCodes(j1939=(J1939Fault(spn=spn, fmi=fmi),))


def rule_of(fault: FaultCode) -> str:
    """The name of the finding it makes."""
    return f"j1939:{fault}" if "/" in fault else f"dtc:{fault}"


def dtc_of(fault: FaultCode | None) -> str | None:
    """The fault if it is a DTC."""
    return None if fault is None or "/" in fault else fault


def lower_than(priority: Priority) -> Sequence[Priority]:
    """The priorities that this one raises."""
    return [other for other in Priority if other > priority]
