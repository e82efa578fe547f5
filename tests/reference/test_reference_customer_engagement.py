"""CUSTOMER_ENGAGEMENT: consent, quiet hours, frequency, the ladder, languages, and that nobody is told twice."""

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from master_orchestrator_agents.errors import PermanentError, RetryableError
from master_orchestrator_agents.reference.customer_engagement import (
    Channel,
    Contact,
    Customer,
    CustomerEngagementAgent,
    CustomerReply,
    Purpose,
)
from master_orchestrator_agents.reference.customer_engagement.etiquette import (
    MAX_CONTACTS,
    WINDOW_MS,
    permitted_from,
    under_limit_from,
)
from master_orchestrator_agents.reference.customer_engagement.languages import LANGUAGES, words_of
from master_orchestrator_agents.reference.customer_engagement.store import ContactStore
from master_orchestrator_agents.reference.zoned import DAY_MS, HOUR_MS
from master_orchestrator_agents.task import Task
from master_orchestrator_schemas.results import CustomerEngagementResult
from master_orchestrator_schemas.topology import Topology
from master_orchestrator_schemas.vocabulary import AgentType, Answer, Priority, Subsystem

STOP = {"en": "stop safely", "de": "halten Sie sicher an", "es": "en un lugar seguro", "hi": "सुरक्षित जगह पर रुकें"}
EVERYTHING = {Purpose.MAINTENANCE: frozenset(Channel)}
CAUSE = {"component": "water_pump", "subsystem": "cooling", "probability": 0.6}


def at(text: str, zone: str = "Europe/Berlin") -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone)).timestamp() * 1000)


class Phone:
    """A customer under test: directory and gateway. ``answers`` by channel; a missing channel is not noticed."""

    def __init__(self) -> None:
        self.customer: Customer | None = Customer("vehicle-1", "Kira", consents=EVERYTHING)
        self.answers: dict[Channel, Answer] = {Channel.PUSH: Answer.ACCEPT}
        self.received: list[Contact] = []
        self.broken = False

    def customer_of(self, vehicle_id: str) -> Customer | None:  # noqa: ARG002  the name is the protocol's
        return self.customer

    def contact(self, contact: Contact) -> CustomerReply | None:
        if self.broken:
            raise RetryableError("the SMS gateway is down")
        self.received.append(contact)
        answer = self.answers.get(contact.channel)
        return None if answer is None else CustomerReply(answer, contact.at_ms + 60_000)


@pytest.fixture
def phone() -> Phone:
    return Phone()


@pytest.fixture
def store(tmp_path: Path) -> Iterator[ContactStore]:
    opened = ContactStore(tmp_path / "contacts.sqlite3")
    yield opened
    opened.close()


@pytest.fixture
def engage(
    phone: Phone, store: ContactStore, task_of: Callable[..., Task[Any]]
) -> Callable[..., CustomerEngagementResult]:
    agent = CustomerEngagementAgent(store, phone, phone)

    def run(*, priority: Priority = Priority.SCHEDULED, **given: object) -> CustomerEngagementResult:
        return agent(task_of(AgentType.CUSTOMER_ENGAGEMENT, priority=priority, **{"causes": [CAUSE], **given}))

    return run


Engage = Callable[..., CustomerEngagementResult]


def test_an_answer_ends_the_ladder(engage: Engage, phone: Phone) -> None:
    result = engage()

    assert (Answer.ACCEPT, "push", 1) == (result.answer, result.channel, result.contacts)
    assert [Channel.PUSH] == [contact.channel for contact in phone.received]


def test_the_ladder_is_climbed_with_its_waits(engage: Engage, phone: Phone) -> None:
    phone.answers = {Channel.HUMAN: Answer.DECLINE}

    result = engage(at_ms=at("2026-01-12T09:00"))

    assert (Answer.DECLINE, "human", 4) == (result.answer, result.channel, result.contacts)
    assert [Channel.PUSH, Channel.SMS, Channel.CALL, Channel.HUMAN] == [c.channel for c in phone.received]
    waits = [later.at_ms - earlier.at_ms for earlier, later in zip(phone.received, phone.received[1:], strict=False)]
    assert waits == [contact.answer_within_ms for contact in phone.received[:-1]]


