"""What operators and clients ask for, on record: a session per request, reads too; critical ones before they begin."""

import socket
import time
import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress

import msgspec
import structlog
from confluent_kafka import KafkaError, Message, Producer

from master_orchestrator.client.controls import ControlsTopic, NewestControl, RequestControls
from master_orchestrator.errors import OrchestratorError
from master_orchestrator_agents.charter import Charter
from master_orchestrator_agents.errors import CharterError, ControlledError
from master_orchestrator_agents.guard import Access, Guard, Session
from master_orchestrator_agents.recording import Author, Occasion, short_text
from master_orchestrator_schemas.codec import Codec
from master_orchestrator_schemas.headers import envelope_headers
from master_orchestrator_schemas.kafka import KafkaSettings, producer_config
from master_orchestrator_schemas.messages import Activity, SessionAct
from master_orchestrator_schemas.topology import Topology
from master_orchestrator_schemas.vocabulary import ActorKind, ActOutcome

log = structlog.stdlib.get_logger(__name__)

WRITTEN_S = 15.0
"""Maximum wait for a record."""

ROOM_S = 0.05

Write = Callable[[Sequence[Activity]], None]


class NotOnRecordError(OrchestratorError):
    """What an operator does could not be put on record."""

    def __init__(self, why: str) -> None:
        super().__init__(
            f"this could not be put on record ({why}): see that agent.activity is there and may be written"
        )


class Requester:
    """An operator or a client, whose requests are checked against its charter and put on record.

    Args:
        name: with or without its kind; it is cut to what a record holds.
        before: writes what has to be durable before an act begins.
        done: writes a session that is over.
        control: what an actor is held to.
    """

    def __init__(
        self, topology: Topology, kind: ActorKind, name: str, *, before: Write, done: Write, control: NewestControl
    ) -> None:
        charter = Charter.of(topology, f"{kind}:{short_text(name.removeprefix(f'{kind}:'))}")
        instance = f"master-orchestrator@{socket.gethostname()}"
        self._author = Author(charter.actor, kind, instance, _now_ms(), charter=charter.digest)
        self._before, self._done = before, done
        controls = RequestControls(charter.actor, instance, control)
        self._guard = Guard(charter, controls=controls, ahead=self._write_ahead)

    @contextmanager
    def act(
        self, action: str, resource: str, entity: str | None = None, details: str | None = None
    ) -> Iterator[Access]:
        """The block is one request, with one act. Raises :class:`CharterError`, :class:`ControlledError`, and
        what the writers raise.

        ``details``: what it changes, for people.
        """
        entity = None if entity is None else short_text(entity)
        session = Session(self._guard, Occasion(session=str(uuid.uuid4()), entity=entity))
        started = time.monotonic()

        def close(outcome: ActOutcome) -> None:
            took_ms = int((time.monotonic() - started) * 1000)
            acts = session.acts.merged()
            at_ms = _now_ms()
            records = self._author.done(session.occasion, acts, outcome=outcome, at_ms=at_ms, took_ms=took_ms)
            self._done([*records[:-1], msgspec.structs.replace(records[-1], details=details)])

        try:
            with session.access(action, resource, entity=entity) as access:
                yield access
        except BaseException as error:
            with suppress(NotOnRecordError):  # what went wrong first is what to say
                refused = isinstance(error, CharterError | ControlledError)
                close(ActOutcome.DENIED if refused else ActOutcome.FAILURE)
            raise
        close(ActOutcome.SUCCESS)

    def _write_ahead(self, occasion: Occasion, act: SessionAct) -> None:
        self._before([self._author.before(occasion, act, at_ms=_now_ms())])


class ActivityProducer:
    """Writes activity to Kafka. Thread-safe."""

    def __init__(self, kafka: KafkaSettings, topology: Topology) -> None:
        self._topic, self._codec = topology.topic_of("Activity"), Codec(topology.limits)
        self._producer = Producer(producer_config(kafka, topology.limits, topology.compression, **{"linger.ms": 0}))

    def write(self, records: Sequence[Activity]) -> None:
        """Return when they are durable. Raises :class:`NotOnRecordError`."""
        reports: list[KafkaError | None] = []
        self._produce(records, lambda error, _: reports.append(error))
        self._producer.flush(WRITTEN_S)
        failed = next((error.str() for error in reports if error is not None), None)
        if len(reports) < len(records):
            failed = failed or f"no broker took it within {WRITTEN_S:g} s"
        if failed:
            raise NotOnRecordError(failed)

    def put(self, records: Sequence[Activity]) -> None:
        """Write them without waiting; what no broker takes is logged."""
        self._produce(records, _log_refused)
        self._producer.poll(0)

    def close(self) -> None:
        """Wait for what is on its way, then end."""
        self._producer.flush(WRITTEN_S)
        self._producer.purge()
        self._producer.close()

    def _produce(self, records: Sequence[Activity], report: Callable[[KafkaError | None, Message], None]) -> None:
        for record in records:
            headers = envelope_headers("Activity", "master-orchestrator/client", record.activity_id, record.at_ms, None)
            value = self._codec.encode(record)
            while True:
                try:
                    self._producer.produce(
                        self._topic, value, record.actor.encode(), headers=[*headers], on_delivery=report
                    )
                    break
                except BufferError:
                    self._producer.poll(ROOM_S)


@contextmanager
def on_record(
    kafka: KafkaSettings,
    topology: Topology,
    operator: str,
    act: tuple[str, str],
    *,
    entity: str | None = None,
    details: str | None = None,
) -> Iterator[Access]:
    """The block is one act of an operator, action and resource; it is checked against the operators' charter.

    ``details``: what it changes, for people.

    Raises :class:`CharterError`, :class:`ControlledError`, and :class:`NotOnRecordError` if the record cannot be
    written.
    """
    producer = ActivityProducer(kafka, topology)
    requester = Requester(
        topology, ActorKind.OPERATOR, operator,
        before=producer.write, done=producer.write, control=ControlsTopic(kafka, topology).newest,
    )  # fmt: skip
    try:
        with requester.act(*act, entity, details) as access:
            yield access
    finally:
        producer.close()


def _log_refused(error: KafkaError | None, _message: Message) -> None:
    if error is not None:
        log.error("not_on_record", error=error.str())


def _now_ms() -> int:
    return time.time_ns() // 1_000_000
