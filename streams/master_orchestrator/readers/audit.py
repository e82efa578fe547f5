"""The audit topic as a stream of records: all there is now, or on and on."""

from collections.abc import Iterator

from confluent_kafka import Message

from master_orchestrator.readers.decoding import OnUnreadable, decoded, logged
from master_orchestrator.readers.topics import OnProgress, TopicReader, partition_of, vehicle_of
from master_orchestrator_schemas.codec import Codec
from master_orchestrator_schemas.kafka import KafkaSettings
from master_orchestrator_schemas.messages import AuditRecord, Status
from master_orchestrator_schemas.topology import Topology

POLL_S = 0.5
CLOCKS_APART_MS = 600_000
"""A workflow is opened at the time of its input's broker; the broker that takes its records may have another clock."""


def read_audit(  # noqa: PLR0917  all narrow or accompany one read
    kafka: KafkaSettings,
    topology: Topology,
    workflow_id: str | None = None,
    progress: OnProgress | None = None,
    unreadable: OnUnreadable = logged,
    since_ms: int | None = None,
) -> Iterator[AuditRecord]:
    """The audit records there are now, of one workflow or all, partition by partition in order.

    ``since_ms``: records that the broker took before this time may be left out.
    """
    for partition in _partitions(topology, workflow_id):
        with TopicReader(kafka, [topology.topic_of("AuditRecord")], [partition], since_ms=since_ms) as reader:
            yield from _of_interest(reader.catch_up(progress), topology, workflow_id, unreadable)


def read_trail(
    kafka: KafkaSettings,
    topology: Topology,
    workflow_id: str,
    upto: Status | None = None,
    progress: OnProgress | None = None,
) -> list[AuditRecord]:
    """The audit records of a workflow so far, by ``seq``; of exact repeats the first.

    ``upto``: one of its statuses: only the records that led to it, found between its opening and its last record.
    """
    since_ms = None if upto is None else upto.created_at_ms - CLOCKS_APART_MS
    missing = None if upto is None else set(range(upto.seq + 1))
    records: dict[tuple[int, str], AuditRecord] = {}
    for record in read_audit(kafka, topology, workflow_id, progress, since_ms=since_ms):
        records.setdefault((record.seq, record.hash), record)
        if missing is not None:
            missing.discard(record.seq)
            if not missing:
                break
    return sorted(records.values(), key=lambda record: record.seq)


def follow_audit(
    kafka: KafkaSettings, topology: Topology, workflow_id: str | None = None, *, from_beginning: bool = False
) -> Iterator[AuditRecord]:
    """Audit records as they come, without end: those from now on, or all."""
    audit = topology.topic_of("AuditRecord")
    from_end = () if from_beginning else (audit,)
    with TopicReader(kafka, [audit], _partitions(topology, workflow_id), from_end=from_end) as reader:
        while True:
            yield from _of_interest(iter(reader.poll(POLL_S)), topology, workflow_id)


def _partitions(topology: Topology, workflow_id: str | None) -> list[int]:
    if workflow_id is None:
        return list(range(topology.partitions))
    return [partition_of(vehicle_of(workflow_id), topology.partitions)]


def _of_interest(
    messages: Iterator[Message], topology: Topology, workflow_id: str | None, unreadable: OnUnreadable = logged
) -> Iterator[AuditRecord]:
    prefix = b"" if workflow_id is None else f"{workflow_id}/".encode()
    matching = (message for message in messages if (message.key() or b"").startswith(prefix))
    return decoded(matching, AuditRecord, Codec(topology.limits), unreadable)
