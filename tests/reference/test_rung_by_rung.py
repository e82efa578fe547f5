"""CUSTOMER_ENGAGEMENT for transports that only send: one contact for each command, and what becomes of its failures."""

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from master_orchestrator_agents.errors import RetryableError
from master_orchestrator_agents.reference.customer_engagement.languages import LANGUAGES, TROUBLES, Words, words_of
from master_orchestrator_agents.reference.customer_engagement.message_store import MessageStore
from master_orchestrator_agents.reference.customer_engagement.rung_by_rung import RungByRungAgent
from master_orchestrator_agents.reference.customer_engagement.transports import OutgoingChannels
from master_orchestrator_agents.reference.ports import Contact, Customer
from master_orchestrator_agents.reference.zoned import DAY_MS, HOUR_MS, MINUTE_MS
from master_orchestrator_agents.task import Task
from master_orchestrator_schemas.facts import Offer
from master_orchestrator_schemas.results import CustomerEngagementResult
from master_orchestrator_schemas.tasks import CustomerEngagementTask
from master_orchestrator_schemas.topology import Topology
from master_orchestrator_schemas.vocabulary import AgentType, Answer, Channel, Priority, Purpose, Subsystem

MONDAY_9_MS = 1_768_204_800_000
"""2026-01-12, 9:00 in Berlin."""
EVERYTHING = {Purpose.MAINTENANCE: frozenset(Channel)}
Step = Callable[..., CustomerEngagementResult]


class Desk:
    """Directory, transports and offers under test; ``down``: channels that do not take anything."""

    def __init__(self) -> None:
        self.people = [Customer("vehicle-1", "Kira", consents=EVERYTHING)]
        self.down: set[Channel] = set()
        self.sent: list[Contact] = []
        self.free: list[Offer] = []

    def persons_of(self, vehicle_id: str) -> list[Customer]:
        return [person for person in self.people if person.vehicle_id == vehicle_id]

    def send(self, contact: Contact) -> None:
        if contact.channel in self.down:
            raise RetryableError("out of order")
        self.sent.append(contact)

    def offers(self, task: Task, given: CustomerEngagementTask, until_ms: int) -> list[Offer]:  # noqa: ARG002  the names are the protocol's
        return self.free


@pytest.fixture
def desk() -> Desk:
    return Desk()


@pytest.fixture
def step(desk: Desk, tmp_path: Path, task_of: Callable[..., Task[Any]]) -> Iterator[Step]:
    store = MessageStore(tmp_path / "messages.sqlite3")
    agent = RungByRungAgent(store, desk, desk, desk)

    def run(*, priority: Priority = Priority.SCHEDULED, **given: object) -> CustomerEngagementResult:
        given = {"at_ms": MONDAY_9_MS, **given}
        return agent(task_of(AgentType.CUSTOMER_ENGAGEMENT, priority=priority, **given))

    yield run
    store.close()


def test_a_command_is_one_contact_and_says_until_when_it_waits(step: Step, desk: Desk) -> None:
    first = step()
    assert ("push", MONDAY_9_MS + 2 * HOUR_MS, 1) == (first.channel, first.waits_until_ms, first.contacts)
    second = step(attempt=1, turn=1, tried=["push"])
    assert ("sms", 2) == (second.channel, second.contacts)
    ended = step(attempt=2, turn=4, tried=["push", "sms", "call", "human"])
    assert (Answer.NO_ANSWER, None) == (ended.answer, ended.waits_until_ms)
    assert [Channel.PUSH, Channel.SMS] == [contact.channel for contact in desk.sent]


def test_the_same_command_sends_once(step: Step, desk: Desk) -> None:
    assert step() == step()
    assert 1 == len(desk.sent)


