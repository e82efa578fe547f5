"""FEEDBACK: one survey per episode, and labels from what the technician found."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from master_orchestrator_agents.reference.codes import CodeTable
from master_orchestrator_agents.reference.diagnosis import load_knowledge
from master_orchestrator_agents.reference.feedback import FeedbackAgent, Survey, SurveyAnswer
from master_orchestrator_agents.reference.feedback.store import SurveyStore
from master_orchestrator_agents.task import Task
from master_orchestrator_schemas.results import FeedbackResult
from master_orchestrator_schemas.vocabulary import AgentType, FindingLabel

HOT = {"rule": "coolant_hot", "subsystem": "cooling", "priority": 2, "at_ms": 1}
MISFIRE = {"rule": "dtc:P0301", "subsystem": "ignition", "priority": 2, "at_ms": 1}


class Respondent:
    """A customer under test."""

    def __init__(self) -> None:
        self.answer: SurveyAnswer | None = SurveyAnswer(csat=4, nps=9, fixed=True, text="fine")
        self.asked: list[Survey] = []

    def survey(self, survey: Survey) -> SurveyAnswer | None:
        self.asked.append(survey)
        return self.answer


@pytest.fixture
def respondent() -> Respondent:
    return Respondent()


@pytest.fixture
def ask(
    respondent: Respondent, codes: CodeTable, tmp_path: Path, task_of: Callable[..., Task[Any]]
) -> Iterator[Callable[..., FeedbackResult]]:
    store = SurveyStore(tmp_path / "surveys.sqlite3")
    agent = FeedbackAgent(store, respondent, load_knowledge(), codes)
    yield lambda **given: agent(task_of(AgentType.FEEDBACK, **given))
    store.close()


Ask = Callable[..., FeedbackResult]


def test_the_answer_is_handed_on(ask: Ask) -> None:
    result = ask()

    assert (4, 9, True, "fine") == (result.csat, result.nps, result.fixed_right_first_time, result.text)


def test_no_answer_is_no_failure_and_labels_all_the_same(ask: Ask, respondent: Respondent) -> None:
    respondent.answer = None

    result = ask(findings=[HOT], confirmed_cause="water_pump", confirmed_subsystem="cooling")

    assert (None, None, None) == (result.csat, result.nps, result.fixed_right_first_time)
    assert [FindingLabel.CONFIRMED] == [label.label for label in result.labels]


@pytest.mark.parametrize("answers", [True, False])
def test_a_customer_is_asked_once_per_episode(ask: Ask, respondent: Respondent, *, answers: bool) -> None:
    if not answers:
        respondent.answer = None

    assert ask() == ask() == ask(attempt=1)
    assert 1 == len(respondent.asked)


@pytest.mark.parametrize(
    ("confirmed", "labels"),
    [
        ({"confirmed_cause": "Water pump", "confirmed_subsystem": "cooling"}, ["CONFIRMED", "WRONG_SUBSYSTEM"]),
        ({"confirmed_cause": "water-pump"}, ["CONFIRMED", "WRONG_SUBSYSTEM"]),
        ({"confirmed_cause": "P0301"}, ["WRONG_SUBSYSTEM", "CONFIRMED"]),
        ({"confirmed_subsystem": "ignition"}, ["WRONG_SUBSYSTEM", "CONFIRMED"]),
        ({"confirmed_cause": "Wasserpumpe undicht, ersetzt"}, ["CONFIRMED", "WRONG_SUBSYSTEM"]),
        ({"confirmed_cause": "Zündspule und Thermostat ersetzt"}, ["CONFIRMED", "CONFIRMED"]),
        ({"confirmed_cause": "motor de arranque sustituido"}, ["WRONG_SUBSYSTEM", "WRONG_SUBSYSTEM"]),
        ({"confirmed_cause": "fault p0301 confirmed"}, ["WRONG_SUBSYSTEM", "CONFIRMED"]),
        ({"parts_replaced": ["water_pump", "coolant"]}, ["CONFIRMED", "WRONG_SUBSYSTEM"]),
        ({"confirmed_cause": "No fault found"}, ["FALSE", "FALSE"]),
        ({"confirmed_cause": "thermostat checked ok"}, []),
        ({"confirmed_cause": "flux capacitor"}, []),
        ({}, []),
    ],
)
def test_labels_follow_the_confirmed_cause(ask: Ask, confirmed: dict[str, str], labels: list[str]) -> None:
    result = ask(findings=[HOT, MISFIRE], **confirmed)

    assert labels == [label.label for label in result.labels]
    assert ["coolant_hot", "dtc:P0301"][: len(labels)] == [label.rule for label in result.labels]


CAUSES = [
    {"component": "thermostat_stuck_closed", "subsystem": "cooling"},
    {"component": "water_pump", "subsystem": "cooling"},
    {"component": "spark_plugs", "subsystem": "ignition"},
]


@pytest.mark.parametrize(
    ("text", "labels"),
    [
        ("Thermostat klemmt", ["CONFIRMED", "FALSE", "WRONG_SUBSYSTEM"]),
        ("thermostat checked ok, hose replaced", ["FALSE", "FALSE", "WRONG_SUBSYSTEM"]),
        ("thermostat checked ok", ["FALSE"]),
        ("sin avería", ["FALSE", "FALSE", "FALSE"]),
        ("flux capacitor", []),
    ],
)
def test_causes_have_labels_too(ask: Ask, text: str, labels: list[str]) -> None:
    result = ask(findings=[HOT], causes=CAUSES, confirmed_cause=text)

    assert labels == [label.label for label in result.cause_labels]


def test_what_is_not_in_the_vocabulary_is_said_to_be_unmapped(ask: Ask) -> None:
    unknown = ask(findings=[HOT], confirmed_cause="flux capacitor")
    known = ask(findings=[HOT], confirmed_cause="Water-Pump replaced", episode=2)

    assert (True, ()) == (unknown.unmapped, unknown.components)
    assert (False, ("water_pump",)) == (known.unmapped, known.components)


@pytest.mark.parametrize("given", [{"cause_labels": 3, "components": {"a": 1}}, {"cause_labels": [{"cause": "x"}]}])
def test_further_keys_that_cannot_be_read_are_left(given: dict[str, Any]) -> None:
    result = FeedbackResult.model_validate(given)

    assert ((), (), False) == (result.cause_labels, result.components, result.unmapped)
