"""What operators do by commands, on record: a session per request, reads too; what is critical before it begins."""

import socket
import time
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress

from confluent_kafka import KafkaError, Message, Producer

from master_orchestrator.errors import OrchestratorError
from master_orchestrator_agents.charter import Charter
from master_orchestrator_agents.errors import CharterError
from master_orchestrator_agents.guard import Access, Guard, Session
from master_orchestrator_agents.recording import Author, Occasion
from master_orchestrator_schemas.codec import Codec
from master_orchestrator_schemas.headers import envelope_headers
from master_orchestrator_schemas.kafka import KafkaSettings, producer_config
from master_orchestrator_schemas.messages import Activity, SessionAct
from master_orchestrator_schemas.topology import Topology
from master_orchestrator_schemas.vocabulary import ActorKind, ActOutcome

WRITTEN_S = 15.0
"""Maximum wait for a record."""


class NotOnRecordError(OrchestratorError):
    """What an operator does could not be put on record."""

    def __init__(self, why: str) -> None:
        super().__init__(
            f"this could not be put on record ({why}): see that agent.activity is there and may be written"
        )


@contextmanager
def on_record(
    kafka: KafkaSettings, topology: Topology, operator: str, act: tuple[str, str], entity: str | None = None
) -> Iterator[Access]:
    """The block is one act of an operator, action and resource; it is checked against the operators' charter.

    Raises :class:`CharterError`, and :class:`NotOnRecordError` if the record cannot be written.
    """
    writer = _Writer(kafka, topology, operator)
    session = Session(writer.guard, Occasion(session=str(uuid.uuid4()), entity=entity))
    started = time.monotonic()

    def close(outcome: ActOutcome) -> None:
        writer.close(session, outcome, int((time.monotonic() - started) * 1000))

    try:
        with session.access(*act, entity=entity) as access:
            yield access
    except BaseException as error:
        with suppress(NotOnRecordError):  # what went wrong first is what to say
            close(ActOutcome.DENIED if isinstance(error, CharterError) else ActOutcome.FAILURE)
        raise
    close(ActOutcome.SUCCESS)


class _Writer:
    """One operator's records on Kafka, each durable when the call returns."""

    def __init__(self, kafka: KafkaSettings, topology: Topology, operator: str) -> None:
        charter = Charter.of(topology, f"{ActorKind.OPERATOR}:{operator}"[:200])
        instance = f"master-orchestrator@{socket.gethostname()}"
        self._author = Author(charter.actor, ActorKind.OPERATOR, instance, _now_ms(), charter=charter.digest)
        self._topic, self._codec = topology.topic_of("Activity"), Codec(topology.limits)
        self._producer = Producer(producer_config(kafka, topology.limits, topology.compression, **{"linger.ms": 0}))
        self.guard = Guard(charter, ahead=self._before)

    def close(self, session: Session, outcome: ActOutcome, took_ms: int) -> None:
        """Write the session, and close the producer."""
        acts = session.acts.merged()
        try:
            self._write(self._author.done(session.occasion, acts, outcome=outcome, at_ms=_now_ms(), took_ms=took_ms))
        finally:
            self._producer.close()

    def _before(self, occasion: Occasion, act: SessionAct) -> None:
        self._write([self._author.before(occasion, act, at_ms=_now_ms())])

    def _write(self, records: Sequence[Activity]) -> None:
        failed: list[str] = []

        def report(error: KafkaError | None, _message: Message) -> None:
            if error is not None:
                failed.append(error.str())

        for record in records:
            headers = envelope_headers("Activity", "master-orchestrator/client", record.activity_id, record.at_ms, None)
            value = self._codec.encode(record)
            self._producer.produce(self._topic, value, record.actor.encode(), headers=[*headers], on_delivery=report)
        if self._producer.flush(WRITTEN_S):
            failed.append(f"no broker took it within {WRITTEN_S:g} s")
        if failed:
            self._producer.purge()
            raise NotOnRecordError(failed[0])


def _now_ms() -> int:
    return time.time_ns() // 1_000_000
