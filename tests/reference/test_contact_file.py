"""Owners and transports from files: numbers, secrets from the environment, and what a mistake is answered with."""

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from master_orchestrator_agents.reference import reference_agent, reference_agents
from master_orchestrator_agents.reference.customer_engagement.contact_file import ContactFileError, read_contacts
from master_orchestrator_agents.reference.customer_engagement.rung_by_rung import RungByRungAgent
from master_orchestrator_agents.reference.zoned import DAY_MS
from master_orchestrator_agents.task import Task
from master_orchestrator_schemas.messages.telemetry import MAX_MS
from master_orchestrator_schemas.vocabulary import AgentType, Channel, Priority, Purpose

MONDAY_MS = 1_768_208_400_000
"""2026-01-12, 10:00 in Berlin: when the tasks are issued."""

OWNERS = (
    "vehicle_id,name,language,zone,phone,email,push,consents\n"
    "v-1,Kira,de-AT,Europe/Vienna,{phone},k@example.org,,{consents}\n"
)
PAGE = 'owners = "owners.csv"\nregion = "AT"\n[transports]\nsms = "twilio://{secret}@+431/{to}"\n'


def written(folder: Path, *, owners: str | None = None, page: str = PAGE, phone: str = "01 5331234") -> Path:
    text = OWNERS.format(phone=phone, consents="sms call") if owners is None else owners
    (folder / "owners.csv").write_text(text, encoding="utf-8")
    (folder / "contacts.toml").write_text(page.replace("{secret}", "${SMS_KEY}"), encoding="utf-8")
    return folder / "contacts.toml"


def test_owners_have_numbers_and_consents_and_secrets_come_from_the_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SMS_KEY", "k3y")
    book = read_contacts(written(tmp_path))
    (owner,) = book.persons_of("v-1")
    assert ("+4315331234", None) == (owner.addresses[Channel.CALL], owner.addresses.get(Channel.PUSH))
    assert {Channel.SMS, Channel.CALL} == owner.consents[Purpose.MAINTENANCE] == owner.consents[Purpose.FEEDBACK]
    assert {Channel.SMS, Channel.CALL, Channel.EMAIL, Channel.HUMAN} == owner.channels
    assert {Channel.SMS: "twilio://k3y@+431/{to}"} == book.urls
    assert () == book.persons_of("v-2")


def test_several_persons_of_a_vehicle_are_told_by_rank(tmp_path: Path) -> None:
    lines = ("v-1,Asha,2,hi,email", "v-2,Lee,,en,", " v-1 ,Kira,1,de,")
    owners = "\n".join(("vehicle_id,name,rank,language,survey_consents", *lines))
    book = read_contacts(written(tmp_path, owners=owners, page='owners = "owners.csv"'))
    assert [("Kira", 1), ("Asha", 2)] == [(person.name, person.person) for person in book.persons_of("v-1")]
    assert {Channel.EMAIL} == book.persons_of("v-1")[1].consents[Purpose.FEEDBACK]
    assert ["Lee"] == [person.name for person in book.persons_of("v-2")]


def test_a_changed_line_counts_at_once_and_a_file_that_cannot_be_used_changes_nothing(tmp_path: Path) -> None:
    owners, names = tmp_path / "owners.csv", []
    book = read_contacts(written(tmp_path, owners="vehicle_id,name\nv-1,Kira\n", page='owners = "owners.csv"'))
    for second, text in enumerate(("v-1,Asha\n", "v-1,Asha\nv-1,Lee\n", ""), start=1):
        owners.write_text(f"vehicle_id,name\n{text}", encoding="utf-8")
        os.utime(owners, (second, second))
        names.append([person.name for person in book.persons_of("v-1")])
    assert [["Asha"], ["Asha"], []] == names
    owners.unlink()
    assert () == book.persons_of("v-1")


