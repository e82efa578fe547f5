"""Simulated workshops: what happens to an appointment, and what the technician finds. Pure and seeded."""

import random
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from master_orchestrator_agents.reference.codes import CodeTable
from master_orchestrator_agents.reference.diagnosis.knowledge import Knowledge, KnownCause
from master_orchestrator_agents.reference.scheduling.seeding import seeded
from master_orchestrator_agents.reference.zoned import HOUR_MS
from master_orchestrator_schemas.messages import ServiceEvent, Status
from master_orchestrator_schemas.triage_rules import TriageTerms
from master_orchestrator_schemas.vocabulary import ServiceEventKind, State, Subsystem

NO_FAULT = "no_fault_found"
LATE_MS = HOUR_MS // 2
"""A customer comes up to this much after the appointment's start."""
NO_SHOW_AFTER_MS = HOUR_MS
FALLEN_THROUGH = (ServiceEventKind.NO_SHOW, ServiceEventKind.CANCELLED, ServiceEventKind.PARTS_MISSING)


@dataclass(frozen=True)
class WorkshopBehaviour:
    """How workshops and their customers behave; probabilities.

    Args:
        no_show, cancelled, parts_missing: the appointment falls through that way.
        leading_cause: the repair confirms the subsystem's most frequent cause; else another one of it.
        other_subsystem: the fault was somewhere else.
        no_fault: nothing was found.
    """

    no_show: float = 0.04
    cancelled: float = 0.03
    parts_missing: float = 0.03
    leading_cause: float = 0.8
    other_subsystem: float = 0.05
    no_fault: float = 0.03


@dataclass(frozen=True)
class PlannedEvent:
    """An event that a workshop will report, and its delay after the status that caused it (simulated ms)."""

    event: ServiceEvent
    delay_ms: int


class SimulatedWorkshops:
    """All workshops at once. What happens to an appointment depends on the seed and its id alone."""

    def __init__(
        self, knowledge: Knowledge, triage: TriageTerms, *, seed: int = 0, behaviour: WorkshopBehaviour | None = None
    ) -> None:
        self._knowledge = knowledge
        self._triage = triage
        self._codes = CodeTable(triage.dtcs)
        self._seed = seed
        self._behaviour = behaviour or WorkshopBehaviour()

    def plan(self, status: Status) -> list[PlannedEvent]:
        """What the workshop will report of a workflow that stands like this; nothing unless it is at the workshop.

        SCHEDULED: check-in about the appointment's start, or else it falls through; IN_SERVICE: the work completed
        about its end. The events' ids are deterministic: planned again, they are recognised as repeats.
        """
        if status.appointment_start_ms is None or status.appointment_end_ms is None:
            return []
        if status.state is State.SCHEDULED:
            return [self._arrival(status, status.appointment_start_ms)]
        if status.state is State.IN_SERVICE:
            return [self._completion(status, status.appointment_end_ms - status.appointment_start_ms)]
        return []

    def _arrival(self, status: Status, start_ms: int) -> PlannedEvent:
        rng = self._rng(status, "arrival")
        drawn = rng.random()
        wait_ms = max(0, start_ms - status.updated_at_ms)
        limit = 0.0
        for kind in FALLEN_THROUGH:
            limit += self._chance(kind)
            if drawn < limit:
                return self._event(status, kind, _fallen_after(kind, wait_ms))
        return self._event(status, ServiceEventKind.CHECKED_IN, wait_ms + rng.randrange(LATE_MS))

    def _chance(self, kind: ServiceEventKind) -> float:
        behaviour = self._behaviour
        return {
            ServiceEventKind.NO_SHOW: behaviour.no_show,
            ServiceEventKind.CANCELLED: behaviour.cancelled,
            ServiceEventKind.PARTS_MISSING: behaviour.parts_missing,
        }[kind]

    def _completion(self, status: Status, booked_ms: int) -> PlannedEvent:
        rng = self._rng(status, "repair")
        worked_ms = int(booked_ms * rng.uniform(0.7, 1.2))
        cause = self._found(rng, [self._subsystem_of(rule) for rule in status.findings])
        parts = tuple(part for name in cause.operations for part in self._parts(name)) if cause else ()
        return self._event(
            status,
            ServiceEventKind.COMPLETED,
            worked_ms,
            confirmed_cause=cause.component if cause else NO_FAULT,
            confirmed_subsystem=cause.subsystem.value if cause else None,
            parts_replaced=parts,
            operations=tuple(due.item for due in status.service),
            labour_hours=round(worked_ms / HOUR_MS, 2),
        )

    def _parts(self, operation: str) -> Sequence[str]:
        return self._knowledge.operations[operation].parts

    def _found(self, rng: random.Random, suspected: Sequence[Subsystem]) -> KnownCause | None:
        """What the technician finds; None: nothing."""
        drawn = rng.random()
        if drawn < self._behaviour.no_fault:
            return None
        own = self._knowledge.of_subsystem(rng.choice(suspected)) if suspected else ()
        if not own or drawn < self._behaviour.no_fault + self._behaviour.other_subsystem:
            return rng.choice(self._knowledge.causes)
        return own[0] if rng.random() < self._behaviour.leading_cause else rng.choice(own)

    def _subsystem_of(self, rule: str) -> Subsystem:
        """A status names only the rules that fired."""
        if rule in self._triage.rules:
            return self._triage.rules[rule].subsystem
        return self._codes.of(rule.removeprefix("dtc:")).subsystem

    def _event(self, status: Status, kind: ServiceEventKind, delay_ms: int, **fields: Any) -> PlannedEvent:
        event = ServiceEvent(
            vehicle_id=status.vehicle_id,
            workflow_id=status.workflow_id,
            event_id=f"{status.appointment_id or status.workflow_id}@{status.appointment_start_ms}/{kind}",
            kind=kind,
            ts_ms=status.updated_at_ms + delay_ms,
            workshop_id=status.workshop_id,
            **fields,
        )
        return PlannedEvent(event, delay_ms)

    def _rng(self, status: Status, about: str) -> random.Random:
        return seeded(self._seed, about, status.appointment_id or status.workflow_id)


def _fallen_after(kind: ServiceEventKind, wait_ms: int) -> int:
    """A no-show is known after the start, the others before it."""
    return wait_ms + NO_SHOW_AFTER_MS if kind is ServiceEventKind.NO_SHOW else wait_ms // 2
