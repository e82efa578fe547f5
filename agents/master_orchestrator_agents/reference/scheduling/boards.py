"""The day of a workshop as bit masks: which resource is free when, and where a job fits. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from master_orchestrator_agents.reference.scheduling.opening import WorkDay

TimeRow = tuple[int, str, int]
"""Slot, resource, urgent: one row of ``occupancy``."""


@dataclass(frozen=True)
class BookingBoard:
    """One day: who works when, and which slots of it each resource has taken (bit 0 is the first slot).

    ``planned``: how many slots of each resource are taken by work that is not URGENT.
    """

    hours: WorkDay
    busy: Mapping[str, int]
    planned: Mapping[str, int]

    @property
    def slots(self) -> range:
        """The slots of the day."""
        return self.hours.slots

    def free(self, resource: str) -> int:
        """A mask of the slots in which ``resource`` is at work and free."""
        return self.hours.of(resource) & ~self.busy.get(resource, 0)

    def has_room(self, length: int, resources: Iterable[str], *, left: float) -> bool:
        """Whether ``length`` more slots of planned work leave this share of these resources free of it.

        The first job of a day has room however long it is: otherwise one that takes more than the rest of the day would
        have room on no day.
        """
        able = list(resources)
        return not any(self.planned.get(each) for each in able) or length <= self.room(able, left=left)

    def room(self, resources: Iterable[str], *, left: float) -> int:
        """How many more slots of planned work leave this share of these resources free of it."""
        planned = supply = 0
        for resource in resources:
            planned += self.planned.get(resource, 0)
            supply += self.hours.of(resource).bit_count()
        return int((1 - left) * supply) - planned

    def with_planned(self, slots: Iterable[tuple[str, int]]) -> "BookingBoard":
        """The same day with more planned work: resource and slot of each."""
        more = [(slot, resource, 0) for resource, slot in slots if slot in self.slots]
        added = board(self.hours, more)
        busy = {who: self.busy.get(who, 0) | mask for who, mask in added.busy.items()}
        planned = {who: self.planned.get(who, 0) + count for who, count in added.planned.items()}
        return BookingBoard(self.hours, {**self.busy, **busy}, {**self.planned, **planned})


def board(hours: WorkDay, rows: Iterable[TimeRow]) -> BookingBoard:
    """The board of a day from its rows of ``occupancy``."""
    busy: dict[str, int] = {}
    planned: dict[str, int] = {}
    for slot, resource, urgent in rows:
        busy[resource] = busy.get(resource, 0) | 1 << (slot - hours.slots.start)
        if not urgent:
            planned[resource] = planned.get(resource, 0) + 1
    return BookingBoard(hours, busy, planned)


def earliest(
    day: BookingBoard, lengths: Mapping[str, int], not_before: int, bays: Sequence[str]
) -> tuple[int, str, str] | None:
    """The first slot from which a bay and a technician are both free for as many slots as that technician needs.

    ``lengths``: technician -> slots; of those who could begin first, the fastest is taken. Returns slot, bay,
    technician; None if there is no such slot.
    """
    later = -1 << max(0, not_before - day.slots.start)
    fits = []
    for length in sorted(set(lengths.values())):
        at_bay = {bay: runs(day.free(bay), length) & later for bay in bays}
        people = [person for person, needed in lengths.items() if needed == length]
        by_person = {person: runs(day.free(person), length) & later for person in people}
        both = _union(at_bay.values()) & _union(by_person.values())
        if both:
            first = both & -both
            bay = next(bay for bay, mask in at_bay.items() if mask & first)
            person = next(person for person, mask in by_person.items() if mask & first)
            fits.append((day.slots.start + first.bit_length() - 1, bay, person))
    return min(fits, key=lambda fit: fit[0], default=None)


def runs(free: int, length: int) -> int:
    """A mask of the slots from which ``length`` slots in a row are free."""
    starts = free
    for shift in range(1, length):
        starts &= free >> shift
    return starts


def _union(masks: Iterable[int]) -> int:
    union = 0
    for mask in masks:
        union |= mask
    return union
