"""When and how a customer may be contacted: consent, quiet hours, frequency, and the ladder of channels. Pure."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import timedelta
from zoneinfo import ZoneInfo

from master_orchestrator_agents.reference.ports import Customer
from master_orchestrator_agents.reference.zoned import DAY_MS, HOUR_MS, MINUTE_MS, local_time, millis
from master_orchestrator_schemas.vocabulary import Channel, Priority, Purpose

OPENS_AT, CLOSES_AT = 8, 21
"""No contact before 8 and after 21 o'clock, in the customer's zone."""
WINDOW_MS = 7 * DAY_MS
MAX_CONTACTS: dict[Priority, int] = {
    Priority.URGENT: 8,
    Priority.HIGH: 8,
    Priority.SCHEDULED: 4,
    Priority.ROUTINE: 4,
}
"""A contact goes out while fewer than this many have gone out in 7 days, whatever they were about. One whole ladder
fits, and what a less urgent matter has used up leaves a reserve: a whole ladder for HIGH. What is about safety is not
limited at all.
"""


@dataclass(frozen=True)
class Rung:
    """A channel and how long to wait there for an answer."""

    channel: Channel
    wait_ms: int


LADDER: tuple[Rung, ...] = (
    Rung(Channel.PUSH, 2 * HOUR_MS),
    Rung(Channel.EMAIL, 2 * HOUR_MS),
    Rung(Channel.SMS, 3 * HOUR_MS),
    Rung(Channel.CALL, 10 * MINUTE_MS),
    Rung(Channel.HUMAN, 30 * MINUTE_MS),
)
URGENT_LADDER: tuple[Rung, ...] = (
    Rung(Channel.PUSH, 2 * MINUTE_MS),
    Rung(Channel.EMAIL, 2 * MINUTE_MS),
    Rung(Channel.SMS, 3 * MINUTE_MS),
    Rung(Channel.CALL, 5 * MINUTE_MS),
    Rung(Channel.HUMAN, 15 * MINUTE_MS),
)


def ladder_for(customer: Customer, *, urgent: bool, opted_out: Collection[str] = ()) -> tuple[Rung, ...]:
    """The rungs this customer can be reached on and, unless it is about safety, has agreed to.

    ``opted_out``: ``purpose/channel`` that the customer does not want any more. For safety an employee may call all the
    same. E-mail stands in for a push message where the customer has no app.
    """
    purpose = Purpose.SAFETY if urgent else Purpose.MAINTENANCE
    reached = {channel for channel in customer.channels if f"{purpose}/{channel}" not in opted_out}
    if urgent:
        reached |= customer.channels & {Channel.HUMAN}
    else:
        reached &= customer.consents.get(purpose, frozenset())
    if Channel.PUSH in reached:
        reached.discard(Channel.EMAIL)
    return tuple(rung for rung in (URGENT_LADDER if urgent else LADDER) if rung.channel in reached)


def purpose_of(priority: Priority) -> Purpose:
    """URGENT is about safety, everything else about maintenance."""
    return Purpose.SAFETY if priority == Priority.URGENT else Purpose.MAINTENANCE


def permitted_from(at_ms: int, zone: str) -> int:
    """``at_ms`` or, within the quiet hours of ``zone``, the next 8 o'clock there."""
    local = local_time(at_ms, ZoneInfo(zone))
    if OPENS_AT <= local.hour < CLOSES_AT:
        return at_ms
    day = local if local.hour < OPENS_AT else local + timedelta(days=1)
    return millis(day.replace(hour=OPENS_AT, minute=0, second=0, microsecond=0))


def under_limit_from(at_ms: int, earlier_ms: Sequence[int], priority: Priority) -> int:
    """The first time from ``at_ms`` on at which one more contact stays within the priority's limit."""
    limit = MAX_CONTACTS[priority]
    newest = sorted(earlier_ms)[-limit:]
    return at_ms if len(newest) < limit else max(at_ms, newest[0] + WINDOW_MS)


def contact_time(at_ms: int, customer: Customer, earlier_ms: Sequence[int], priority: Priority, *, urgent: bool) -> int:
    """When the next contact may go out; at once if it is about safety."""
    return at_ms if urgent else permitted_from(under_limit_from(at_ms, earlier_ms, priority), customer.zone)
