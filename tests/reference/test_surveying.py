"""FEEDBACK for transports that only send: the survey keeps consent, quiet hours and limits, and fails no repair."""

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from master_orchestrator_agents.errors import RetryableError
from master_orchestrator_agents.reference import reference_agents
from master_orchestrator_agents.reference.codes import CodeTable
from master_orchestrator_agents.reference.customer_engagement.languages import LANGUAGES
from master_orchestrator_agents.reference.customer_engagement.message_store import MessageStore
from master_orchestrator_agents.reference.diagnosis import load_knowledge
from master_orchestrator_agents.reference.feedback import SurveyingAgent
from master_orchestrator_agents.reference.ports import Contact, Customer
from master_orchestrator_agents.reference.zoned import DAY_MS, HOUR_MS
from master_orchestrator_agents.task import Task
from master_orchestrator_schemas.results import FeedbackResult
from master_orchestrator_schemas.vocabulary import AgentType, Channel, FindingLabel, Purpose

MONDAY_9_MS = 1_768_204_800_000
"""2026-01-12, 9:00 in Berlin."""
AGREED = {Purpose.FEEDBACK: frozenset(Channel)}
HOT = {"rule": "coolant_hot", "subsystem": "cooling", "priority": 2, "at_ms": 1}
Ask = Callable[..., FeedbackResult]


class PostOffice:
    """Directory and transports under test; ``down``: channels that do not take anything."""

    def __init__(self) -> None:
        self.people = [Customer("vehicle-1", "Kira", "de", consents=AGREED)]
        self.down: set[Channel] = set()
        self.sent: list[Contact] = []

    def persons_of(self, vehicle_id: str) -> list[Customer]:  # noqa: ARG002  the name is the protocol's
        return self.people

    def send(self, contact: Contact) -> None:
        if contact.channel in self.down:
            raise RetryableError("out of order")
        self.sent.append(contact)


@pytest.fixture
def office() -> PostOffice:
    return PostOffice()


@pytest.fixture
def store(tmp_path: Path) -> Iterator[MessageStore]:
    opened = MessageStore(tmp_path / "messages.sqlite3")
    yield opened
    opened.close()


@pytest.fixture
def ask(office: PostOffice, store: MessageStore, codes: CodeTable, task_of: Callable[..., Task[Any]]) -> Ask:
    agent = SurveyingAgent(store, office, office, load_knowledge(), codes)

    def run(**given: object) -> FeedbackResult:
        return agent(task_of(AgentType.FEEDBACK, **{"at_ms": MONDAY_9_MS, "within_ms": 3 * DAY_MS, **given}))

    return run


def said(result: FeedbackResult) -> dict[str, Any]:
    """What became of the survey."""
    known = {"channel", "asked_at_ms", "waits_until_ms", "unasked"}
    return {name: value for name, value in (result.model_extra or {}).items() if name in known}


def test_the_survey_goes_out_in_the_owner_s_language_and_the_result_has_no_name(ask: Ask, office: PostOffice) -> None:
    result = ask(findings=[HOT], confirmed_cause="water pump")
    assert {"channel": "push", "asked_at_ms": MONDAY_9_MS} == said(result)
    assert office.sent[0].message.startswith("Guten Tag Kira, Ihr Fahrzeug war in der Werkstatt (Kühlsystem).")
    assert "Kira" not in result.model_dump_json()
    assert [FindingLabel.CONFIRMED] == [label.label for label in result.labels]
    assert None is result.csat


def test_an_owner_is_asked_once_in_an_episode(ask: Ask, office: PostOffice) -> None:
    assert ask() == ask() == ask(attempt=1, at_ms=MONDAY_9_MS + 1)
    assert 1 == len(office.sent)


def test_at_night_the_agent_says_when_it_may_ask_and_asks_then(ask: Ask, office: PostOffice) -> None:
    evening = ask(at_ms=MONDAY_9_MS + 13 * HOUR_MS)
    assert {"waits_until_ms": MONDAY_9_MS + 23 * HOUR_MS} == said(evening)
    assert evening.waits_until_ms is not None
    assert [] == office.sent
    assert "push" == said(ask(attempt=1, at_ms=evening.waits_until_ms))["channel"]