def test_nobody_answers(engage: Engage, phone: Phone) -> None:
    phone.answers = {}

    assert (Answer.NO_ANSWER, 4) == (engage().answer, len(phone.received))


@pytest.mark.parametrize(
    ("due", "sent"),
    [
        ("2026-01-12T20:59", "2026-01-12T20:59"),
        ("2026-01-12T21:00", "2026-01-13T08:00"),
        ("2026-01-13T03:00", "2026-01-13T08:00"),
        ("2026-01-13T07:59", "2026-01-13T08:00"),
        ("2026-03-28T23:00", "2026-03-29T08:00"),  # the clock goes forward in the night
        ("2026-10-24T23:00", "2026-10-25T08:00"),  # and back
    ],
)
def test_quiet_hours_are_the_customers(engage: Engage, phone: Phone, due: str, sent: str) -> None:
    engage(at_ms=at(due))

    assert at(sent) == phone.received[0].at_ms


def test_quiet_hours_in_another_zone(engage: Engage, phone: Phone) -> None:
    phone.customer = Customer("vehicle-1", "Kira", zone="America/New_York", consents=EVERYTHING)

    engage(at_ms=at("2026-01-12T10:00"))

    assert at("2026-01-12T08:00", "America/New_York") == phone.received[0].at_ms


@given(st.integers(0, 4_000_000_000_000), st.sampled_from(["Europe/Berlin", "America/New_York", "Asia/Kolkata"]))
def test_a_permitted_time_is_within_the_hours_and_not_far(at_ms: int, zone: str) -> None:
    permitted = permitted_from(at_ms, zone)

    assert 8 <= datetime.fromtimestamp(permitted / 1000, ZoneInfo(zone)).hour < 21
    assert 0 <= permitted - at_ms <= 12 * HOUR_MS


def test_urgent_breaks_quiet_hours_needs_no_consent_and_offers_a_tow(engage: Engage, phone: Phone) -> None:
    phone.customer = Customer("vehicle-1", "Kira", language="en", consents={})

    result = engage(at_ms=at("2026-01-13T03:00"), priority=Priority.URGENT, safe_to_drive=False)

    assert at("2026-01-13T03:00") == phone.received[0].at_ms
    assert "stop safely" in result.message
    assert "tow" in result.message


def test_without_consent_there_is_no_contact(engage: Engage, phone: Phone) -> None:
    phone.customer = Customer("vehicle-1", "Kira", consents={})

    result = engage()

    assert (Answer.NO_ANSWER, 0) == (result.answer, result.contacts)
    assert "agreed" in result.message
    assert not phone.received


def test_consent_is_per_channel(engage: Engage, phone: Phone) -> None:
    phone.customer = Customer("vehicle-1", "Kira", consents={Purpose.MAINTENANCE: frozenset({Channel.CALL})})
    phone.answers = {}

    engage()

    assert [Channel.CALL] == [contact.channel for contact in phone.received]


def test_nobody_on_file(engage: Engage, phone: Phone) -> None:
    phone.customer = None

    result = engage()

    assert (Answer.NO_ANSWER, 0) == (result.answer, result.contacts)
    assert "on file" in result.message


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("priority", list(Priority))
@pytest.mark.parametrize("subsystem", list(Subsystem))
def test_every_message_in_every_language(
    engage: Engage, phone: Phone, language: str, priority: Priority, subsystem: Subsystem
) -> None:
    phone.customer = Customer("vehicle-1", "Kira", language=language, consents=EVERYTHING)
    phone.answers = dict.fromkeys(Channel, Answer.NEED_INFO)
    urgent = priority == Priority.URGENT

    hot = {**finding("cooling", priority), "rule": "coolant_hot"}
    engage(priority=priority, time_to_failure_h=30.0, operations=[{"name": "x", "labour_hours": 1.5}], findings=[hot])

    notice, details = (contact.message for contact in phone.received[:2])
    words = words_of(language)
    assert words.subsystems["cooling"] in notice
    assert words.troubles["overheating"] in notice
    assert notice != details
    assert (STOP[language] in notice) == urgent
    assert (words.advice["cooling"] in notice) == (priority is Priority.HIGH)
    assert subsystem in words.subsystems
    assert "  " not in notice
    assert max(len(notice), len(details)) <= 480  # three SMS


