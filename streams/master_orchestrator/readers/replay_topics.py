"""``audit verify --replay`` on a cluster, while engines may be running: partition by partition.

Held in memory is, of one partition: the audit records (about 0.7 KB each) and the inputs of the topics other than
telemetry (0.5 KB each) as they stand on their topics, and one state per vehicle whose trail is not yet done. Telemetry
passes through. Vehicles without an audit record cost nothing.
"""

from collections.abc import Iterable, Iterator

from confluent_kafka import Message

from master_orchestrator.core.intake import Intake
from master_orchestrator.core.policy import Policy
from master_orchestrator.readers.decoding import decode
from master_orchestrator.readers.replay import Arrived, Rules, VehicleReplay
from master_orchestrator.readers.replay_verdict import Replayed, summed, verdict_of
from master_orchestrator.readers.topics import Progress, TopicReader
from master_orchestrator_schemas.codec import Codec
from master_orchestrator_schemas.kafka import KafkaSettings
from master_orchestrator_schemas.messages import AuditRecord, Cause
from master_orchestrator_schemas.topology import Topology

Replays = dict[bytes, VehicleReplay]
"""By the key of the vehicle's inputs."""


def replay_topics(kafka: KafkaSettings, topology: Topology, progress: Progress | None = None) -> Replayed:
    """The verdict on every vehicle that has audit records now, by the rules of this topology.

    The trail is read first, and the inputs then: no cause is ahead of them.
    """
    codec, readings = Codec(topology.limits), topology.topic_of("Telemetry")
    rules = Rules(Policy.from_topology(topology), Intake(topology, codec), codec, readings)
    return summed(
        _Partition(kafka, topology, rules, number).replay(_share(progress, number, topology.partitions))
        for number in range(topology.partitions)
    )


class _Partition:
    """One partition's topics."""

    def __init__(self, kafka: KafkaSettings, topology: Topology, rules: Rules, number: int) -> None:
        self._kafka, self._topology, self._rules, self._number = kafka, topology, rules, number

    def replay(self, progress: Progress | None) -> Replayed:
        """The verdict on the partition's vehicles."""
        replays = self._trails()
        others = [topic for topic in self._topology.input_topics if topic != self._rules.readings]
        with self._reader(*others) as inputs, self._reader(self._rules.readings) as readings:
            for replay, arrived in _arrivals(inputs.catch_up(), replays):
                replay.hold(arrived)
            for replay, arrived in _arrivals(readings.catch_up(progress), replays):
                replay.reading(arrived)
            starts = {topic: start for (topic, _), start in (inputs.start_offsets() | readings.start_offsets()).items()}
        for replay in replays.values():
            replay.finish()
        return summed(verdict_of(replay, starts, self._rules.readings) for replay in replays.values())

    def _trails(self) -> Replays:
        replays: Replays = {}
        with self._reader(self._topology.topic_of("AuditRecord")) as trail:
            for message in trail.catch_up():
                if (value := message.value()) is None:
                    continue
                record = decode(message, AuditRecord, self._rules.codec)
                key = record.vehicle_id.encode()
                if key not in replays:
                    replays[key] = VehicleReplay(record.vehicle_id, self._rules)
                replays[key].recorded(value, record)
        return replays

    def _reader(self, *topics: str) -> TopicReader:
        return TopicReader(self._kafka, topics, [self._number])


def _arrivals(messages: Iterable[Message], replays: Replays) -> Iterator[tuple[VehicleReplay, Arrived]]:
    """The records that are keyed by a vehicle whose trail is not yet done."""
    for message in messages:
        replay = replays.get(message.key() or b"")
        if replay is not None and not replay.over:
            yield replay, _arrived(message)


def _arrived(message: Message) -> Arrived:
    topic, partition, offset = message.topic(), message.partition(), message.offset()
    if topic is None or partition is None or offset is None:
        raise TypeError("a consumed message has a place")
    cause = Cause(topic=topic, partition=partition, offset=offset)
    return Arrived(cause, message.timestamp()[1], message.key(), message.value())


def _share(progress: Progress | None, partition: int, partitions: int) -> Progress | None:
    """Progress on one partition as progress on the whole, in thousandths of partitions."""
    if progress is None:
        return None

    def passed(offsets: int, total: int) -> None:
        progress(1000 * partition + 1000 * offsets // max(1, total), 1000 * partitions)

    return passed
