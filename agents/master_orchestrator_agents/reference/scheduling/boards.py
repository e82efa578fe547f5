"""The day of a workshop as bit masks: which resource is free when, and where a job fits. Pure."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

TimeRow = tuple[int, str, int]
"""Slot, resource, urgent: one row of ``occupancy``."""


@dataclass(frozen=True)
class BookingBoard:
    """One day: its open slots, and which of them each resource has taken (bit 0 is the first open slot).

    ``planned``: how many slots of each resource are taken by work that is not URGENT.
    """

    slots: range
    busy: dict[str, int]
    planned: dict[str, int]

    @property
    def open(self) -> int:
        """A mask of all open slots."""
        return (1 << len(self.slots)) - 1

    def free(self, resource: str) -> int:
        """A mask of the slots in which ``resource`` is free."""
        return self.open & ~self.busy.get(resource, 0)

    def has_room(self, length: int, resources: Sequence[str], *, urgent_share: float) -> bool:
        """Whether ``length`` more slots of planned work leave the share of these resources that is URGENT's."""
        planned = sum(self.planned.get(resource, 0) for resource in resources)
        return planned + length <= (1 - urgent_share) * len(resources) * len(self.slots)


def board(slots: range, rows: Iterable[TimeRow]) -> BookingBoard:
    """The board of a day from its rows of ``occupancy``."""
    busy: dict[str, int] = {}
    planned: dict[str, int] = {}
    for slot, resource, urgent in rows:
        busy[resource] = busy.get(resource, 0) | 1 << (slot - slots.start)
        if not urgent:
            planned[resource] = planned.get(resource, 0) + 1
    return BookingBoard(slots, busy, planned)


def earliest(
    day: BookingBoard, length: int, not_before: int, bays: Sequence[str], technicians: Sequence[str]
) -> tuple[int, str, str] | None:
    """The first slot from which a bay and a technician are both free for ``length`` slots of the day.

    Returns slot, bay, technician; None if there is no such slot.
    """
    later = -1 << max(0, not_before - day.slots.start)
    at_bay = {bay: _runs(day.free(bay), length) & later for bay in bays}
    by_person = {person: _runs(day.free(person), length) & later for person in technicians}
    both = _union(at_bay.values()) & _union(by_person.values())
    if not both:
        return None
    first = both & -both
    bay = next(bay for bay, mask in at_bay.items() if mask & first)
    person = next(person for person, mask in by_person.items() if mask & first)
    return day.slots.start + first.bit_length() - 1, bay, person


def whole_days(
    days: Sequence[BookingBoard], length: int, bays: Sequence[str], technicians: Sequence[str]
) -> tuple[str, str] | None:
    """The bay and the technician who are free for a job that fills these days from their first slot on."""

    def is_free(resource: str) -> bool:
        left = length
        for day in days:
            taken = (1 << min(left, len(day.slots))) - 1
            if day.free(resource) & taken != taken:
                return False
            left -= len(day.slots)
        return True

    bay = next(filter(is_free, bays), None)
    person = next(filter(is_free, technicians), None)
    return None if bay is None or person is None else (bay, person)


def _runs(free: int, length: int) -> int:
    """A mask of the slots from which ``length`` slots in a row are free."""
    runs = free
    for shift in range(1, length):
        runs &= free >> shift
    return runs


def _union(masks: Iterable[int]) -> int:
    union = 0
    for mask in masks:
        union |= mask
    return union