def test_at_night_nothing_is_sent_and_the_wait_is_until_the_morning(step: Step, desk: Desk) -> None:
    night_ms = MONDAY_9_MS - 5 * HOUR_MS
    result = step(at_ms=night_ms)
    assert (None, MONDAY_9_MS - HOUR_MS) == (result.channel, result.waits_until_ms)
    assert [] == desk.sent
    urgent = step(at_ms=night_ms, attempt=1, priority=Priority.URGENT, safe_to_drive=False)
    assert ("push", night_ms + 2 * MINUTE_MS) == (urgent.channel, urgent.waits_until_ms)


def test_a_channel_that_fails_gives_way_to_the_next(step: Step, desk: Desk) -> None:
    desk.down = {Channel.PUSH, Channel.SMS}
    assert "call" == step().channel
    desk.down = set(Channel)
    with pytest.raises(RetryableError, match="push: out of order; sms: out of order"):
        step(attempt=1)


def test_who_wants_to_know_more_is_told_more_where_the_question_came_from(step: Step, desk: Desk) -> None:
    step(attempt=1, turn=2, tried=["push", "sms"], heard="NEED_INFO", time_to_failure_h=72.0)
    assert (Channel.SMS, True) == (desk.sent[0].channel, "3 days" in desk.sent[0].message)


def test_after_the_wrong_person_that_channel_is_not_used_any_more(step: Step, desk: Desk) -> None:
    step()
    assert "sms" == step(attempt=1, turn=1, tried=["push"], heard="WRONG_PERSON").channel
    assert "sms" == step(episode=2).channel
    assert "sms" == step(episode=3, priority=Priority.URGENT).channel


def test_the_wrong_person_is_at_the_address_that_was_answered_from_not_at_the_newest(step: Step, desk: Desk) -> None:
    addresses = {channel: f"old@{channel}" for channel in (Channel.PUSH, Channel.SMS, Channel.CALL)}
    desk.people = [Customer("vehicle-1", "Kira", consents=EVERYTHING, addresses=addresses)]
    step()
    step(attempt=1, turn=1, tried=["push"])
    third = step(
        attempt=2,
        turn=2,
        tried=["push", "sms"],
        heard="WRONG_PERSON",
        heard_contact="vehicle-1~1/CUSTOMER_ENGAGEMENT/0/0",
    )
    assert ("call", "sms") == (third.channel, step(episode=2).channel)
    desk.people = [replace(desk.people[0], addresses={**addresses, Channel.PUSH: "corrected@push"})]
    assert "push" == step(episode=3, at_ms=MONDAY_9_MS + 8 * DAY_MS).channel


def test_more_is_told_where_the_question_came_from_also_if_there_was_a_contact_since(step: Step) -> None:
    step()
    step(attempt=1, turn=1, tried=["push"])
    asking = {"heard": "NEED_INFO", "heard_contact": "vehicle-1~1/CUSTOMER_ENGAGEMENT/0/0"}
    assert "push" == step(attempt=2, turn=2, tried=["push", "sms"], **asking).channel


def test_who_asks_for_more_at_night_is_told_at_once(step: Step, desk: Desk) -> None:
    night_ms = MONDAY_9_MS + 13 * HOUR_MS
    asking = {"heard": "NEED_INFO", "time_to_failure_h": 72.0, "at_ms": night_ms}
    assert "push" == step(attempt=1, turn=1, tried=["push"], **asking).channel
    assert "3 days" in desk.sent[0].message


def test_the_second_person_is_told_after_the_first_and_in_an_own_language(step: Step, desk: Desk) -> None:
    second = Customer("vehicle-1", "Asha", "hi", "Asia/Kolkata", consents=EVERYTHING, person=2)
    desk.people.append(second)
    tried: list[str] = []
    for turn in range(8):
        result = step(attempt=turn, turn=turn, tried=tried, at_ms=MONDAY_9_MS + turn)
        assert result.channel is not None
        tried.append(result.channel)
    assert ["push", "sms", "call", "human", "push/2", "sms/2", "call/2", "human/2"] == tried
    assert [True] * 4 + [False] * 4 == [contact.message.startswith("Hello Kira") for contact in desk.sent]
    assert all(contact.message.startswith("नमस्ते Asha") for contact in desk.sent[4:])
    assert None is step(attempt=8, turn=8, tried=tried).waits_until_ms


