"""When and how a customer may be contacted: consent, quiet hours, frequency, and the ladder of channels. Pure."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from zoneinfo import ZoneInfo

from master_orchestrator_agents.reference.ports import Customer
from master_orchestrator_agents.reference.zoned import DAY_MS, HOUR_MS, MINUTE_MS, local_time, millis
from master_orchestrator_schemas.vocabulary import Channel, Priority, Purpose

OPENS_AT, CLOSES_AT = 8, 21
"""No contact before 8 and after 21 o'clock, in the customer's zone."""
NIGHT_MS = 12 * HOUR_MS
"""The longest that quiet hours last: on the night when clocks are set back."""
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

People = Mapping[int, Customer]
"""Who is told of a vehicle, by place."""


@dataclass(frozen=True)
class Rung:
    """A channel of a person, and how long to wait there for an answer."""

    channel: Channel
    wait_ms: int
    person: int = 1

    @property
    def name(self) -> str:
        """``sms``, and of the second person ``sms/2``: what is told of it outside."""
        return self.channel.value if self.person == 1 else f"{self.channel}/{self.person}"


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


SURVEYS = frozenset({Channel.PUSH, Channel.EMAIL, Channel.SMS})
"""Nobody is called for a survey."""


def ladder_for(customer: Customer, *, urgent: bool, opted_out: Collection[str] = ()) -> tuple[Rung, ...]:
    """The rungs this customer can be reached on and, unless it is about safety, has agreed to.

    ``opted_out``: ``purpose/channel`` that the customer does not want any more. For safety an employee may call all the
    same. E-mail stands in for a push message where the customer has no app.
    """
    reached = _reached(customer, Purpose.SAFETY if urgent else Purpose.MAINTENANCE, opted_out)
    if urgent:
        reached |= customer.channels & {Channel.HUMAN}
    if Channel.PUSH in reached:
        reached -= {Channel.EMAIL}
    return _rungs(customer, URGENT_LADDER if urgent else LADDER, reached)


def survey_rungs(customer: Customer, opted_out: Collection[str]) -> tuple[Rung, ...]:
    """The channels by which this customer may be asked how it went; one takes the place of one that fails."""
    return _rungs(customer, LADDER, _reached(customer, Purpose.FEEDBACK, opted_out) & SURVEYS)


def _reached(customer: Customer, purpose: Purpose, opted_out: Collection[str]) -> frozenset[Channel]:
    """The channels that the customer has and, where the purpose needs it, has agreed to and not opted out of."""
    agreed = customer.channels if purpose is Purpose.SAFETY else customer.consents.get(purpose, frozenset())
    return frozenset(channel for channel in customer.channels & agreed if f"{purpose}/{channel}" not in opted_out)


def _rungs(customer: Customer, ladder: Sequence[Rung], channels: Collection[Channel]) -> tuple[Rung, ...]:
    return tuple(replace(rung, person=customer.person) for rung in ladder if rung.channel in channels)


def address_of(rung: Rung, people: People) -> str:
    """Where a rung reaches; empty where the directory does not say."""
    return people[rung.person].addresses.get(rung.channel, "")


def right_rungs(rungs: Iterable[Rung], people: People, wrong: Collection[tuple[Channel, str]]) -> list[Rung]:
    """Those that do not lead to an address at which somebody else is reached."""
    return [rung for rung in rungs if (rung.channel, address_of(rung, people)) not in wrong]


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


def next_in_line(rungs: Sequence[Rung], times: Mapping[int, int], now_ms: int) -> tuple[list[Rung], int]:
    """The rungs that may be used now, and when the next one may be; ``times``: from when on, by person.

    Who sleeps is waited for. Who may not be contacted for longer, after too many contacts, gives way to the next.
    """
    awake_by_ms = now_ms + NIGHT_MS
    person = next((rung.person for rung in rungs if times[rung.person] <= awake_by_ms), None)
    at_ms = min(times.values()) if person is None else times[person]
    return [rung for rung in rungs if times[rung.person] <= now_ms] if at_ms <= now_ms else [], at_ms
