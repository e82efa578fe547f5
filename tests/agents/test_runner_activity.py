"""What runners put on record, on a real Kafka: a session per command, before some acts, and no reply without one."""

import signal
from collections.abc import Callable, Iterator
from functools import partial

import pytest
from support.agent_process import AgentProcess
from support.agent_wire import AGENT, AgentWire, command, running, wait_for_replies, wait_until
from support.topics import TopicLog, topic_log

from master_orchestrator_agents.task import Task
from master_orchestrator_schemas.messages import Activity
from master_orchestrator_schemas.topology import CharterLine
from master_orchestrator_schemas.vocabulary import ActorKind, ActOutcome, DeniedBy, Lane, Phase, Priority

TRACE = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"

pytestmark = pytest.mark.kafka


@pytest.fixture
def activity(wire: AgentWire) -> Iterator[TopicLog]:
    with topic_log(wire.kafka, wire.topology.topic_of("Activity")) as log:
        yield log


def test_every_command_has_a_session_with_its_acts_and_a_denied_act_is_not_done(
    wire: AgentWire, activity: TopicLog
) -> None:
    send = CharterLine.model_validate({"may": "send", "of": "sms"})
    wire.topology = wire.topology.model_copy(update={"charters": {AGENT: (send,)}})
    done: list[str] = []
    before: list[Activity] = []

    def handler(task: Task) -> None:
        if task.vehicle_id == "plain":
            return
        if task.vehicle_id == "rogue":
            with task.access("read", "customer_profile", entity="v-2"):
                done.append("read")
        with task.access("send", "sms"):
            before.extend(activity.until(lambda log: log.messages != []).decoded(Activity))

    commands = [command(0, vehicle, Lane.HIGH) for vehicle in ("sender", "rogue", "plain")]
    with running(wire, handler, worker_id="w7", version="r1", max_workers=1):
        for each in commands:
            wire.send(each, traceparent=TRACE)
            wait_for_replies(wire, [each])

    records = activity.until(lambda log: any(r.goodbye for r in log.decoded(Activity))).decoded(Activity)
    assert [*range(5)] == [record.seq for record in records]
    ahead, sender, rogue, plain, goodbye = records
    assert [(Phase.BEFORE, "sms")] == [(record.phase, record.acts[0].resource) for record in before]
    assert ahead == before[0]
    assert [each.command_id for each in commands] == [sender.session, rogue.session, plain.session]
    assert (ActOutcome.SUCCESS, "sms", 1) == (sender.outcome, sender.acts[0].resource, sender.acts[0].count)
    assert (ActOutcome.DENIED, DeniedBy.LINE, "v-2") == (rogue.outcome, rogue.acts[0].denied_by, rogue.acts[0].entity)
    assert ([], ()) == (done, plain.acts)
    assert (None, True) == (goodbye.session, goodbye.goodbye)
    assert {("agent:DIAGNOSIS", ActorKind.AGENT, "r1", sender.charter, sender.start_ms)} == {
        (record.actor, record.kind, record.version, record.charter, record.start_ms) for record in records
    }
    assert ("w7", Priority.HIGH, "sender~0") == (sender.instance.partition("@")[0], sender.priority, sender.workflow_id)
    headers = dict(activity.messages[1].headers() or [])
    assert (b"agent:DIAGNOSIS", TRACE.encode()) == (activity.messages[1].key(), headers["traceparent"])
    assert sender.activity_id.encode() == headers["ce_id"]


def test_a_command_past_its_deadline_is_on_record_without_acts(wire: AgentWire, activity: TopicLog) -> None:
    late, next_one = command(0, "v1", within_ms=-1), command(0, "v2")
    with running(wire, lambda _: None):
        wire.send(next_one)
        wait_for_replies(wire, [next_one])  # the brokers' clock is known from here on
        wire.send(late)
        wait_until(lambda: wire.committed() == 2, "the late one's commit")
    sessions = {
        record.session: record for record in activity.until(lambda log: len(log.messages) >= 3).decoded(Activity)
    }
    assert (ActOutcome.FAILURE, ()) == (sessions[late.command_id].outcome, sessions[late.command_id].acts)


def is_answered(wire: AgentWire, count: int) -> bool:
    return len(wire.replied()) >= count


def test_no_reply_is_without_its_session_whatever_kills_the_runner(
    wire: AgentWire, activity: TopicLog, launch: Callable[[str], AgentProcess]
) -> None:
    commands = [command(number, "quick" if number % 2 else f"v{number}") for number in range(400)]
    wire.send(*commands)
    for answered in (40, 120, 240):
        process = launch("w")
        process.go.touch()
        wait_until(partial(is_answered, wire, answered), "replies")
        assert process.end(signal.SIGKILL) == -signal.SIGKILL
    launch("w")
    wait_for_replies(wire, commands)
    wait_until(lambda: wire.committed() == len(commands), "all commits")

    activity.until(lambda log: {each.command_id for each in commands} <= {r.session for r in log.decoded(Activity)})
    assert wire.replied().keys() <= {record.session for record in activity.decoded(Activity)}
    ids = [record.activity_id for record in activity.decoded(Activity)]
    assert len(ids) == len(set(ids))
