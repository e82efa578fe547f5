"""More partitions for a system at rest: every workflow goes on where it was, and every view finds it."""

from pathlib import Path

import pytest
from confluent_kafka.admin import AdminClient, NewPartitions
from support.engine_system import engine_system
from support.topics import CODEC, TopicLog

from master_orchestrator.cluster import repartition as repartition_module
from master_orchestrator.cluster.errors import ProvisionError
from master_orchestrator.cluster.provision import provision
from master_orchestrator.cluster.repartition import repartition
from master_orchestrator.readers.audit import read_trail
from master_orchestrator.readers.statuses import read_status, read_statuses
from master_orchestrator.readers.verify_topics import verify_topics
from master_orchestrator_schemas.kafka import KafkaSettings
from master_orchestrator_schemas.messages import Status
from master_orchestrator_schemas.topology import Topology
from master_orchestrator_schemas.vocabulary import State

pytestmark = pytest.mark.kafka

VEHICLES = 12
STRIDE = 4
"""One vehicle in four is looked at one by one: each look reads a topic."""


def _completed(log: TopicLog) -> int:
    """How many workflows are COMPLETED; a record without a value takes away what has moved."""
    statuses = (CODEC.decode(message.value() or b"", Status) for message in log.messages if message.value())
    return len({status.workflow_id for status in statuses if status.state is State.COMPLETED})


@pytest.mark.timeout(600)  # it starts three engines, and reads each topic many times
def test_vehicles_move_with_all_that_is_theirs_and_go_on(
    kafka: KafkaSettings,
    kafka_admin: AdminClient,
    unique_topology: Topology,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    wider = unique_topology.model_copy(update={"partitions": 2 * unique_topology.partitions})
    with engine_system(kafka, unique_topology, tmp_path / "before") as system:
        engine = system.start()
        with system.echo_agents():
            system.request_checks(range(VEHICLES))
            system.assert_whole(VEHICLES)
            with monkeypatch.context() as impatient:
                impatient.setattr(repartition_module, "SESSION_S", 0.0)
                with pytest.raises(ProvisionError, match="still run"):
                    repartition(kafka, wider)
        system.request_checks(range(VEHICLES, VEHICLES + 8))  # open when everything is stopped: no agent answers
        system.status.until(lambda log: len({m.key() for m in log.messages}) == VEHICLES + 8)
        assert 0 == engine.stop()
        trails = system.trails()

        system.request_checks(range(VEHICLES + 8, VEHICLES + 9))
        with pytest.raises(ProvisionError, match="not yet applied"):
            repartition(kafka, wider)
        engine.start()
        system.status.until(lambda log: len({m.key() for m in log.messages}) == VEHICLES + 9)
        assert 0 == engine.stop()

    readings = unique_topology.topic_of("Telemetry")  # by an accident, one topic is wider already
    kafka_admin.create_partitions([NewPartitions(readings, wider.partitions)])[readings].result()
    moved = repartition(kafka, wider)
    assert 0 < moved.vehicles < VEHICLES + 9
    assert (0, 0) == repartition(kafka, wider)
    assert {"unchanged"} == {outcome.action for outcome in provision(kafka_admin, wider)}

    assert {f"car-{n}~0" for n in range(VEHICLES + 9)} == {s.workflow_id for s in read_statuses(kafka, wider)}
    for number in range(0, VEHICLES, STRIDE):
        workflow_id = f"car-{number}~0"
        status = read_status(kafka, wider, workflow_id)
        assert status is not None
        assert State.COMPLETED is status.state
        assert trails[workflow_id] == read_trail(kafka, wider, workflow_id)

    with engine_system(kafka, wider, tmp_path / "after") as system:
        engine = system.start()
        with system.echo_agents():
            system.status.until(lambda log: _completed(log) == VEHICLES + 9, patience_s=120)
            system.request_checks(range(VEHICLES + 9, VEHICLES + 15))
            system.status.until(lambda log: _completed(log) == VEHICLES + 15)
        assert 0 == engine.stop()
    verdict = verify_topics(kafka, wider)
    assert ("cannot be told", ()) == (verdict.outcome, verdict.violations)
    assert all("before it moved" in gap.text for gap in verdict.untold)
