"""What is taken at a workshop over several days, as bit masks that the database makes: one query, few rows."""

from collections.abc import Mapping
from datetime import date

from master_orchestrator_agents.reference.scheduling.boards import BookingBoard
from master_orchestrator_agents.reference.scheduling.opening import WorkDay
from master_orchestrator_agents.reference.sql import Sql

WORD = 32
"""Slots in one row: a whole number of 64 bits with a sign holds their mask."""
BIT = f"(CAST(1 AS BIGINT) << CAST((slot - ?) % {WORD} AS INTEGER))"
QUERY = (
    f"SELECT resource_id, (slot - ?) / {WORD}, CAST(SUM({BIT}) AS BIGINT), "  # noqa: S608  constants of this module
    f"CAST(SUM(CASE WHEN urgent = 0 THEN {BIT} ELSE 0 END) AS BIGINT) "
    "FROM occupancy WHERE workshop_id = ? AND slot >= ? AND slot < ? GROUP BY 1, 2"
)


def read_boards(sql: Sql, workshop_id: str, days: Mapping[date, WorkDay]) -> dict[date, BookingBoard]:
    """The boards of these days."""
    spans = [day.slots for day in days.values() if day.slots]
    if not spans:
        return {day: BookingBoard(hours, {}, {}) for day, hours in days.items()}
    first, stop = min(span.start for span in spans), max(span.stop for span in spans)
    busy, planned = dict[str, int](), dict[str, int]()
    for resource, word, taken, of_plan in sql.execute(QUERY, (first, first, first, workshop_id, first, stop)):
        busy[resource] = busy.get(resource, 0) | taken << WORD * word
        planned[resource] = planned.get(resource, 0) | of_plan << WORD * word
    return {day: _board(hours, first, busy, planned) for day, hours in days.items()}


def _board(hours: WorkDay, first: int, busy: Mapping[str, int], planned: Mapping[str, int]) -> BookingBoard:
    shift, whole = max(0, hours.slots.start - first), (1 << len(hours.slots)) - 1
    return BookingBoard(
        hours,
        {resource: mask >> shift & whole for resource, mask in busy.items()},
        {resource: (mask >> shift & whole).bit_count() for resource, mask in planned.items()},
    )