RECALL = {"en": "recall", "de": "Rückruf", "es": "llamada a revisión", "hi": "रिकॉल"}


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("priority", list(Priority))
def test_a_recall_is_named_in_every_language_and_nothing_else_is_wrong(
    engage: Engage, phone: Phone, language: str, priority: Priority
) -> None:
    phone.customer = Customer("vehicle-1", "Kira", language=language, consents=EVERYTHING)
    phone.answers = dict.fromkeys(Channel, Answer.NEED_INFO)
    campaigns = [{"campaign_id": "R-2026-17", "title": "The brake hose may leak"}, {"campaign_id": "R-2026-18"}]
    engage(priority=priority, campaigns=campaigns, causes=[])

    for message in (contact.message for contact in phone.received[:2]):
        assert RECALL[language] in message
        assert "The brake hose may leak (R-2026-17)" in message
        assert "R-2026-18" in message
        assert words_of(language).troubles["fault"] not in message


@pytest.mark.parametrize(("language", "date"), [("en", "around 14 March"), ("de", "etwa am 14.3.")])
def test_the_owner_is_told_when_a_trend_reaches_its_limit(
    engage: Engage, phone: Phone, language: str, date: str
) -> None:
    phone.customer = Customer("vehicle-1", "Kira", language=language, consents=EVERYTHING)
    trend = {"rule": "brake_pad_worn_trending", "subsystem": "brakes", "priority": 3, "at_ms": at("2026-03-01T12:00")}
    limit = {
        "crossing_ms": at("2026-03-14T00:30"),
        "crossing_low_ms": at("2026-03-13"),
        "crossing_high_ms": at("2026-03-16"),
    }
    engage(findings=[{**trend, **limit}], at_ms=at("2026-03-01T12:00"))

    assert date in phone.received[0].message


@pytest.mark.parametrize("language", LANGUAGES)
def test_regular_service_is_named_in_every_language_and_nothing_else_is_wrong(
    engage: Engage, phone: Phone, language: str, topology: Topology
) -> None:
    """All items of the packaged topology's plans have words; one that a topology has named itself is maintenance."""
    phone.customer = Customer("vehicle-1", "Kira", language=language, consents=EVERYTHING)
    due = {"due_ms": 1_767_225_600_000, "by": "date", "used": 300, "every": 365, "per_day": 1.0}
    engage(service=[{"item": item, **due} for item in ("tyre_rotation", "own_item")], causes=[], findings=[])

    words = words_of(language)
    named = {item for plan in topology.service_plans.plans.values() for item in plan}
    assert named <= words.services.keys()
    message = phone.received[0].message
    assert f"{words.services['tyre_rotation']}, {words.services['other']}" in message
    assert words.troubles["fault"] not in message


def test_an_unknown_language_gets_english(engage: Engage, phone: Phone) -> None:
    phone.customer = Customer("vehicle-1", "Kira", language="tlh", consents=EVERYTHING)

    engage()
    assert phone.received[0].message.startswith("Hello Kira")


@pytest.mark.parametrize(("tag", "greeting"), [("de-AT", "Guten Tag"), ("de_CH", "Guten Tag"), ("ES-mx", "Hola")])
def test_a_region_falls_back_to_its_language(engage: Engage, phone: Phone, tag: str, greeting: str) -> None:
    phone.customer = Customer("vehicle-1", "Kira", language=tag, consents=EVERYTHING)
    engage()
    assert phone.received[0].message.startswith(f"{greeting} Kira")


def test_the_name_is_in_the_message_and_not_in_the_result(engage: Engage, phone: Phone) -> None:
    result = engage()
    assert "Kira" in phone.received[0].message
    assert "Kira" not in result.model_dump_json()


