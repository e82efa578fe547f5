"""What is said, in the owner's language: jinja2 templates in ``templates/<language>/``, words in ``languages``."""

from collections.abc import Sequence
from zoneinfo import ZoneInfo

from jinja2 import Environment, PackageLoader, StrictUndefined

from master_orchestrator_agents.reference.customer_engagement.languages import Words, words_of
from master_orchestrator_agents.reference.ports import Customer
from master_orchestrator_agents.reference.zoned import local_time
from master_orchestrator_schemas.facts import Finding, Offer
from master_orchestrator_schemas.tasks import CustomerEngagementTask, FeedbackTask
from master_orchestrator_schemas.vocabulary import Priority, Subsystem

MAX_TROUBLES = 3
"""What is wrong, at most so much of it, the most urgent first."""
MAX_TEXT = 2_000


def is_urgent(task: CustomerEngagementTask) -> bool:
    """Whether it is about safety: the owner is told to stop."""
    return task.priority == Priority.URGENT or not task.safe_to_drive


class Messages:
    """Renders the messages. ``named`` False leaves out the name: for what is put on record elsewhere."""

    def __init__(self) -> None:
        # Plain text for push, SMS and a call's script: HTML escapes would be read out to the customer.
        self._templates = Environment(
            loader=PackageLoader("master_orchestrator_agents.reference.customer_engagement"),
            autoescape=False,  # noqa: S701  no HTML anywhere
            undefined=StrictUndefined,
        )

    def notice(
        self, task: CustomerEngagementTask, customer: Customer, *, offers: Sequence[Offer] = (), named: bool = True
    ) -> str:
        """The first message: what is wrong, what to do now, what is asked for; URGENT or unsafe says "stop safely"."""
        return self._render("urgent" if is_urgent(task) else "planned", task, customer, offers, named=named)

    def details(self, task: CustomerEngagementTask, customer: Customer, *, named: bool = True) -> str:
        """The answer to "tell me more"."""
        return self._render("details", task, customer, (), named=named)

    def survey(self, task: FeedbackTask, customer: Customer, *, named: bool = True) -> str:
        """The questions about a repair."""
        words = words_of(customer.language)
        concerned = [cause.subsystem for cause in task.causes] + [finding.subsystem for finding in task.findings]
        known = [words.subsystems[each] for each in dict.fromkeys(concerned) if each is not Subsystem.OTHER]
        text = self._templates.get_template(f"{words.language}/survey.j2").render(
            name=customer.name if named else "", affected=known
        )
        return " ".join(text.split())[:MAX_TEXT]

    def _render(
        self, kind: str, task: CustomerEngagementTask, customer: Customer, offers: Sequence[Offer], *, named: bool
    ) -> str:
        words, zone = words_of(customer.language), ZoneInfo(customer.zone)
        affected = _affected(task)
        told = sorted(task.findings, key=lambda finding: (finding.priority, -finding.at_ms))
        newest = max((f.at_ms for f in told if f.priority == Priority.URGENT), default=None)
        limit_ms = min((f.crossing_ms for f in told if f.crossing_ms is not None), default=None)
        text = self._templates.get_template(f"{words.language}/{kind}.j2").render(
            name=customer.name if named else "",
            affected=[words.subsystems[subsystem] for subsystem in affected],
            troubles=_troubles(task, [words.trouble(f.rule) for f in _most_urgent(told)] or [words.troubles["fault"]]),
            recalls=[f"{c.title} ({c.campaign_id})" if c.title else c.campaign_id for c in task.campaigns],
            services=_services(task, words),
            advice=words.advice[affected[0]],
            stopped=words.once_stopped(affected[0]),
            seen_at=None if newest is None else local_time(newest, zone).strftime("%H:%M"),
            limit_on=None if limit_ms is None else local_time(limit_ms, zone),
            hours=round(sum(operation.labour_hours for operation in task.operations), 1),
            days=None if task.time_to_failure_h is None else max(1, round(task.time_to_failure_h / 24)),
            urgent=is_urgent(task),
            soon=task.priority <= Priority.HIGH,
            offers=[f"{local_time(o.start_ms, zone):%d.%m.%Y %H:%M} ({o.workshop_id})" for o in offers],
        )
        return " ".join(text.split())[:MAX_TEXT]


def _most_urgent(findings: Sequence[Finding]) -> list[Finding]:
    """Those of the highest priority there is: an URGENT message does not begin with less."""
    return [finding for finding in findings if finding.priority == findings[0].priority] if findings else []


def _troubles(task: CustomerEngagementTask, troubles: Sequence[str]) -> list[str]:
    """What is wrong; nothing, where it is about a campaign, regular service, or a check that nobody is stopped for."""
    if not (task.findings or task.causes) and (task.campaigns or task.service or not is_urgent(task)):
        return []
    return list(dict.fromkeys(troubles))[:MAX_TROUBLES]


def _services(task: CustomerEngagementTask, words: Words) -> list[str]:
    """What is due; where nothing else is to be said, it is the regular check."""
    if not (task.findings or task.causes or task.campaigns or task.service or is_urgent(task)):
        return [words.services["other"]]
    return list(dict.fromkeys(words.service(due.item) for due in task.service))


def _affected(task: CustomerEngagementTask) -> list[Subsystem]:
    """What is named: in an URGENT message what is URGENT first, then the causes, then what has no cause yet."""
    subsystems = {priority: [f.subsystem for f in task.findings if f.priority == priority] for priority in Priority}
    first = subsystems[Priority.URGENT] if task.priority == Priority.URGENT else []
    named = [*first, *(cause.subsystem for cause in task.causes)]
    if task.priority <= Priority.HIGH or not named:
        named += [subsystem for priority in Priority if priority <= task.priority for subsystem in subsystems[priority]]
    known = dict.fromkeys(subsystem for subsystem in named if subsystem is not Subsystem.OTHER)
    return list(known) or [Subsystem.OTHER]
