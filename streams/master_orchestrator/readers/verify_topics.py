"""``verify`` on a cluster, while engines may be running: partition by partition, so that memory stays bounded."""

from master_orchestrator.readers.decoding import decoded
from master_orchestrator.readers.topics import Progress, TopicReader
from master_orchestrator.readers.verify import NOTHING, Verdict, verify
from master_orchestrator.readers.view import WorkflowsView
from master_orchestrator_schemas.codec import Codec
from master_orchestrator_schemas.kafka import KafkaSettings
from master_orchestrator_schemas.messages import AuditRecord, Status
from master_orchestrator_schemas.topology import Topology


def verify_topics(kafka: KafkaSettings, topology: Topology, progress: Progress | None = None) -> Verdict:
    """The verdict on everything that is on the audit and status topics now."""
    verdict = NOTHING
    for partition in range(topology.partitions):
        verdict += _verify_partition(kafka, topology, partition)
        if progress is not None:
            progress(partition + 1, topology.partitions)
    return verdict


def _verify_partition(kafka: KafkaSettings, topology: Topology, partition: int) -> Verdict:
    """Statuses are read after the trail, and then what came to the trail meanwhile: no status is ahead of it."""
    codec = Codec(topology.limits)
    audit, status = topology.topic_of("AuditRecord"), topology.topic_of("Status")
    with TopicReader(kafka, [audit], [partition]) as trail, TopicReader(kafka, [status], [partition]) as statuses:
        records = list(decoded(trail.catch_up(), AuditRecord, codec))
        newest = WorkflowsView()
        for found in decoded(statuses.catch_up(), Status, codec):
            newest.apply(found)
        later = list(decoded(trail.catch_up(), AuditRecord, codec))
    return verify(records, later, {found.workflow_id: found for found in newest.all()})
