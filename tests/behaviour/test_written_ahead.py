"""What is written ahead of an act is judged even if its session never ends."""

import msgspec
import pytest
from support.actor_partition import MINUTE_MS, ActorPartition, Worker, topology_of_one

from master_orchestrator.behaviour.acts import DAY_MS
from master_orchestrator.behaviour.silences import SILENT_MS
from master_orchestrator_schemas.messages import ActorTick, Alert, EntityStatus, OpenFinding, SessionAct
from master_orchestrator_schemas.topology import CharterLine
from master_orchestrator_schemas.vocabulary import Action, DeniedBy, Phase

AGENT = "agent:CUSTOMER_ENGAGEMENT"
SEND = SessionAct(action=Action.SEND, resource="sms")
BREACH = SessionAct(action=Action.SEND, resource="email", denied_by=DeniedBy.LINE)
"""Let through, since charters are only observed."""


@pytest.fixture
def partition() -> ActorPartition:
    line = CharterLine.model_validate({"may": "send", "of": "sms"})
    audit = CharterLine.model_validate({"may": "read", "of": "audit_log"})
    return ActorPartition(topology_of_one(charters={"CUSTOMER_ENGAGEMENT": (line,), "operator:*": (audit,)}))


@pytest.fixture
def runner(partition: ActorPartition) -> Worker:
    return Worker(partition, AGENT)


def findings(partition: ActorPartition) -> dict[str, OpenFinding]:
    """By rule."""
    return {finding.rule: finding for finding in partition.out(EntityStatus)[-1].findings}


def test_a_session_that_ends_leaves_nothing_of_what_was_written_ahead(
    partition: ActorPartition, runner: Worker
) -> None:
    partition.apply(runner.session(SEND, phase=Phase.BEFORE, session="c"), runner.session(SEND, session="c"))
    partition.apply(runner.session(goodbye=True, session=None))
    assert {} == findings(partition)


def test_a_breach_is_told_when_it_is_written_ahead_and_counts_once(partition: ActorPartition, runner: Worker) -> None:
    partition.apply(runner.session(BREACH, phase=Phase.BEFORE, session="c"))
    assert 1 <= len(partition.out(Alert))
    partition.apply(runner.session(BREACH, session="c"))
    assert 1 == findings(partition)["outside_charter"].count


def test_a_breach_that_comes_on_top_of_the_one_told_is_counted(partition: ActorPartition, runner: Worker) -> None:
    partition.apply(runner.session(BREACH, phase=Phase.BEFORE, session="c"))
    partition.apply(runner.session(msgspec.structs.replace(BREACH, count=3), session="c"))
    partition.at_ms += MINUTE_MS
    partition.apply(runner.session())
    assert 3 == findings(partition)["outside_charter"].count


def test_who_is_killed_within_an_act_leaves_a_finding_once_it_is_silent(
    partition: ActorPartition, runner: Worker
) -> None:
    partition.apply(runner.session(SEND, phase=Phase.BEFORE, session="c"))
    partition.at_ms += SILENT_MS
    partition.apply(ActorTick(actor=AGENT, deadline_id="silence", due_ms=1))
    (finding,) = [each for each in partition.out(EntityStatus)[-1].findings if each.resource == "sms"]
    assert ("silence", 30, "send", "v-1") == (finding.rule, finding.severity, finding.action, finding.entity)
    assert "was begun 5 minutes ago" in finding.explanation


def test_a_restart_under_the_same_name_leaves_one_too(partition: ActorPartition, runner: Worker) -> None:
    partition.apply(runner.session(SEND, phase=Phase.BEFORE, session="c"))
    again = Worker(partition, AGENT, start_ms=runner.start_ms + 1)
    partition.apply(again.session(SEND, phase=Phase.BEFORE, session="c"), again.session(SEND, session="c"))
    assert {} == findings(partition)
    partition.at_ms += SILENT_MS
    partition.apply(again.session())
    assert {"silence": 1} == {rule: finding.count for rule, finding in findings(partition).items()}
    assert [] == partition.out(Alert)


def test_an_act_whose_end_is_not_known_counts_as_done(partition: ActorPartition, runner: Worker) -> None:
    for _ in range(210):
        partition.apply(runner.session(SEND))
        partition.at_ms += DAY_MS // 24
    ahead = [runner.session(SEND, phase=Phase.BEFORE, session="c") for _ in range(5)]
    partition.apply(*ahead, runner.session(goodbye=True, session=None))
    assert {"silence", "per_command"} <= set(findings(partition))


def test_an_operator_who_never_ends_is_told_after_a_day(partition: ActorPartition) -> None:
    ada = Worker(partition, "operator:ada")
    look = SessionAct(action=Action.READ, resource="audit_log")
    work = partition.apply(ada.session(look, phase=Phase.BEFORE, session="c"))
    (due,) = [each for each in work.deadlines["operator:ada"] if each.deadline_id == "unheard"]
    assert partition.at_ms + DAY_MS == due.due_ms
    partition.at_ms = due.due_ms
    partition.apply(ActorTick(actor="operator:ada", deadline_id="unheard", due_ms=due.due_ms))
    assert {"silence"} == set(findings(partition))


def test_however_many_are_begun_few_are_kept_and_none_is_lost(partition: ActorPartition, runner: Worker) -> None:
    partition.apply(*(runner.session(SEND, phase=Phase.BEFORE, session=f"c{number}") for number in range(500)))
    partition.apply(runner.session(goodbye=True, session=None))
    partition.at_ms += MINUTE_MS
    partition.apply(runner.session())
    assert 500 == findings(partition)["silence"].count
    assert 16 * 1024 > len(partition.table[AGENT.encode()])
