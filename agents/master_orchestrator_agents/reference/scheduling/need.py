"""What the operations of a task need of a workshop."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from master_orchestrator_agents.reference.scheduling.network import Workshop
from master_orchestrator_agents.reference.scheduling.schema import SLOT_MS
from master_orchestrator_agents.reference.zoned import HOUR_MS
from master_orchestrator_schemas.facts import Operation

ANY_BAY = "standard"
INSPECTION = Operation(name="inspect")
"""The default job, where the task names none."""


@dataclass(frozen=True)
class Need:
    """Hours of labour at productivity 1, skills of one technician, a bay of one type, parts."""

    hours: float
    skills: frozenset[str]
    bay: str
    parts: frozenset[str]


def need_of(operations: Sequence[Operation], network: Iterable[Workshop]) -> Need:
    """One job for all operations.

    Its technician has every skill, if one such is employed anywhere, else that of the first operation. Its bay is of
    the first special type; a second special bay is left to the workshop to arrange.
    """
    jobs = operations or (INSPECTION,)
    special = [operation.bay for operation in jobs if operation.bay != ANY_BAY]
    skills = frozenset(operation.skill for operation in jobs)
    if not any(skills <= person.skills.keys() for workshop in network for person in workshop.technicians.values()):
        skills = frozenset({jobs[0].skill})
    return Need(
        hours=sum(operation.labour_hours for operation in jobs),
        skills=skills,
        bay=special[0] if special else ANY_BAY,
        parts=frozenset(part for operation in jobs for part in operation.parts),
    )


def bays_for(workshop: Workshop, need: Need) -> list[str]:
    """Its bays of the needed type."""
    return [bay for bay, kind in workshop.bays.items() if kind == need.bay]


def technicians_for(workshop: Workshop, need: Need) -> dict[str, int]:
    """Its technicians with all needed skills, and how many slots each takes.

    The least versatile first, so that specialists stay free. A technician is as fast as in the slowest of the skills.
    """
    able = [
        (len(person.skills), name, min((person.skills[skill] for skill in need.skills), default=1.0))
        for name, person in workshop.technicians.items()
        if need.skills <= person.skills.keys()
    ]
    return {name: _slots(need.hours / productivity) for _, name, productivity in sorted(able)}


def _slots(hours: float) -> int:
    return max(1, math.ceil(round(hours * HOUR_MS / SLOT_MS, 6)))  # rounded: 1.2 h at 1.2 is one hour
