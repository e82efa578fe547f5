"""Agents for engine tests: answer every command at once, and again for every repeat."""

import threading
from collections.abc import Callable

from confluent_kafka import Consumer, Producer

from master_orchestrator_schemas.kafka import KafkaSettings, consumer_config, producer_config
from master_orchestrator_schemas.messages import Command, Reply
from master_orchestrator_schemas.results import RESULTS, Result
from master_orchestrator_schemas.topology import Topology
from master_orchestrator_schemas.vocabulary import AgentType
from support.topics import CODEC

AgentAnswer = Callable[[AgentType], Result | None]
"""The result of each agent; None: it does not answer."""


def default_answer(agent: AgentType) -> Result:
    """The defaults of its result."""
    return RESULTS[agent]()


class EchoAgents:
    """All six agents in one thread, each answering as it is told to. Keeps the commands it saw."""

    def __init__(self, kafka: KafkaSettings, topology: Topology, answer: AgentAnswer = default_answer) -> None:
        self._topology, self._result_of = topology, answer
        self._consumer = Consumer(
            consumer_config(kafka, f"{topology.app_id}-echo", **{"auto.offset.reset": "earliest"})
        )
        self._consumer.subscribe(list(topology.command_topics))
        self._producer = Producer(producer_config(kafka))
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="echo-agents")
        self.commands: list[Command] = []
        self.values: dict[str, set[bytes]] = {}

    def __enter__(self) -> "EchoAgents":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stopping.set()
        self._thread.join()
        self._consumer.close()
        self._producer.flush(10)

    def _run(self) -> None:
        while not self._stopping.is_set():
            for message in self._consumer.consume(500, 0.1):
                if message.error() is None:
                    self._answer(message.value() or b"")
            self._producer.poll(0)

    def _answer(self, value: bytes) -> None:
        command = CODEC.decode(value, Command)
        self.commands.append(command)
        self.values.setdefault(command.command_id, set()).add(value)
        if (result := self._result_of(command.agent)) is None:
            return
        reply = Reply(
            command_id=command.command_id,
            workflow_id=command.workflow_id,
            vehicle_id=command.vehicle_id,
            agent=command.agent,
            worker="echo",
            handled_in_ms=0,
            result=result.to_wire(),
        )
        self._producer.produce(self._topology.topic_of("Reply"), CODEC.encode(reply), command.vehicle_id.encode())
