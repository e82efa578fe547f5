"""A week of a workshop as its books have it: who works when, and on what."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from itertools import groupby
from typing import NamedTuple

from master_orchestrator_agents.reference.scheduling.fits import ONE_DAY
from master_orchestrator_agents.reference.scheduling.network import Workshop
from master_orchestrator_agents.reference.scheduling.opening import OpeningHours, WorkDay
from master_orchestrator_agents.reference.scheduling.schema import SLOT_MS
from master_orchestrator_agents.reference.sql import Sql
from master_orchestrator_agents.reference.zoned import HOUR_MS
from master_orchestrator_schemas.vocabulary import AppointmentState, Priority

WEEK_DAYS = 7
SLOT_H = SLOT_MS / HOUR_MS


class WeekBlock(NamedTuple):
    """Slots in a row that an appointment takes of a bay or a technician.

    ``priority`` None: the appointment was booked by a version that did not note it. ``agreed``: the owner knows the
    time.
    """

    resource: str
    vehicle_id: str
    state: AppointmentState
    priority: Priority | None
    agreed: bool
    slots: range


@dataclass(frozen=True)
class WorkshopWeek:
    """Seven days from ``monday`` on. ``on_call``: the days with the on-call hours."""

    workshop: Workshop
    monday: date
    days: tuple[WorkDay, ...]
    on_call: tuple[WorkDay, ...]
    blocks: tuple[WeekBlock, ...]

    @property
    def supply_h(self) -> float:
        """Hours that technicians work."""
        return SLOT_H * sum(mask.bit_count() for day in self.days for mask in day.technicians.values())

    @property
    def taken_h(self) -> float:
        """Hours of technicians that are taken, held ones too."""
        return SLOT_H * sum(len(block.slots) for block in self.blocks if block.resource in self.workshop.technicians)

    def of_bays(self) -> list[WeekBlock]:
        """The blocks of bays: one for each appointment and day."""
        return [block for block in self.blocks if block.resource in self.workshop.bays]


def read_week(sql: Sql, workshop: Workshop, monday: date, opening: OpeningHours) -> WorkshopWeek:
    """The week that begins on ``monday``."""
    dates = [monday + number * ONE_DAY for number in range(WEEK_DAYS)]
    days, on_call = (tuple(opening.day(workshop, day, urgent=urgent) for day in dates) for urgent in (False, True))
    open_slots = [day.slots for day in on_call if day.slots]
    if not open_slots:
        return WorkshopWeek(workshop, monday, days, on_call, ())
    rows = sql.execute(
        "SELECT o.resource_id, o.appointment_id, o.slot, a.vehicle_id, a.state, j.priority, j.agreed FROM occupancy o "
        "JOIN appointments a ON a.appointment_id = o.appointment_id "
        "LEFT JOIN jobs j ON j.workflow_id = a.workflow_id "
        "WHERE o.workshop_id = ? AND o.slot >= ? AND o.slot < ? ORDER BY o.resource_id, o.appointment_id, o.slot",
        (workshop.workshop_id, open_slots[0].start, open_slots[-1].stop),
    ).fetchall()
    return WorkshopWeek(workshop, monday, days, on_call, tuple(_blocks(rows)))


def _blocks(rows: Iterable[tuple[str, str, int, str, str, int | None, int | None]]) -> Iterable[WeekBlock]:
    """Slots in a row, of one resource and appointment."""
    numbered = enumerate(rows)
    for _, group in groupby(numbered, key=lambda entry: (*entry[1][:2], entry[1][2] - entry[0])):
        taken = [row for _, row in group]
        resource, _, first, vehicle_id, state, priority, agreed = taken[0]
        yield WeekBlock(
            resource,
            vehicle_id,
            AppointmentState(state),
            None if priority is None else Priority(priority),
            agreed != 0,
            range(first, taken[-1][2] + 1),
        )


def counts(week: WorkshopWeek) -> Mapping[str, int]:
    """Appointments whose time is agreed, that may be moved, and that are held."""
    own = week.of_bays()
    return {
        "agreed": sum(block.agreed and block.state is not AppointmentState.HELD for block in own),
        "movable": sum(not block.agreed and block.state is not AppointmentState.HELD for block in own),
        "held": sum(block.state is AppointmentState.HELD for block in own),
    }
