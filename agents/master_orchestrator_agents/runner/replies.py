"""Sends handlers' replies to the replies topic."""

from collections.abc import Callable
from functools import partial

from master_orchestrator_agents.errors import InvalidResultError
from master_orchestrator_agents.handler import failure_reply
from master_orchestrator_agents.runner.backlog import Backlog
from master_orchestrator_agents.runner.dedup import DeliveredReply
from master_orchestrator_agents.runner.lane_queues import QueuedCommand
from master_orchestrator_agents.runner.metrics import RunnerMetrics
from master_orchestrator_agents.runner.producer import ProducerRecord, RetryingProducer
from master_orchestrator_schemas.codec import Codec, EncodeError
from master_orchestrator_schemas.headers import envelope_headers
from master_orchestrator_schemas.messages import Reply


class ReplySender:
    """Sends replies, keyed by vehicle; a command is complete when its reply is delivered. Thread-safe."""

    def __init__(
        self,
        topic: str,
        *,
        codec: Codec,
        producer: RetryingProducer,
        backlog: Backlog,
        metrics: RunnerMetrics,
        now_ms: Callable[[], int],
    ) -> None:
        self._topic = topic
        self._codec = codec
        self._producer = producer
        self._backlog = backlog
        self._metrics = metrics
        self._now_ms = now_ms

    def send(self, entry: QueuedCommand, reply: Reply) -> None:
        """Send the reply in the trace context of its command."""
        value, sent = self._encoded(entry, reply)
        self._metrics.replied(entry.lane, sent)
        headers = envelope_headers(
            "Reply",
            f"master-orchestrator/agents/{sent.agent}/{sent.worker}",
            sent.command_id,
            self._now_ms(),
            entry.traceparent,
        )
        record = DeliveredReply(sent.vehicle_id.encode(), value, headers)
        delivered = partial(self._backlog.completed, entry, record)
        self._producer.send(ProducerRecord(self._topic, record.key, record.value, record.headers, delivered))

    def _encoded(self, entry: QueuedCommand, reply: Reply) -> tuple[bytes, Reply]:
        """A result that cannot be encoded, one that is too large for instance, becomes a permanent failure."""
        try:
            return self._codec.encode(reply), reply
        except EncodeError as error:
            refused = InvalidResultError(f"the {reply.agent} handler's result cannot be sent: {error}")
            failure = failure_reply(entry.command, refused, worker=reply.worker, handled_in_ms=reply.handled_in_ms)
            return self._codec.encode(failure), failure