def test_as_many_channels_are_tried_for_a_command_as_the_charter_allows(step: Step, desk: Desk) -> None:
    desk.people += [Customer("vehicle-1", "Asha", consents=EVERYTHING, person=place) for place in range(2, 10)]
    desk.down = set(Channel)
    for priority in (Priority.SCHEDULED, Priority.URGENT):
        with pytest.raises(RetryableError, match="human/2: out of order"):
            step(attempt=priority, priority=priority)


def test_who_sleeps_is_waited_for_and_who_had_too_many_contacts_gives_way(step: Step, desk: Desk) -> None:
    desk.people.append(Customer("vehicle-1", "Lee", "en", "America/New_York", consents=EVERYTHING, person=2))
    evening_ms = MONDAY_9_MS + 13 * HOUR_MS
    assert (None, MONDAY_9_MS + 23 * HOUR_MS) == ((night := step(at_ms=evening_ms)).channel, night.waits_until_ms)
    for episode in range(2, 6):
        assert "push" == step(episode=episode).channel
    assert "push/2" == step(episode=6, at_ms=MONDAY_9_MS + 7 * HOUR_MS).channel


def test_a_channel_that_fails_gives_way_to_the_second_person_only_if_that_one_is_awake(step: Step, desk: Desk) -> None:
    only_push, only_sms = ({Purpose.MAINTENANCE: frozenset({channel})} for channel in (Channel.PUSH, Channel.SMS))
    desk.people = [
        Customer("vehicle-1", "Kira", consents=only_push),
        Customer("vehicle-1", "Lee", "en", "America/New_York", consents=only_sms, person=2),
    ]
    desk.down = {Channel.PUSH}
    with pytest.raises(RetryableError, match="push: out of order"):
        step()
    assert "sms/2" == step(attempt=1, at_ms=MONDAY_9_MS + 7 * HOUR_MS).channel


def test_what_the_owner_opted_out_of_is_not_used(step: Step) -> None:
    assert "call" == step(opted_out=["maintenance/push", "maintenance/sms"]).channel
    everything = [f"{purpose}/{channel}" for purpose in Purpose for channel in Channel]
    assert 0 == step(attempt=1, opted_out=everything).contacts
    assert "human" == step(attempt=2, opted_out=everything, priority=Priority.URGENT).channel


def test_the_owner_sees_the_offers_and_the_result_has_them(step: Step, desk: Desk) -> None:
    start_ms = MONDAY_9_MS + 26 * HOUR_MS
    desk.free = [
        Offer(workshop_id=f"ws-{n}", start_ms=start_ms, end_ms=start_ms + HOUR_MS, held_until_ms=start_ms)
        for n in range(4)
    ]
    result = step()
    assert tuple(desk.free[:3]) == result.offers
    assert "1 = 13.01.2026 11:00 (ws-0); 2 = 13.01.2026 11:00 (ws-1); 3 =" in desk.sent[0].message
    assert () == step(attempt=1, priority=Priority.URGENT).offers


def test_a_code_of_a_misfire_is_told_in_words_and_what_is_known_is_named_before_a_lamp(step: Step, desk: Desk) -> None:
    found = {"priority": Priority.HIGH, "at_ms": MONDAY_9_MS}
    lamp = {**found, "rule": "mil_lit", "subsystem": "other"}
    step(priority=Priority.HIGH, findings=[lamp, {**found, "rule": "dtc:P0301", "subsystem": "ignition"}])
    assert "the engine misfires (ignition)" in desk.sent[0].message
    assert "Avoid high revs" in desk.sent[0].message