def test_consent_is_per_purpose_and_channel_and_nobody_is_called(ask: Ask, office: PostOffice) -> None:
    office.people = [replace(office.people[0], consents={Purpose.MAINTENANCE: frozenset(Channel)})]
    assert {"unasked": "nobody has agreed to be asked"} == said(ask())
    called = {Purpose.FEEDBACK: frozenset({Channel.CALL, Channel.HUMAN})}
    office.people = [replace(office.people[0], consents=called)]
    assert "unasked" in said(ask(episode=2))
    office.people = []
    assert "unasked" in said(ask(episode=3))


def test_what_the_owner_opted_out_of_is_obeyed(ask: Ask) -> None:
    assert "sms" == said(ask(opted_out=["feedback/push"]))["channel"]
    assert "push" == said(ask(episode=2, opted_out=["maintenance/push"]))["channel"]
    assert "unasked" in said(ask(episode=3, opted_out=[f"feedback/{channel}" for channel in Channel]))


def test_a_channel_that_fails_gives_way_and_if_all_fail_it_is_tried_again_with_the_labels_kept(
    ask: Ask, office: PostOffice
) -> None:
    office.down = set(Channel)
    failed = ask(findings=[HOT], confirmed_cause="water pump")
    assert MONDAY_9_MS + HOUR_MS == failed.waits_until_ms
    assert "push: out of order; sms: out of order" in said(failed)["unasked"]
    assert [FindingLabel.CONFIRMED] == [label.label for label in failed.labels]
    office.down = {Channel.PUSH}
    assert "sms" == said(ask(attempt=1, at_ms=failed.waits_until_ms))["channel"]


def test_contacts_of_any_purpose_count_and_a_survey_that_would_come_too_late_is_left(
    ask: Ask, office: PostOffice, store: MessageStore
) -> None:
    for episode in range(1, 5):
        assert "push" == said(ask(episode=episode))["channel"]
    assert {"unasked": "nobody may be asked before the deadline"} == said(ask(episode=5))
    waiting = ask(episode=6, at_ms=MONDAY_9_MS + 5 * DAY_MS)
    assert MONDAY_9_MS + 7 * DAY_MS == waiting.waits_until_ms
    assert [MONDAY_9_MS] * 4 == store.sent_to("vehicle-1", 1, MONDAY_9_MS + DAY_MS)


def test_what_is_kept_of_a_message_names_nobody(ask: Ask, office: PostOffice, tmp_path: Path) -> None:
    office.people = [replace(office.people[0], addresses={Channel.PUSH: "kira-app"})]
    ask(findings=[HOT])
    kept = b"".join(path.read_bytes() for path in tmp_path.glob("messages.sqlite3*"))
    assert b"vehicle-1" in kept
    assert [] == [personal for personal in (b"Kira", b"kira-app") if personal in kept]


def test_an_address_of_somebody_else_is_not_asked(ask: Ask, store: MessageStore, office: PostOffice) -> None:
    office.people = [replace(office.people[0], addresses={Channel.PUSH: "old"})]
    store.forget("vehicle-1", Channel.PUSH, "old")
    assert "sms" == said(ask())["channel"]


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_language_asks_for_the_three_things_and_says_how_to_stop(
    ask: Ask, office: PostOffice, language: str
) -> None:
    office.people = [replace(office.people[0], language=language)]
    ask(findings=[HOT])
    (contact,) = office.sent
    for part in ("Kira", "5 10", "STO", "10"):
        assert part in contact.message
    assert len(contact.message) < 450


def test_with_a_file_of_contacts_the_reference_agent_asks_for_real_and_answers_name_the_survey(
    tmp_path: Path, task_of: Callable[..., Task[Any]]
) -> None:
    (tmp_path / "owners.csv").write_text("vehicle_id,name,email,push\nv-1,Kira,k@example.org,\n", encoding="utf-8")
    (tmp_path / "contacts.toml").write_text('owners = "owners.csv"', encoding="utf-8")
    agent = reference_agents(tmp_path, contacts=tmp_path / "contacts.toml")[AgentType.FEEDBACK]
    result: Any = agent(task_of(AgentType.FEEDBACK, vehicle="v-1"))
    line = json.loads((tmp_path / "outbox" / "email.jsonl").read_text("utf-8"))
    assert ("k@example.org", "email", "v-1~1/survey") == (line["to"], said(result)["channel"], line["contact_id"])