def test_who_asks_for_more_is_told_more_and_asked_again(engage: Engage, phone: Phone) -> None:
    phone.answers = {Channel.PUSH: Answer.NEED_INFO}

    result = engage(time_to_failure_h=72.0)

    assert Answer.NEED_INFO == result.answer
    assert 2 == len(phone.received)
    assert "3 days" in phone.received[1].message


def test_the_same_command_contacts_nobody_again(engage: Engage, phone: Phone) -> None:
    first = engage()

    assert first == engage()
    assert 1 == len(phone.received)


def test_an_episode_is_told_of_once(engage: Engage, phone: Phone) -> None:
    """A retry and a higher lane are other commands of the same episode."""
    first = engage()

    assert first == engage(attempt=1)
    assert first == engage(revision=1, priority=Priority.HIGH)
    assert 1 == len(phone.received)


def test_an_episode_that_became_urgent_is_told_of_again(engage: Engage, phone: Phone) -> None:
    engage()

    engage(revision=1, priority=Priority.URGENT)

    assert [Priority.SCHEDULED, Priority.URGENT] == [contact.priority for contact in phone.received]


def test_after_no_answer_a_new_command_tries_again(engage: Engage, phone: Phone) -> None:
    phone.answers = {}
    engage()
    phone.answers = {Channel.PUSH: Answer.ACCEPT}

    assert Answer.ACCEPT == engage(attempt=1, at_ms=at("2026-01-26T10:00")).answer


def test_a_crash_between_sending_and_recording_repeats_the_same_contact(engage: Engage, phone: Phone) -> None:
    """The gateway knows the contact id, so that the customer gets it once."""
    phone.answers = {}
    phone.broken = True
    with pytest.raises(RetryableError):
        engage()
    phone.broken = False
    engage()

    assert ["vehicle-1~1/CUSTOMER_ENGAGEMENT/0/0#0"] == [
        c.contact_id for c in phone.received if c.contact_id[-1] == "0"
    ]


def test_at_most_so_many_contacts_in_seven_days(engage: Engage, phone: Phone) -> None:
    phone.answers = {}
    engage(episode=1, at_ms=at("2026-01-12T09:00"))

    blocked = engage(episode=2, at_ms=at("2026-01-13T09:00"))
    urgent = engage(episode=3, at_ms=at("2026-01-13T10:00"), priority=Priority.URGENT)
    later = engage(episode=4, at_ms=at("2026-01-21T09:00"))

    assert (0, 4, 4) == (blocked.contacts, urgent.contacts, later.contacts)
    assert "permitted" in blocked.message


def test_a_ladder_nobody_answered_leaves_another_for_what_is_high(engage: Engage, phone: Phone) -> None:
    phone.answers = {}
    engage(episode=1, at_ms=at("2026-01-12T09:00"), priority=Priority.ROUTINE)
    assert 4 == engage(episode=2, at_ms=at("2026-01-13T09:00"), priority=Priority.HIGH).contacts
    assert 0 == engage(episode=3, at_ms=at("2026-01-14T09:00"), priority=Priority.HIGH).contacts


def finding(subsystem: str, priority: Priority) -> dict[str, object]:
    return {"rule": subsystem, "subsystem": subsystem, "priority": priority, "at_ms": at("2026-01-12T09:58")}


def test_an_owner_who_agreed_to_less_is_asked_again(engage: Engage, phone: Phone) -> None:
    engage(priority=Priority.HIGH, findings=[finding("tyres", Priority.HIGH)])
    engage(attempt=1, priority=Priority.HIGH, findings=[finding("tyres", Priority.HIGH)])
    assert 1 == len(phone.received)
    engage(attempt=2, priority=Priority.HIGH, findings=[finding(s, Priority.HIGH) for s in ("tyres", "brakes")])
    assert "brakes" in phone.received[1].message


def test_an_urgent_message_names_what_is_urgent_and_its_time(engage: Engage, phone: Phone) -> None:
    engage(priority=Priority.URGENT, findings=[finding("lubrication", Priority.URGENT)])
    assert "a fault is reported (engine oil supply, at 09:58)" in phone.received[0].message


