"""The workshop feed over a real Kafka: statuses in, service events out, the same again after a restart."""

import threading
import time
from collections.abc import Callable

import pytest
from confluent_kafka import Consumer, Producer

from master_orchestrator_agents.errors import RunnerError
from master_orchestrator_agents.simulated.feed import WorkshopFeed
from master_orchestrator_agents.simulated.workshop import WorkshopBehaviour
from master_orchestrator_schemas.codec import Codec
from master_orchestrator_schemas.kafka import KafkaSettings, consumer_config, producer_config
from master_orchestrator_schemas.messages import ServiceEvent, Status
from master_orchestrator_schemas.topology import Topology
from master_orchestrator_schemas.vocabulary import Priority, ServiceEventKind, State

pytestmark = pytest.mark.kafka

NOW = 1_768_208_400_000
PUNCTUAL = WorkshopBehaviour(no_show=0, cancelled=0, parts_missing=0)
CODEC = Codec()


def status(vehicle: str, state: State) -> Status:
    return Status(
        workflow_id=f"{vehicle}~1",
        vehicle_id=vehicle,
        state=state,
        priority=Priority.HIGH,
        reason=None,
        step=None,
        attempt=0,
        attempts=4,
        findings=("coolant_hot",),
        created_at_ms=NOW,
        updated_at_ms=NOW,
        seq=9,
        history=(),
        appointment_start_ms=NOW,
        appointment_end_ms=NOW + 3_600_000,
        appointment_id=f"A-{vehicle}",
        workshop_id="workshop-001",
    )


def publish(kafka: KafkaSettings, topology: Topology, statuses: list[Status]) -> None:
    producer = Producer(producer_config(kafka))
    producer.produce(topology.topic_of("Status"), key=b"unreadable", value=b"\xff\xff")
    for each in statuses:
        producer.produce(topology.topic_of("Status"), key=each.workflow_id.encode(), value=CODEC.encode(each))
    assert 0 == producer.flush(30)


def reported(kafka: KafkaSettings, topology: Topology, count: int) -> list[tuple[bytes | None, ServiceEvent]]:
    """Reads until there are ``count`` events."""
    consumer = Consumer(consumer_config(kafka, f"{topology.app_id}-test-{count}"))
    consumer.subscribe([topology.topic_of("ServiceEvent")])
    events: list[tuple[bytes | None, ServiceEvent]] = []
    deadline = time.monotonic() + 60
    while len(events) < count and time.monotonic() < deadline:
        message = consumer.poll(0.5)
        if message is not None and message.error() is None:
            events.append((message.key(), CODEC.decode(message.value(), ServiceEvent)))
    consumer.close()
    return events


def run_until(
    feed: WorkshopFeed, condition: Callable[[], list[tuple[bytes | None, ServiceEvent]]]
) -> list[tuple[bytes | None, ServiceEvent]]:
    thread = threading.Thread(target=feed.run)
    thread.start()
    try:
        return condition()
    finally:
        feed.stop()
        thread.join(60)
        assert not thread.is_alive()


def test_statuses_become_service_events_and_a_restart_repeats_them(
    kafka: KafkaSettings, unique_topology: Topology
) -> None:
    publish(
        kafka,
        unique_topology,
        [status("v1", State.SCHEDULED), status("v2", State.IN_SERVICE), status("v3", State.DIAGNOSIS)],
    )

    def feed() -> WorkshopFeed:
        return WorkshopFeed(kafka, unique_topology, behaviour=PUNCTUAL, max_wait_s=0.2)

    first = run_until(feed(), lambda: reported(kafka, unique_topology, 2))
    both = run_until(feed(), lambda: reported(kafka, unique_topology, 4))

    assert {(b"v1", ServiceEventKind.CHECKED_IN), (b"v2", ServiceEventKind.COMPLETED)} == {
        (key, event.kind) for key, event in first
    }
    assert 4 == len(both)
    assert {event.event_id for _, event in first} == {event.event_id for _, event in both}


def test_a_cluster_without_the_topic_is_an_error_that_says_so(kafka: KafkaSettings, topology: Topology) -> None:
    with pytest.raises(RunnerError, match="provision"):
        WorkshopFeed(kafka, topology.with_prefix("never-provisioned-")).run()
