"""Operators' requests about actors: sent, and answered by the record that the judge of behaviour puts on the trail."""

import time
import uuid

import msgspec
from confluent_kafka import KafkaError, Message, Producer

from master_orchestrator.behaviour.steps import kind_of
from master_orchestrator.core.rejection import RejectedError
from master_orchestrator.errors import InvalidRequestError, OrchestratorError
from master_orchestrator.readers.decoding import decoded
from master_orchestrator.readers.topics import TopicReader, partition_of
from master_orchestrator_schemas.codec import Codec
from master_orchestrator_schemas.headers import envelope_headers
from master_orchestrator_schemas.kafka import KafkaSettings, producer_config
from master_orchestrator_schemas.messages import ActorRecord, Cause, UebaRequest
from master_orchestrator_schemas.topology import Topology
from master_orchestrator_schemas.vocabulary import UebaAction, Verdict

SOURCE = "master-orchestrator/client"
POLL_S = 0.2


class JudgeSilentError(OrchestratorError):
    """The ueba app has not answered in time; the request stands, and is answered when it runs."""


def request_about(actor: str, action: UebaAction, *, by: str, reason: str, **fields: object) -> UebaRequest:
    """A request with an id of its own. Raises :class:`InvalidRequestError`."""
    if not reason.strip():
        raise InvalidRequestError("the reason is empty: say why, it is kept on the trail")
    try:
        kind_of(actor)
    except RejectedError as error:  # the judge would make a dead letter of it, and not answer
        raise InvalidRequestError(str(error)) from error
    given = {"actor": actor, "request_id": str(uuid.uuid4()), "action": action, "by": by, "reason": reason}
    try:
        return msgspec.convert({**given, **fields}, UebaRequest)
    except msgspec.ValidationError as error:
        raise InvalidRequestError(f"this cannot be asked: {error}") from error


def acknowledgement(finding_id: str, *, benign: bool, by: str, reason: str) -> UebaRequest:
    """The request that closes a finding. Raises :class:`InvalidRequestError`."""
    actor, slash, number = finding_id.rpartition("/")
    if not slash or not number.isdecimal():
        raise InvalidRequestError(f"{finding_id!r} is not a finding: write ACTOR/NUMBER, as `ueba findings` shows it")
    verdict = Verdict.BENIGN if benign else Verdict.CONFIRMED
    return request_about(actor, UebaAction.ACKNOWLEDGE, by=by, reason=reason, finding_id=finding_id, verdict=verdict)


def refusal_of(record: ActorRecord) -> str | None:
    """Why the judge did not do what was asked; None if it did."""
    if record.event != "request_refused":
        return None
    why: str = msgspec.json.decode(record.details)["why"]
    return why


def ask_judge(kafka: KafkaSettings, topology: Topology, request: UebaRequest, timeout_s: float) -> ActorRecord:
    """Send a request and wait for the record that answers it. Raises :class:`JudgeSilentError`."""
    trail, codec = topology.topic_of("ActorRecord"), Codec(topology.limits)
    until = time.monotonic() + timeout_s
    with TopicReader(kafka, [trail], [partition_of(request.actor, topology.partitions)], from_end=[trail]) as reader:
        cause = _send(kafka, topology, codec, request, timeout_s)
        while time.monotonic() < until:
            for record in decoded(reader.poll(POLL_S), ActorRecord, codec):
                if record.cause == cause:
                    return record
    raise JudgeSilentError(
        f"no answer in {timeout_s:g} s: is `ueba run` running? The request stands on "
        f"{topology.topic_of('UebaRequest')} and is answered when it runs; do not repeat it"
    )


def _send(kafka: KafkaSettings, topology: Topology, codec: Codec, request: UebaRequest, timeout_s: float) -> Cause:
    delivered: list[Cause | str] = []

    def report(error: KafkaError | None, message: Message) -> None:
        if error is not None:
            delivered.append(error.str())
        else:
            delivered.append(
                Cause(topic=message.topic() or "", partition=message.partition() or 0, offset=message.offset() or 0)
            )

    producer = Producer(producer_config(kafka, topology.limits, topology.compression, **{"linger.ms": 0}))
    headers = envelope_headers("UebaRequest", SOURCE, request.request_id, time.time_ns() // 1_000_000, None)
    producer.produce(
        topology.topic_of("UebaRequest"), codec.encode(request), request.actor.encode(), headers=[*headers],
        on_delivery=report,
    )  # fmt: skip
    producer.flush(timeout_s)
    if not delivered or isinstance(delivered[0], str):
        raise OrchestratorError(f"the request could not be sent: {delivered[0] if delivered else 'no broker took it'}")
    return delivered[0]
