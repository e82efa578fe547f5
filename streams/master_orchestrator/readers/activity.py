"""What actors did, as their records tell it."""

from collections.abc import Iterator

from master_orchestrator.readers.decoding import OnUnreadable, decoded, logged
from master_orchestrator.readers.topics import OnProgress, TopicReader
from master_orchestrator_schemas.codec import Codec
from master_orchestrator_schemas.kafka import KafkaSettings
from master_orchestrator_schemas.messages import Activity
from master_orchestrator_schemas.topology import Topology


def read_activity(
    kafka: KafkaSettings, topology: Topology, progress: OnProgress | None = None, unreadable: OnUnreadable = logged
) -> Iterator[tuple[int, Activity]]:
    """The activity there is now, each with the broker's time (ms), partition by partition in order."""
    codec = Codec(topology.limits)
    with TopicReader(kafka, [topology.topic_of("Activity")], range(topology.partitions)) as reader:
        for message in reader.catch_up(progress):
            for record in decoded([message], Activity, codec, unreadable):
                yield message.timestamp()[1], record
