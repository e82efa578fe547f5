"""Sends handlers' replies, each with the record of its session, to their topics."""

from collections.abc import Callable, Sequence
from functools import partial

from master_orchestrator_agents.errors import InvalidResultError
from master_orchestrator_agents.guard import Session
from master_orchestrator_agents.handler import failure_reply
from master_orchestrator_agents.recording import outcome_of
from master_orchestrator_agents.runner.activity import ActivityWriter, AllDelivered
from master_orchestrator_agents.runner.backlog import Backlog
from master_orchestrator_agents.runner.dedup import DeliveredReply
from master_orchestrator_agents.runner.lane_queues import QueuedCommand
from master_orchestrator_agents.runner.metrics import RunnerMetrics
from master_orchestrator_agents.runner.producer import ProducerRecord, RetryingProducer
from master_orchestrator_schemas.codec import Codec, EncodeError
from master_orchestrator_schemas.headers import envelope_headers
from master_orchestrator_schemas.messages import Reply
from master_orchestrator_schemas.tracing import Tracing
from master_orchestrator_schemas.vocabulary import ActOutcome


class ReplySender:
    """Sends replies, keyed by vehicle, and what was done for them. Thread-safe.

    A command is complete when its reply and the record of its session are delivered: if the process is killed between
    the two, it is handled again.
    """

    def __init__(
        self,
        topic: str,
        *,
        codec: Codec,
        producer: RetryingProducer,
        activity: ActivityWriter,
        backlog: Backlog,
        metrics: RunnerMetrics,
        now_ms: Callable[[], int],
        tracing: Tracing | None,
    ) -> None:
        self._topic = topic
        self._codec = codec
        self._producer = producer
        self._activity = activity
        self._backlog = backlog
        self._metrics = metrics
        self._now_ms, self._tracing = now_ms, tracing

    def skip(self, entry: QueuedCommand) -> None:
        """A command that is not handled needs no reply; that it was not is on record."""
        delivered = AllDelivered(partial(self._backlog.completed, entry))
        activity = self._activity.close(
            self._activity.open(entry.command).occasion,
            (),
            ActOutcome.FAILURE,
            at_ms=self._now_ms(),
            took_ms=0,
            trace=entry.traceparent,
            delivered=delivered,
        )
        self._send_all(activity, delivered)

    def send(self, entry: QueuedCommand, reply: Reply, session: Session) -> None:
        """Send the reply, and what was done in its session, in the trace context of its command."""
        value, sent = self._encoded(entry, reply)
        self._metrics.replied(entry.lane, sent, entry.traceparent)
        acts = session.acts.merged()
        self._metrics.acted(acts)
        if self._tracing is not None:
            self._tracing.handled(entry.command, sent, entry.traceparent)
        at_ms, source = self._now_ms(), f"master-orchestrator/agents/{sent.agent}/{sent.worker}"
        headers = envelope_headers("Reply", source, sent.command_id, at_ms, entry.traceparent)
        answer = DeliveredReply(sent.vehicle_id.encode(), value, headers)
        delivered = AllDelivered(partial(self._backlog.completed, entry, answer))
        activity = self._activity.close(
            session.occasion,
            acts,
            outcome_of(sent),
            at_ms=at_ms,
            took_ms=sent.handled_in_ms,
            trace=entry.traceparent,
            delivered=delivered,
        )
        self._send_all([*activity, ProducerRecord(self._topic, *answer, delivered)], delivered)

    def _send_all(self, records: Sequence[ProducerRecord], delivered: AllDelivered) -> None:
        delivered.left = len(records)
        for record in records:
            self._producer.send(record)

    def _encoded(self, entry: QueuedCommand, reply: Reply) -> tuple[bytes, Reply]:
        """A result that cannot be encoded, one that is too large for instance, becomes a permanent failure."""
        try:
            return self._codec.encode(reply), reply
        except EncodeError as error:
            refused = InvalidResultError(f"the {reply.agent} handler's result cannot be sent: {error}")
            failure = failure_reply(entry.command, refused, worker=reply.worker, handled_in_ms=reply.handled_in_ms)
            return self._codec.encode(failure), failure
