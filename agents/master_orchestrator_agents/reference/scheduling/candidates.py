"""Where a job of the nightly plan could go: places that are free, and those that others could leave. Pure."""

from collections.abc import Iterator, Sequence

from master_orchestrator_agents.reference.scheduling.boards import BookingBoard, earliest, runs
from master_orchestrator_agents.reference.scheduling.fits import Fit
from master_orchestrator_agents.reference.scheduling.jobs import PlannedJob
from master_orchestrator_agents.reference.scheduling.need import bays_for, technicians_for
from master_orchestrator_agents.reference.scheduling.network import Workshop
from master_orchestrator_agents.reference.scheduling.schema import SLOT_MS

MAX_PLACES = 150
"""How many of a job's places are compared, the earliest first, besides one that is free on each day."""


class Candidates:
    """The places of a round: ``days`` with all that stays, and the places at which the round's jobs are now."""

    def __init__(self, workshop: Workshop, days: Sequence[BookingBoard], present: Sequence[Fit]) -> None:
        self._workshop, self._days, self._present = workshop, days, present
        taken = [each for fit in present for each in fit.occupied]
        self._as_now = [day.with_planned(taken) for day in days]

    def of(self, job: PlannedJob, now: Fit | None, first_slot: int) -> list[Fit]:
        """Its present place whatever the hours are by now, then others, none of which is late and no sooner than it."""
        before = self._days[-1].slots.stop if now is None else max(now.slots[0], job.due_ms // SLOT_MS + 1)
        found = {} if now is None else {now: None}
        found |= dict.fromkeys(fit for fit in self._free(job, first_slot) if fit.slots[0] < before)
        for fit in self._left(job, first_slot):
            if fit.slots[0] >= before or len(found) >= MAX_PLACES:
                break
            found.setdefault(fit)
        return list(found)

    def _free(self, job: PlannedJob, first_slot: int) -> Iterator[Fit]:
        """The first place of each day that is free as things are."""
        lengths, bays = technicians_for(self._workshop, job.need), bays_for(self._workshop, job.need)
        for day in self._as_now:
            place = earliest(day, lengths, first_slot, bays)
            if place is not None:
                start, bay, technician = place
                yield self._fit(bay, technician, start, lengths[technician])

    def _left(self, job: PlannedJob, first_slot: int) -> Iterator[Fit]:
        """Places that are free once jobs of the round have gone, in order of the days."""
        lengths, bays = technicians_for(self._workshop, job.need), bays_for(self._workshop, job.need)
        for day in self._days:
            of_day = [fit for fit in self._present if fit.slots[0] in day.slots]
            for technician, length in lengths.items():
                at_work = runs(day.free(technician), length)
                for start in _edges(of_day, technician, bays, length):
                    bit = start - day.slots.start
                    if start >= first_slot and bit >= 0 and at_work >> bit & 1:
                        for bay in bays:
                            if runs(day.free(bay), length) >> bit & 1:
                                yield self._fit(bay, technician, start, length)

    def _fit(self, bay: str, technician: str, start: int, length: int) -> Fit:
        return Fit(self._workshop.workshop_id, bay, technician, tuple(range(start, start + length)))


def _edges(fits: Sequence[Fit], technician: str, bays: Sequence[str], length: int) -> list[int]:
    """Starts with the work of one that leaves the technician or a bay, or ends with it."""
    left = [fit for fit in fits if fit.technician == technician or fit.bay in bays]
    return sorted({start for fit in left for start in (fit.slots[0], fit.slots[-1] + 1 - length)})
