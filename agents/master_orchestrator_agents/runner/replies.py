"""From a handler's reply to a record on the replies topic."""

from collections.abc import Callable

from master_orchestrator_agents.errors import InvalidResultError
from master_orchestrator_agents.handler import failure_reply
from master_orchestrator_agents.runner.backlog import Backlog
from master_orchestrator_agents.runner.lane_queues import Entry
from master_orchestrator_agents.runner.metrics import RunnerMeter
from master_orchestrator_agents.runner.producer import Outgoing, Sender
from master_orchestrator_schemas.codec import Codec, EncodeError
from master_orchestrator_schemas.headers import envelope_headers
from master_orchestrator_schemas.messages import Reply


class Replier:
    """Sends replies, keyed by vehicle; a command is finished when its reply is delivered. Thread-safe."""

    def __init__(
        self,
        topic: str,
        *,
        codec: Codec,
        sender: Sender,
        backlog: Backlog,
        meter: RunnerMeter,
        now_ms: Callable[[], int],
    ) -> None:
        self._topic = topic
        self._codec = codec
        self._sender = sender
        self._backlog = backlog
        self._meter = meter
        self._now_ms = now_ms

    def reply(self, entry: Entry, reply: Reply) -> None:
        """Hand the reply to the producer; its trace context is the command's."""
        value, sent = self._encoded(entry, reply)
        self._meter.replied(entry.lane, sent)
        headers = envelope_headers(
            "Reply",
            f"master-orchestrator/agents/{sent.agent}/{sent.worker}",
            sent.command_id,
            self._now_ms(),
            entry.traceparent,
        )
        self._sender.send(
            Outgoing(
                topic=self._topic,
                key=sent.vehicle_id.encode(),
                value=value,
                headers=headers,
                delivered=lambda: self._backlog.finished(entry),
            )
        )

    def _encoded(self, entry: Entry, reply: Reply) -> tuple[bytes, Reply]:
        """A result that cannot be written, too large for instance, becomes a permanent failure that says so."""
        try:
            return self._codec.encode(reply), reply
        except EncodeError as error:
            refused = InvalidResultError(f"the {reply.agent} handler's result cannot be sent: {error}")
            failure = failure_reply(entry.command, refused, worker=reply.worker, handled_in_ms=reply.handled_in_ms)
            return self._codec.encode(failure), failure
