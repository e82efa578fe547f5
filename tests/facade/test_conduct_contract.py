"""What holds for actors on both shells: charter, judge, controls, safety, release."""

import asyncio
import queue
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any, cast

import pytest
from confluent_kafka import Producer
from support.engine_process import EngineProcess
from support.facade_stage import FacadeStage, quick
from support.four_agents import HOT, diagnose, four_agents

from master_orchestrator import MasterOrchestrator, RetryableError, Task
from master_orchestrator.client.judge_requests import request_about
from master_orchestrator.errors import InvalidRequestError, UnknownActorError
from master_orchestrator.memory.shell import MemoryShell
from master_orchestrator.readers.decoding import decoded
from master_orchestrator.readers.topics import TopicReader, partition_of
from master_orchestrator_agents.errors import CharterError, ControlledError
from master_orchestrator_schemas.codec import Codec
from master_orchestrator_schemas.kafka import producer_config
from master_orchestrator_schemas.messages import Alert
from master_orchestrator_schemas.topology import Topology
from master_orchestrator_schemas.vocabulary import ActOutcome, ControlLevel, DeniedBy, Phase, UebaAction

ROGUE = "agent:CUSTOMER_ENGAGEMENT"
SAFE, UNSAFE = "safe", "unsafe"
TRIES, WAIT_S, POLL_S = 100, 120.0, 0.2


@pytest.fixture
def judged(request: pytest.FixtureRequest, stage: FacadeStage) -> Iterator[FacadeStage]:
    """The stage with a judge of behaviour: in memory it has one."""
    if stage.kafka is None:
        yield stage
        return
    folder = request.getfixturevalue("tmp_path")
    worker = EngineProcess(stage.kafka, stage.topology, folder / "ueba", "u1", "--app", "ueba")
    worker.start()
    yield stage
    worker.stop()


class Rogue:
    """A CUSTOMER_ENGAGEMENT handler that tries to delete the audit trail once, and sends a notice each time.

    ``notices``: for each vehicle whether its notice went out.
    """

    def __init__(self) -> None:
        self.notices: queue.Queue[tuple[str, bool]] = queue.Queue()
        self.tempted = True

    async def __call__(self, task: Task) -> dict[str, Any]:
        if self.tempted:
            self.tempted = False
            with suppress(CharterError), task.access("delete", "audit_log"):
                pytest.fail("an act outside the charter was done")
        try:
            async with task.access("send", "push"):
                self.notices.put((task.vehicle_id, True))
        except RetryableError:
            self.notices.put((task.vehicle_id, False))
            raise
        return {"answer": "ACCEPT", "channel": "push"}


def found_by_name(task: Task) -> dict[str, Any]:
    """A serious fault of a vehicle whose name says so."""
    unsafe = task.vehicle_id.startswith(UNSAFE)
    return diagnose(task) if unsafe else {"causes": ["fan"], "probability": 0.2, "severity": 0.2}


class Fleet:
    """Sends readings of new vehicles, one after the other."""

    def __init__(self, orchestrator: MasterOrchestrator, rogue: Rogue) -> None:
        self._orchestrator, self._rogue = orchestrator, rogue

    def until_notice(self, kind: str, *, goes_out: bool) -> None:
        """A runner reads controls as they come, so it may take some vehicles."""
        for _ in range(TRIES):
            car = f"{kind}-{uuid.uuid4().hex[:12]}"
            self._orchestrator.receive_vehicle_telemetry(car, {"speed": 50})
            if goes_out == self._notice(car):
                return
        pytest.fail(f"not one of {TRIES} vehicles")

    def _notice(self, car: str) -> bool:
        """Whether its notice went out; those of others are of earlier tests, whose topics these are too."""
        while True:
            about, went_out = self._rogue.notices.get(timeout=WAIT_S)
            if about == car:
                return went_out


def await_block(orchestrator: MasterOrchestrator) -> None:
    """Until the judge has blocked the rogue; over Kafka it is a process that has to start first."""
    until = time.monotonic() + WAIT_S
    while time.monotonic() < until:
        with suppress(UnknownActorError):
            if "BLOCK" == orchestrator.explain_actor(ROGUE)["level"]:
                return
        time.sleep(POLL_S)
    pytest.fail(f"not blocked within {WAIT_S:g} s")


def break_controls(judged: FacadeStage) -> None:
    """Over Kafka: a record about the rogue that nobody can read. The last known control holds."""
    if judged.kafka is None:
        return
    topic, partition = judged.topology.topic_of("Control"), partition_of(ROGUE, judged.topology.partitions)
    producer = Producer(producer_config(judged.kafka, judged.topology.limits, judged.topology.compression))
    producer.produce(topic, b"garbage", ROGUE.encode(), partition)
    assert 0 == producer.flush(WAIT_S)
    producer.close()


def await_override(judged: FacadeStage, orchestrator: MasterOrchestrator) -> None:
    """Until an alert says that a controlled actor acted all the same."""
    until = time.monotonic() + WAIT_S
    while not any("is controlled, and did send of push" in alert.message for alert in _alerts(judged, orchestrator)):
        assert time.monotonic() < until
        time.sleep(POLL_S)


def _alerts(judged: FacadeStage, orchestrator: MasterOrchestrator) -> list[Alert]:
    if judged.kafka is None:
        shell = orchestrator._running
        assert isinstance(shell, MemoryShell)
        return list(shell.log.alerts)
    topic = judged.topology.topic_of("Alert")
    with TopicReader(judged.kafka, [topic], range(judged.topology.partitions)) as reader:
        return list(decoded(reader.catch_up(), Alert, Codec(judged.topology.limits)))