@pytest.mark.parametrize("language", LANGUAGES)
def test_who_has_to_stop_and_asks_for_more_is_not_told_how_to_drive_on(step: Step, desk: Desk, language: str) -> None:
    """A finding can be URGENT while DIAGNOSIS holds the vehicle safe."""
    desk.people = [replace(desk.people[0], language=language)]
    brakes = {"rule": "brake_fluid_low", "subsystem": "brakes", "priority": Priority.URGENT, "at_ms": MONDAY_9_MS}
    step(priority=Priority.URGENT, findings=[brakes])
    step(priority=Priority.URGENT, findings=[brakes], attempt=1, turn=1, tried=["push"], heard="NEED_INFO")
    words, (notice, details) = words_of(language), desk.sent
    assert words.advice["brakes"] not in details.message
    assert words.once_stopped(Subsystem.BRAKES) in details.message
    assert notice.message[-40:] == details.message[-40:]  # YES is for the tow and the workshop


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_regular_check_reports_no_fault_and_says_how_to_stop_such_messages(
    step: Step, desk: Desk, language: str
) -> None:
    desk.people = [replace(desk.people[0], language=language)]
    step(priority=Priority.ROUTINE)
    (contact,) = desk.sent
    assert words_of(language).troubles["fault"] not in contact.message
    assert words_of(language).services["other"] in contact.message
    assert "STO" in contact.message


def test_hours_of_work_are_said_as_people_say_them(step: Step, desk: Desk) -> None:
    for attempt, hours in enumerate((1.0, 1.5)):
        step(attempt=attempt, operations=[{"name": "inspect", "labour_hours": hours}])
    assert ["about 1 hour.", "about 1.5 hours."] == [
        contact.message.partition("takes ")[2].partition(" Ch")[0].partition(" May")[0] for contact in desk.sent
    ]


def test_messages_go_into_files_that_others_cannot_read(tmp_path: Path) -> None:
    channels = OutgoingChannels(tmp_path / "outbox", {})
    channels.send(Contact("v-1~1/CE/0/0#1", "v-1", Channel.SMS, Priority.HIGH, "नमस्ते", 1, 2, "+4930"))
    path = tmp_path / "outbox" / "sms.jsonl"
    line = json.loads(path.read_text("utf-8"))
    assert ("नमस्ते", "+4930", "v-1~1/CE/0/0") == (line["message"], line["to"], line["contact_id"])
    assert (0o600, 0o700) == (path.stat().st_mode & 0o777, path.parent.stat().st_mode & 0o777)


@pytest.mark.filterwarnings("ignore:'imghdr' is deprecated")  # one of apprise's services imports it
def test_apprise_is_given_the_address_and_a_refusal_names_no_secret(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """json:// posts to an address of our own; port 9 of loopback takes nothing."""
    urls = {Channel.SMS: "json://user:s3cret@127.0.0.1:9/{to}", Channel.PUSH: "nonsense:s3cret"}
    channels = OutgoingChannels(tmp_path, urls)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    for channel, why in ((Channel.SMS, "did not take"), (Channel.PUSH, "not one that apprise knows")):
        with pytest.raises(RetryableError, match=why) as raised:
            channels.send(Contact("c-1", "vehicle-1", channel, Priority.HIGH, "text", 1, 2, "+4930"))
        assert "s3cret" not in str(raised.value)


def test_no_language_lacks_a_word(topology: Topology) -> None:
    english = words_of("en")
    for language in LANGUAGES:
        words = words_of(language)
        assert language == words.language
        for part in ("subsystems", "troubles", "advice", "stopped", "services"):
            table: Mapping[str, str] = getattr(words, part)
            assert getattr(english, part).keys() == table.keys(), (language, part)
            assert all(text.strip() for text in table.values())
    assert set(Subsystem) == english.subsystems.keys() == english.advice.keys()
    assert {*TROUBLES.values(), "fault"} == english.troubles.keys()
    assert topology.triage.rules.keys() == TROUBLES.keys()
    assert isinstance(english, Words)
