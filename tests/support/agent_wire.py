"""The engine's side of an agent's topics, for tests of runners: commands out, replies and commits in."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any

from confluent_kafka import Consumer, KafkaException, Message, Producer, TopicPartition

from master_orchestrator_agents.errors import RunnerError
from master_orchestrator_agents.handler import Handler
from master_orchestrator_agents.runner.agent_runner import AgentRunner
from master_orchestrator_schemas.codec import Codec
from master_orchestrator_schemas.kafka import KafkaSettings, consumer_config, producer_config
from master_orchestrator_schemas.messages import Command, Reply
from master_orchestrator_schemas.tasks import DiagnosisTask
from master_orchestrator_schemas.topology import Topology
from master_orchestrator_schemas.vocabulary import AgentType, Lane
from support.commands import command_for

AGENT = AgentType.DIAGNOSIS
PAYLOAD = DiagnosisTask(dtcs=("P0128",)).model_dump(mode="json")
PATIENCE_S = 60.0


def command(number: int, vehicle_id: str, lane: Lane = Lane.ROUTINE, *, within_ms: int = 600_000) -> Command:
    workflow_id, now_ms = f"{vehicle_id}~{number}", time.time_ns() // 1_000_000
    return command_for(
        AGENT, workflow_id, priority=lane.priority, issued_at_ms=now_ms, within_ms=within_ms, payload=PAYLOAD
    )


class AgentWire:
    """The engine's side: sends commands, reads replies and commits."""

    def __init__(self, kafka: KafkaSettings, topology: Topology) -> None:
        self.kafka = kafka
        self.topology = topology
        self.codec = Codec(topology.limits)
        self.producer = Producer(producer_config(kafka, **{"linger.ms": 0}))
        self.consumer = Consumer(consumer_config(kafka, f"{topology.app_id}-judge"))
        self.outputs: list[Message] = []
        topics = (topology.topic_of("Reply"), topology.dead_letter_topic)
        self.consumer.assign([TopicPartition(topic, p, 0) for topic in topics for p in range(topology.partitions)])

    def send(self, *commands: Command, partition: int = -1, **headers: str) -> None:
        """To each command's lane; partition -1 is that of the key."""
        for each in commands:
            self.producer.produce(
                self.topology.command_topic(AGENT, each.priority.lane),
                key=each.vehicle_id.encode(),
                value=self.codec.encode(each),
                headers=dict(headers),
                partition=partition,
            )
            self.producer.poll(0)
        assert 0 == self.producer.flush(PATIENCE_S)

    def replies(self) -> list[Reply]:
        """All so far."""
        self.outputs += [message for message in self.consumer.consume(10_000, timeout=0.05) if message.error() is None]
        topic = self.topology.topic_of("Reply")
        return [self.codec.decode(m.value(), Reply) for m in self.outputs if m.topic() == topic]

    def replied(self) -> Counter[str]:
        return Counter(reply.command_id for reply in self.replies())

    def dead_letters(self) -> list[Message]:
        self.replies()
        return [message for message in self.outputs if message.topic() == self.topology.dead_letter_topic]

    def committed(self) -> int:
        """How many records the runners' group has committed, over all lanes."""
        topics = [self.topology.command_topic(AGENT, lane) for lane in Lane]
        partitions = [TopicPartition(topic, p) for topic in topics for p in range(self.topology.partitions)]
        group = Consumer(consumer_config(self.kafka, f"{self.topology.app_id}-agent-diagnosis"))
        try:
            while True:
                try:
                    return sum(max(each.offset, 0) for each in group.committed(partitions, timeout=30))
                except KafkaException as error:  # a coordinator that has just been found may not be ready
                    if not error.args[0].retriable():
                        raise
        finally:
            group.close()


def wait_until(condition: Callable[[], object], what: str, seconds: float = PATIENCE_S) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"waited {seconds:g} s in vain: {what}"
        time.sleep(0.02)


def wait_for_replies(wire: AgentWire, commands: Iterable[Command]) -> None:
    expected = {each.command_id for each in commands}
    wait_until(lambda: expected <= wire.replied().keys(), "replies")


@contextmanager
def running(wire: AgentWire, handler: Handler, **options: Any) -> Iterator[AgentRunner]:
    """A runner in a thread, drained at the end; its error is raised."""
    runner = AgentRunner(AGENT, handler, kafka=wire.kafka, topology=wire.topology, **options)
    errors: list[BaseException] = []

    def run() -> None:
        try:
            runner.run()
        except BaseException as error:
            errors.append(error)
            raise

    thread = threading.Thread(target=run)
    thread.start()
    try:
        yield runner
    finally:
        runner.stop()
        thread.join(PATIENCE_S)
        assert not thread.is_alive()
        assert [] == errors


@contextmanager
def supervised(wire: AgentWire, handler: Handler, **options: Any) -> Iterator[None]:
    """A runner in a thread as under a supervisor: one that the group has fenced ends, and another takes its place.

    A coordinator that hangs can make a static member fence itself: its first JoinGroup is answered late, its second one
    has an old member id (confluentinc/librdkafka#3437). Nothing but a restart leads out of that.
    """
    stop = threading.Event()
    runners: list[AgentRunner] = []
    errors: list[BaseException] = []

    def run() -> None:
        while not stop.is_set():
            runners.append(AgentRunner(AGENT, handler, kafka=wire.kafka, topology=wire.topology, **options))
            try:
                runners[-1].run()
            except RunnerError as error:
                if "fenced" not in str(error):
                    errors.append(error)
                    return

    thread = threading.Thread(target=run)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        runners[-1].stop()
        thread.join(PATIENCE_S)
        assert not thread.is_alive()
        assert [] == errors
