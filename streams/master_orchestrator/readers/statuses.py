"""The newest statuses from their topic, in bounded reads."""

from collections.abc import Iterable, Iterator

from confluent_kafka import Message

from master_orchestrator.readers.decoding import decoded
from master_orchestrator.readers.topics import Progress, TopicReader, partition_of, vehicle_of
from master_orchestrator.readers.view import WorkflowsView
from master_orchestrator_schemas.codec import Codec
from master_orchestrator_schemas.kafka import KafkaSettings
from master_orchestrator_schemas.messages import Status
from master_orchestrator_schemas.topology import Topology


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
        for status in statuses_at_home(reader.catch_up(progress), topology):
            view.apply(status)
    return view.all()


def statuses_at_home(messages: Iterable[Message], topology: Topology) -> Iterator[Status]:
    """The statuses of records that stand in their vehicle's partition: one id, one workflow. ``audit verify`` names the
    others.
    """
    at_home = (message for message in messages if is_at_home(message, topology.partitions))
    return decoded(at_home, Status, Codec(topology.limits))


def is_at_home(status: Message, partitions: int) -> bool:
    """Whether a status record, keyed by its workflow, stands in its vehicle's partition."""
    workflow_id = (status.key() or b"").decode(errors="replace")
    return partition_of(vehicle_of(workflow_id), partitions) == status.partition()
