"""Audit trails and statuses from the topics, in bounded reads."""

from collections.abc import Iterable

from master_orchestrator.readers.decoding import decoded
from master_orchestrator.readers.topics import Progress, TopicReader, partition_of
from master_orchestrator.readers.view import WorkflowsView
from master_orchestrator_schemas.codec import Codec
from master_orchestrator_schemas.kafka import KafkaSettings
from master_orchestrator_schemas.messages import AuditRecord, Status
from master_orchestrator_schemas.topology import Topology

SEPARATOR = "~"
"""Between vehicle id and episode in a workflow id; outside the alphabet of vehicle ids."""


def vehicle_of(workflow_id: str) -> str:
    """The vehicle a workflow id belongs to."""
    return workflow_id.rpartition(SEPARATOR)[0]


def in_order(records: Iterable[AuditRecord]) -> list[AuditRecord]:
    """A workflow's records by ``seq``; of exact repeats the first."""
    by_hash = {(record.seq, record.hash): record for record in records}
    return sorted(by_hash.values(), key=lambda record: record.seq)


def read_trail(kafka: KafkaSettings, topology: Topology, workflow_id: str) -> list[AuditRecord]:
    """The audit records of a workflow so far, in order; reads the one partition that has them."""
    partition = partition_of(vehicle_of(workflow_id), topology.partitions)
    codec = Codec(topology.limits)
    prefix = f"{workflow_id}/".encode()
    with TopicReader(kafka, [topology.topic_of("AuditRecord")], [partition]) as reader:
        mine = (record for record in reader.catch_up() if (record.key() or b"").startswith(prefix))
        return in_order(decoded(mine, AuditRecord, codec))


def read_status(kafka: KafkaSettings, topology: Topology, workflow_id: str) -> Status | None:
    """The newest status of a workflow, None if there is none; reads the one partition that has it."""
    partition = partition_of(vehicle_of(workflow_id), topology.partitions)
    codec = Codec(topology.limits)
    newest: Status | None = None
    with TopicReader(kafka, [topology.topic_of("Status")], [partition]) as reader:
        mine = (record for record in reader.catch_up() if record.key() == workflow_id.encode())
        for status in decoded(mine, Status, codec):
            newest = status
    return newest


def read_statuses(kafka: KafkaSettings, topology: Topology, progress: Progress | None = None) -> tuple[Status, ...]:
    """The newest status of every workflow."""
    view = WorkflowsView()
    with TopicReader(kafka, [topology.topic_of("Status")], range(topology.partitions)) as reader:
        for status in decoded(reader.catch_up(progress), Status, Codec(topology.limits)):
            view.apply(status)
    return view.all()
