"""What a runner's agent does, on the activity topic: a record per command, before some acts, and while it is idle."""

import threading
import time
from collections.abc import Callable

from master_orchestrator_agents.charter import Charter
from master_orchestrator_agents.errors import RetryableError
from master_orchestrator_agents.guard import Controls, Guard, Session
from master_orchestrator_agents.recording import Author, Occasion
from master_orchestrator_agents.runner.producer import ProducerRecord, RetryingProducer
from master_orchestrator_schemas.codec import Codec
from master_orchestrator_schemas.headers import envelope_headers
from master_orchestrator_schemas.messages import Activity, Command, SessionAct
from master_orchestrator_schemas.vocabulary import ActOutcome

IDLE_S = 60.0
"""A runner that has written nothing for this long says that it lives."""

AHEAD_S = 30.0
"""Maximum wait for the record of an act that is written ahead; then the act is not done."""

_CLOSED_CHECK_S = 0.2

Delivered = Callable[[], None]


class ActivityWriter:
    """Writes the sessions of one agent, numbered without holes. Thread-safe."""

    def __init__(
        self,
        topic: str,
        *,
        author: Author,
        charter: Charter,
        codec: Codec,
        producer: RetryingProducer,
        now_ms: Callable[[], int],
        controls: Controls | None = None,
    ) -> None:
        self._topic, self._author = topic, author
        self._codec, self._producer, self._now_ms = codec, producer, now_ms
        self._key = author.actor.encode()
        self._source = f"master-orchestrator/agents/{author.actor}/{author.instance}"
        self._guard = Guard(charter, controls=controls, ahead=self._write_ahead)
        self._written_at = time.monotonic()

    def open(self, command: Command) -> Session:
        """The session in which a command is handled."""
        return Session.of(self._guard, command)

    def close(
        self,
        occasion: Occasion,
        acts: tuple[SessionAct, ...],
        outcome: ActOutcome,
        *,
        at_ms: int,
        took_ms: int,
        trace: str | None,
        delivered: Delivered,
    ) -> list[ProducerRecord]:
        """The records of a session that is over, to be sent with its reply; each calls ``delivered``."""
        done = self._author.done(occasion, acts, outcome=outcome, at_ms=at_ms, took_ms=took_ms)
        return [self._record(activity, trace, delivered) for activity in done]

    def keep_alive(self) -> None:
        """Say that the process lives, if nothing else has for a while. Belongs to the poll thread."""
        if time.monotonic() - self._written_at >= IDLE_S:
            self._send(self._author.alive(at_ms=self._now_ms()))

    def say_goodbye(self) -> None:
        """The last record of a process that ends in order. Belongs to the poll thread."""
        self._send(self._author.alive(at_ms=self._now_ms(), goodbye=True))

    def _send(self, activity: Activity) -> None:
        self._producer.send_soon(self._record(activity, None))

    def _write_ahead(self, occasion: Occasion, act: SessionAct) -> None:
        """Raises :class:`RetryableError` where no broker takes the record in time, or the runner stops."""
        durable, until = threading.Event(), time.monotonic() + AHEAD_S
        self._producer.send(self._record(self._author.before(occasion, act, at_ms=self._now_ms()), None, durable.set))
        while not durable.wait(_CLOSED_CHECK_S):
            if self._producer.closed or time.monotonic() >= until:
                name = f"{act.action.lower()} of {act.resource}"
                raise RetryableError(f"{name} is not done: it could not be put on record before; it is tried again")

    def _record(self, activity: Activity, trace: str | None, delivered: Delivered = lambda: None) -> ProducerRecord:
        self._written_at = time.monotonic()
        headers = envelope_headers("Activity", self._source, activity.activity_id, activity.at_ms, trace)
        return ProducerRecord(self._topic, self._key, self._codec.encode(activity), headers, delivered)


class AllDelivered:
    """To be called by each of ``left`` records when it is delivered; the last of them calls ``then``.

    Deliveries come from one thread.
    """

    __slots__ = ("_then", "left")

    def __init__(self, then: Delivered) -> None:
        self.left, self._then = 1, then

    def __call__(self) -> None:
        """One more is delivered."""
        self.left -= 1
        if not self.left:
            self._then()