def test_with_a_file_of_contacts_the_reference_agent_contacts_for_real(tmp_path: Path) -> None:
    path = written(tmp_path, page='owners = "owners.csv"\nregion = "AT"\n')
    agent = reference_agent(AgentType.CUSTOMER_ENGAGEMENT, tmp_path, contacts=path)
    assert isinstance(agent, RungByRungAgent)


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"phone": "12"}, r"owners\.csv, line 2: phone .* \+49 30"),
        ({"phone": "call me"}, r"owners\.csv, line 2: phone"),
        ({"owners": "vehicle_id,name,zone\nv-1,Kira,Vienna\n"}, "line 2: zone is 'Vienna'"),
        ({"owners": "vehicle_id,name,consents\nv-1,Kira,fax\n"}, "line 2: consents: fax is not a channel"),
        ({"owners": "vehicle_id,name\n,Kira\n"}, "line 2: vehicle_id is empty"),
        ({"owners": "vehicle_id,nom\n"}, "line 1: name is missing: the columns are"),
        ({"owners": "vehicle_id,name,fax\n"}, "line 1: fax is not known: the columns are"),
        ({"owners": "vehicle_id,name\nv 1,Kira\n"}, "line 2: vehicle_id is 'v 1': write 1 to 64 of"),
        ({"owners": "vehicle_id,name\nv-1,Kira\nv-1,Asha\n"}, "line 3: rank: v-1 has a person of rank 1 already"),
        ({"owners": "vehicle_id,name,rank\nv-1,Kira,first\n"}, "line 2: rank is 'first': write 1 for who"),
        ({"owners": "vehicle_id,name,email\nv-1,Kira,kira at home\n"}, "line 2: email is not an address"),
        ({"owners": "vehicle_id,name,survey_consents\nv-1,Kira,fax\n"}, "line 2: survey_consents: fax is not a"),
        ({"owners": "vehicle_id,name\nv-1,Meier, Kira\n"}, "line 2: more cells than columns"),
        ({"page": 'owners = "owners.csv"\ntransports = 3'}, "transports is not a table"),
        ({"page": "owner = 1"}, "owner is not known"),
        ({"page": "[transports]"}, "owners is missing"),
        ({"page": 'owners = "nowhere.csv"'}, "nowhere.csv cannot be read: No such file"),
        ({"page": 'owners = "owners.csv"\n[transports]\nfax = "x"'}, "fax is not a channel"),
        ({"page": 'owners = "owners.csv"\n[transports]\nsms = "${NOT_SET_HERE}"'}, "NOT_SET_HERE is not in the env"),
        ({"page": 'owners = "owners.csv"\n[transports]\nsms = 3'}, "sms is not a text"),
        ({"page": "= ="}, "is not TOML"),
    ],
)
def test_a_mistake_is_named_with_its_place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, change: dict[str, str], why: str
) -> None:
    monkeypatch.setenv("SMS_KEY", "k3y")
    with pytest.raises(ContactFileError, match=why):
        read_contacts(written(tmp_path, **change))


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(ContactFileError, match=r"contacts\.toml cannot be read.*MASTER_ORCHESTRATOR_CONTACTS"):
        read_contacts(tmp_path / "contacts.toml")


def test_the_owner_is_shown_free_times_and_the_one_chosen_is_booked(
    tmp_path: Path, task_of: Callable[..., Task[Any]]
) -> None:
    path = written(tmp_path, page='owners = "owners.csv"\nregion = "AT"\n')
    agents = reference_agents(tmp_path, contacts=path)
    work: dict[str, Any] = {"vehicle": "v-1", "priority": Priority.SCHEDULED, "operations": ["inspect"]}
    contact: Any = agents[AgentType.CUSTOMER_ENGAGEMENT](task_of(AgentType.CUSTOMER_ENGAGEMENT, **work))
    assert 3 == len(contact.offers)
    message = json.loads((tmp_path / "outbox" / "sms.jsonl").read_text("utf-8"))
    assert ("+4315331234", True) == (message["to"], "Antworten Sie mit der Nummer" in message["message"])
    second = contact.offers[1]
    ask = task_of(
        AgentType.SCHEDULING,
        **work,
        due_by_ms=MONDAY_MS + 14 * DAY_MS,
        preferred_from_ms=second.start_ms,
        chosen=second.model_dump(),
    )
    booked: Any = agents[AgentType.SCHEDULING](ask)
    assert (second.workshop_id, second.start_ms) == (booked.workshop_id, booked.start_ms)


def test_a_wish_200_days_ahead_is_booked_for_and_one_of_another_age_waits(
    tmp_path: Path, task_of: Callable[..., Task[Any]]
) -> None:
    agent = reference_agent(AgentType.SCHEDULING, tmp_path)
    work: dict[str, Any] = {"priority": Priority.SCHEDULED, "operations": ["inspect"], "due_by_ms": MONDAY_MS}
    wish_ms = MONDAY_MS + 200 * DAY_MS
    booked: Any = agent(task_of(AgentType.SCHEDULING, **work, preferred_from_ms=wish_ms))
    assert wish_ms <= booked.start_ms <= wish_ms + 14 * DAY_MS
    waiting: Any = agent(task_of(AgentType.SCHEDULING, **work, episode=2, preferred_from_ms=MAX_MS))
    assert (None, True) == (waiting.start_ms, waiting.no_place)
