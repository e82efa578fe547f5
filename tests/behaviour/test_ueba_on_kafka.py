"""The ueba app on a real broker: killed in the middle, it loses and doubles no finding, and its trail replays."""

import time
from pathlib import Path

import pytest
from confluent_kafka import Producer
from support.engine_process import EngineProcess

from master_orchestrator.client.judge_requests import ask_judge
from master_orchestrator.readers.actors import read_actor_trail, read_entity
from master_orchestrator.readers.verify_actors import verify_actors
from master_orchestrator_schemas.codec import Codec
from master_orchestrator_schemas.kafka import KafkaSettings, producer_config
from master_orchestrator_schemas.messages import Activity, EntityStatus, SessionAct, UebaRequest
from master_orchestrator_schemas.topology import Topology
from master_orchestrator_schemas.vocabulary import (
    ActError,
    Action,
    ActorKind,
    ActOutcome,
    ControlLevel,
    DeniedBy,
    UebaAction,
)

pytestmark = pytest.mark.kafka
ACTORS = ("agent:DIAGNOSIS", "agent:FEEDBACK", "operator:ada")
START_MS = 1_750_000_000_000
SESSIONS = 60
WAIT_S = 60.0


def breach(actor: str, seq: int) -> Activity:
    """A session that breaks the charter on one of three resources."""
    denied = SessionAct(
        action=Action.DELETE,
        resource=("policy", "audit_log", "telemetry")[seq % 3],
        outcome=ActOutcome.DENIED,
        error=ActError.DENIED,
        denied_by=DeniedBy.LINE,
    )
    return Activity(
        activity_id=f"s{seq}#{actor}",
        actor=actor,
        kind=ActorKind(actor.partition(":")[0]),
        instance="w@h",
        start_ms=START_MS,
        seq=seq,
        session=f"s{seq}",
        at_ms=START_MS,
        acts=(denied,),
    )


def test_a_kill_in_the_middle_loses_and_doubles_nothing(
    kafka: KafkaSettings, unique_topology: Topology, tmp_path: Path
) -> None:
    codec = Codec(unique_topology.limits)
    producer = Producer(producer_config(kafka, unique_topology.limits, unique_topology.compression))

    def send(first: int, last: int) -> None:
        for seq in range(first, last):
            for actor in ACTORS:
                producer.produce(
                    unique_topology.topic_of("Activity"), codec.encode(breach(actor, seq)), actor.encode(), headers=[]
                )
        assert 0 == producer.flush(WAIT_S)

    worker = EngineProcess(kafka, unique_topology, tmp_path / "ueba", "u1", "--app", "ueba")
    send(0, SESSIONS // 2)
    worker.start()
    try:
        _awaited(kafka, unique_topology, 1)
        send(SESSIONS // 2, SESSIONS)
        worker.kill()
        send(0, SESSIONS)  # the writers were killed too, and wrote all of it again
        worker.start()
        release = UebaRequest(
            actor=ACTORS[0], request_id="r1", action=UebaAction.RELEASE, by="ada", reason="the test is over"
        )
        answer = ask_judge(kafka, unique_topology, release, WAIT_S)
        for actor in ACTORS:
            status = _awaited(kafka, unique_topology, 3, actor)
            trail = read_actor_trail(kafka, unique_topology, actor)
            raised = [record.finding_id for record in trail if record.event == "finding_raised"]
            assert len(set(raised)) == len(raised)
            breaches = [finding for finding in status.findings if finding.rule == "outside_charter"]
            assert {"policy", "audit_log", "telemetry"} == {finding.resource for finding in breaches}
        verdict = verify_actors(kafka, unique_topology, replay=True)
    finally:
        worker.stop()
    assert "control_released" == answer.event
    assert ControlLevel.OBSERVE == _awaited(kafka, unique_topology, 3).level
    assert ("whole", ()) == (verdict.outcome, verdict.violations)
    assert len(ACTORS) == verdict.actors


def _awaited(kafka: KafkaSettings, topology: Topology, findings: int, actor: str = ACTORS[0]) -> EntityStatus:
    until = time.monotonic() + WAIT_S
    while time.monotonic() < until:
        status = read_entity(kafka, topology, actor)
        if status is not None and len(status.findings) >= findings:
            return status
        time.sleep(0.2)
    raise AssertionError(f"nothing of {actor} in {WAIT_S:.0f} s")
