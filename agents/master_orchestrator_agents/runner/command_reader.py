"""Decodes fetched records: each becomes a queued command, a dropped duplicate or a dead letter."""

from collections.abc import Mapping
from functools import partial

import structlog
from confluent_kafka import Message

from master_orchestrator_agents.runner.backlog import Backlog
from master_orchestrator_agents.runner.lane_queues import QueuedCommand
from master_orchestrator_agents.runner.metrics import RunnerMetrics
from master_orchestrator_agents.runner.offsets import OffsetTracker
from master_orchestrator_agents.runner.producer import ProducerRecord, RetryingProducer
from master_orchestrator_schemas.codec import Codec, DecodeError
from master_orchestrator_schemas.dead_letters import Origin, origin_headers
from master_orchestrator_schemas.headers import traceparent_of
from master_orchestrator_schemas.kafka import headers_of, place_of
from master_orchestrator_schemas.messages import Command
from master_orchestrator_schemas.places import Place
from master_orchestrator_schemas.vocabulary import AgentType, Lane

log = structlog.stdlib.get_logger(__name__)


class CommandReader:
    """Reads records of one agent's command topics. Belongs to the poll thread."""

    def __init__(
        self,
        agent: AgentType,
        *,
        codec: Codec,
        backlog: Backlog,
        producer: RetryingProducer,
        metrics: RunnerMetrics,
        lane_of: Mapping[str, Lane],
        reply_topic: str,
        dead_letter_topic: str,
    ) -> None:
        self._agent = agent
        self._codec = codec
        self._backlog = backlog
        self._producer = producer
        self._metrics = metrics
        self._lane_of = lane_of
        self._reply_topic, self._dead_letter_topic = reply_topic, dead_letter_topic

    def read(self, message: Message) -> None:
        """Decode and queue one record; it is complete when its reply or its dead letter is delivered."""
        place = fetched_place(message)
        tracker = self._backlog.fetched(place.topic_partition, place.offset)
        try:
            command = self._command(message)
        except DecodeError as error:
            self._dead_letter(message, error, tracker)
            return
        lane = self._lane_of[place.topic]
        since_ms, trace = message.timestamp()[1], traceparent_of(headers_of(message))
        entry = QueuedCommand(command, lane, since_ms, place.offset, tracker, len(message), trace)
        addition = self._backlog.add(entry)
        if not addition.is_new:
            self._metrics.skipped(lane, "repeat")
        if (reply := addition.resend) is not None:
            delivered = partial(self._backlog.complete_record, tracker, place.offset)
            self._producer.send(ProducerRecord(self._reply_topic, reply.key, reply.value, reply.headers, delivered))

    def _command(self, message: Message) -> Command:
        command = self._codec.decode(message.value(), Command)
        if command.agent is not self._agent:
            raise DecodeError("invalid", f"a command for {command.agent} on a topic of {self._agent}")
        return command

    def _dead_letter(self, message: Message, error: DecodeError, tracker: OffsetTracker) -> None:
        """Send the record to the dead letters unchanged, with origin and reason in the headers."""
        place = fetched_place(message)
        log.error("dead_letter", **place._asdict(), reason=error.reason)
        self._metrics.dead_letter(place.topic, error.reason)
        why = origin_headers(Origin(*place, error.reason, str(error)), message.timestamp()[1])
        self._producer.send(
            ProducerRecord(
                topic=self._dead_letter_topic,
                key=message.key(),
                value=message.value(),
                headers=[*headers_of(message), *why],
                delivered=lambda: self._backlog.complete_record(tracker, place.offset),
            )
        )


def fetched_place(message: Message) -> Place:
    """The place of a fetched record, which has one."""
    place = place_of(message)
    if place is None:
        raise ValueError(f"a fetched record of {message.topic()} without partition or offset")
    return place
