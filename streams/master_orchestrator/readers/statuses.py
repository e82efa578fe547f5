"""The newest statuses from their topic, in bounded reads."""

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
        for status in decoded(reader.catch_up(progress), Status, Codec(topology.limits)):
            view.apply(status)
    return view.all()