@given(st.lists(st.integers(0, 30 * DAY_MS), max_size=12), st.integers(0, 30 * DAY_MS), st.sampled_from(Priority))
def test_the_limit_holds_in_every_window(earlier: list[int], at_ms: int, priority: Priority) -> None:
    allowed = under_limit_from(at_ms, [time for time in earlier if time <= at_ms], priority)

    within = [time for time in earlier if time <= at_ms and allowed - WINDOW_MS < time]
    assert len(within) < MAX_CONTACTS[priority]
    assert allowed >= at_ms


def test_the_deadline_ends_the_ladder(engage: Engage, phone: Phone) -> None:
    phone.answers = {}

    engage(at_ms=at("2026-01-12T09:00"), within_ms=3 * HOUR_MS)

    assert [Channel.PUSH, Channel.SMS] == [contact.channel for contact in phone.received]


def test_the_wrong_person_is_not_contacted_again(engage: Engage, phone: Phone) -> None:
    phone.answers = {Channel.PUSH: Answer.WRONG_PERSON}
    engage(episode=1)

    assert (Answer.NO_ANSWER, 0) == ((again := engage(episode=2)).answer, again.contacts)


def test_a_preferred_day_is_handed_on(engage: Engage, phone: Phone, monkeypatch: pytest.MonkeyPatch) -> None:
    preferred_ms = at("2026-01-20T09:00")
    monkeypatch.setattr(phone, "contact", lambda contact: CustomerReply(Answer.RESCHEDULE, contact.at_ms, preferred_ms))

    assert (Answer.RESCHEDULE, preferred_ms) == ((result := engage()).answer, result.preferred_from_ms)


def test_an_owner_who_answers_later_is_not_expected_before(
    agents: Mapping[AgentType, Callable[[Task[Any]], Any]], task_of: Callable[..., Task[Any]]
) -> None:
    """The simulated owners' answers come at once, for a time that is to come."""
    late: list[str] = []
    for number in range(60):
        priority = (Priority.URGENT, Priority.HIGH, Priority.SCHEDULED)[number % 3]
        payload = {"vehicle": f"v{number}", "priority": priority, "causes": [CAUSE]}
        answer = agents[AgentType.CUSTOMER_ENGAGEMENT](task_of(AgentType.CUSTOMER_ENGAGEMENT, **payload))
        ask = task_of(AgentType.SCHEDULING, vehicle=f"v{number}", priority=priority, operations=["inspect"],
                      due_by_ms=at("2026-01-30T09:00"), preferred_from_ms=answer.preferred_from_ms)  # fmt: skip
        booked = agents[AgentType.SCHEDULING](ask)
        if answer.answer in {Answer.ACCEPT, Answer.RESCHEDULE} and booked.start_ms < answer.answered_at_ms:
            late.append(ask.vehicle_id)
    assert [] == late


def test_consents_survive_a_restart(phone: Phone, tmp_path: Path) -> None:
    consents: Mapping[Purpose, frozenset[Channel]] = {Purpose.MAINTENANCE: frozenset({Channel.SMS})}
    customer = Customer("vehicle-1", "Kira", "de", "Europe/London", frozenset({Channel.SMS, Channel.CALL}), consents)
    first = ContactStore(tmp_path / "contacts.sqlite3")
    first.remember(customer)
    first.close()

    second = ContactStore(tmp_path / "contacts.sqlite3")
    known = second.customer("vehicle-1")
    second.close()

    assert known is not None
    assert consents[Purpose.MAINTENANCE] == known.consents[Purpose.MAINTENANCE]
    assert (customer.name, customer.language, customer.zone, customer.channels) == (
        known.name,
        known.language,
        known.zone,
        known.channels,
    )


@pytest.mark.parametrize("zone", ["Berlin", "CET+1", "", "../etc", "Europe"])
def test_a_zone_that_is_none_is_refused_where_the_customer_is_stored(zone: str, tmp_path: Path) -> None:
    store = ContactStore(tmp_path / "contacts.sqlite3")

    with pytest.raises(PermanentError, match=r"vehicle-1.*IANA"):
        store.remember(Customer("vehicle-1", "Kira", zone=zone))
    assert store.customer("vehicle-1") is None
    store.close()
