"""Lengths of time by the calendar: the same day of a later month."""

from calendar import monthrange
from datetime import UTC, datetime, timedelta

from master_orchestrator.core.servicing.meters import DAY_MIN
from master_orchestrator_schemas.topology.service_plans import CalendarTime

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MAX_YEAR = 9999
MAX_MIN = (datetime(MAX_YEAR, 1, 1, tzinfo=UTC) - EPOCH) // timedelta(minutes=1)


def later(at_min: int, time: CalendarTime) -> int:
    """The minute, since 1970 UTC, that comes so much later; the month's last day where it has no such day.

    One month after 31 January is the last of February; two years after 29 February are the 28th.
    """
    if not time.months:
        return at_min + time.days * DAY_MIN
    at = EPOCH + timedelta(minutes=min(at_min, MAX_MIN))
    years, month = divmod(at.month - 1 + time.months, 12)
    year = min(at.year + years, MAX_YEAR)
    day = min(at.day, monthrange(year, month + 1)[1])
    then = at.replace(year=year, month=month + 1, day=day)
    return (then - EPOCH) // timedelta(minutes=1) + time.days * DAY_MIN