def test_a_rogue_is_blocked_and_released_and_notices_of_unsafe_vehicles_go_out_meanwhile(judged: FacadeStage) -> None:
    rogue = Rogue()
    orchestrator = judged.started(four_agents(CUSTOMER_ENGAGEMENT=rogue, DIAGNOSIS=found_by_name))
    fleet = Fleet(orchestrator, rogue)

    fleet.until_notice(UNSAFE, goes_out=True)
    await_block(orchestrator)
    fleet.until_notice(SAFE, goes_out=False)
    break_controls(judged)
    fleet.until_notice(SAFE, goes_out=False)
    fleet.until_notice(UNSAFE, goes_out=True)
    await_override(judged, orchestrator)

    why = orchestrator.explain_actor(ROGUE)
    worst = max(why["findings"], key=lambda finding: finding["severity"])
    assert ("BLOCK", "critical") == (why["level"], why["band"])
    assert ("outside_charter", "delete", "audit_log") == (worst["rule"], worst["action"], worst["resource"])
    with pytest.raises(InvalidRequestError, match="may not decide about itself"):
        orchestrator.release_actor(ROGUE, operator=ROGUE, reason="let me")
    with pytest.raises(InvalidRequestError, match="reason is empty"):
        orchestrator.release_actor(ROGUE, operator="ada", reason=" ")
    orchestrator.acknowledge_finding(worst["finding_id"], benign=True, operator="ada", reason="a drill")
    orchestrator.release_actor(ROGUE, operator="ada", reason="handler mended")
    fleet.until_notice(SAFE, goes_out=True)

    after = orchestrator.explain_actor(ROGUE)
    assert ("OBSERVE", "operator:ada") == (after["level"], after["done"][-1]["by"])


def hold(orchestrator: MasterOrchestrator, actor: str) -> None:
    """Have somebody block the actor."""
    shell = orchestrator._running
    assert shell is not None
    block = request_about(actor, UebaAction.CONTROL, by="carol", reason="a drill", level=ControlLevel.BLOCK)
    assert "control_set" == shell.ask_judge(block, WAIT_S).event


def until(refused: bool, change: Callable[[], object]) -> None:
    """What is known of a control may be some seconds old."""
    end = time.monotonic() + WAIT_S
    while time.monotonic() < end:
        try:
            change()
        except ControlledError:
            if refused:
                return
        else:
            if not refused:
                return
        time.sleep(POLL_S)
    pytest.fail(f"{'not' if refused else 'still'} refused after {WAIT_S:g} s")


def test_a_client_and_an_operator_who_are_blocked_change_nothing_and_still_see_and_hand_in(judged: FacadeStage) -> None:
    ada, dora, portal = (f"{kind}-{uuid.uuid4().hex[:8]}" for kind in ("ada", "dora", "portal"))
    orchestrator = judged.orchestrator(four_agents(), client=portal)
    orchestrator.start()
    workflow = orchestrator.receive_vehicle_telemetry(f"v-{portal}", HOT)

    def another_campaign() -> None:
        orchestrator.open_campaign(f"recall-{portal}", [f"v-{uuid.uuid4().hex}"], "replace_hose")

    with judged.on_record(orchestrator, f"client:{portal}") as records:
        hold(orchestrator, f"client:{portal}")
        hold(orchestrator, f"operator:{ada}")
        until(True, another_campaign)
        assert orchestrator.receive_vehicle_telemetry(f"v-{uuid.uuid4().hex}", HOT)
        with pytest.raises(ControlledError, match=f"operator:{ada} is held back for now.*somebody else may release"):
            orchestrator.release_actor(f"client:{portal}", operator=ada, reason="let us")
        assert workflow == orchestrator.get_workflow_status(workflow)["workflow_id"]
        assert "BLOCK" == orchestrator.explain_actor(f"client:{portal}")["level"]

        orchestrator.release_actor(f"operator:{ada}", operator=dora, reason="the drill is over")
        until(False, lambda: orchestrator.release_actor(f"client:{portal}", operator=ada, reason="the drill is over"))
        until(False, another_campaign)
    refused = {
        (record.actor, record.outcome, act.outcome)
        for record in records
        for act in record.acts
        if act.denied_by is DeniedBy.CONTROL and not record.actor.startswith("agent:")  # those of other tests
    }
    denied = ActOutcome.DENIED
    assert {(f"client:{portal}", denied, denied), (f"operator:{ada}", denied, denied)} == refused


def test_the_same_on_an_event_loop(topology: Topology) -> None:
    rogue = Rogue()

    async def run() -> None:
        async with FacadeStage(quick(topology), None).async_orchestrator(
            four_agents(CUSTOMER_ENGAGEMENT=rogue)
        ) as orchestrator:
            with pytest.raises(UnknownActorError, match="kind before its name, like agent:DIAGNOSIS"):
                await orchestrator.explain_actor("DIAGNOSIS")
            await orchestrator.wait_until_ended(await orchestrator.receive_vehicle_telemetry("v-1", HOT))
            assert "BLOCK" == (await orchestrator.explain_actor(ROGUE))["level"]
            await orchestrator.acknowledge_finding(f"{ROGUE}/0", benign=False, operator="ada", reason="seen")
            await orchestrator.release_actor(ROGUE, operator="ada", reason="handler mended")
            assert "OBSERVE" == (await orchestrator.explain_actor(ROGUE))["level"]
            records = cast("MemoryShell", orchestrator._running).log.activity
            by_ada = [each for each in records if each.actor == "operator:ada" and each.phase is Phase.DONE]
            assert [(ROGUE, "ADMIN", "agent_control")] * 2 == [
                (each.entity, each.acts[0].action, each.acts[0].resource) for each in by_ada
            ]

    asyncio.run(run())
