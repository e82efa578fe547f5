"""The replay of ``audit verify`` on a cluster, while engines may be running: one partition's inputs.

Held in memory is, of one partition: the audit records (about 0.7 KB each) and the inputs of the topics other than
telemetry (0.5 KB each) as they stand on their topics, and the state of every vehicle that has inputs. Telemetry passes
through.
"""

from collections.abc import Iterable, Iterator

from confluent_kafka import Message

from master_orchestrator.readers.replay import Arrived, Rules, VehicleReplay
from master_orchestrator.readers.replay_verdict import Replayed, summed, verdict_of
from master_orchestrator.readers.topics import OnProgress, TopicReader, partition_of
from master_orchestrator_schemas.kafka import KafkaSettings, place_of
from master_orchestrator_schemas.messages import AuditRecord, Cause
from master_orchestrator_schemas.topology import Topology


class PartitionReplay:
    """The vehicles of one partition; ``only``: of one alone."""

    def __init__(self, kafka: KafkaSettings, topology: Topology, rules: Rules, number: int, only: str | None) -> None:
        self._kafka, self._topology, self._rules, self._number = kafka, topology, rules, number
        self._only = None if only is None else only.encode()
        self._replays: dict[bytes, VehicleReplay] = {}

    def run(self, trail: Iterable[tuple[bytes, AuditRecord]], progress: OnProgress | None) -> Replayed:
        """The verdict. ``trail``: the partition's audit records, read before: no cause is ahead of the inputs."""
        for value, record in trail:
            self._of(record.vehicle_id.encode()).recorded(value, record, moved=self._has_moved(record))
        others = [topic for topic in self._topology.input_topics if topic != self._rules.readings]
        with self._reader(*others) as inputs, self._reader(self._rules.readings) as readings:
            for replay, arrived in self._arrivals(inputs.catch_up()):
                replay.hold(arrived)
            for replay, arrived in self._arrivals(readings.catch_up(progress)):
                replay.reading(arrived)
                if replay.unknown:  # a record that is refused, under a key that may be anything
                    del self._replays[arrived.key or b""]
            starts = {topic: start for (topic, _), start in (inputs.start_offsets() | readings.start_offsets()).items()}
        for replay in self._replays.values():
            replay.finish()
        return summed(verdict_of(replay, starts, self._rules.readings) for replay in self._replays.values())

    def _has_moved(self, record: AuditRecord) -> bool:
        """Whether its cause stands where the vehicle was at home with fewer partitions."""
        stood = record.cause.partition
        return stood != self._number and any(
            partition_of(record.vehicle_id, count) == stood for count in range(1, self._topology.partitions)
        )

    def _of(self, key: bytes) -> VehicleReplay:
        replay = self._replays.get(key)
        if replay is None:
            replay = self._replays[key] = VehicleReplay(key.decode(errors="replace"), self._rules)
        return replay

    def _arrivals(self, messages: Iterable[Message]) -> Iterator[tuple[VehicleReplay, Arrived]]:
        for message in messages:
            key = message.key() or b""
            if self._only in (None, key):
                yield self._of(key), _arrived(message)

    def _reader(self, *topics: str) -> TopicReader:
        return TopicReader(self._kafka, topics, [self._number])


def _arrived(message: Message) -> Arrived:
    place = place_of(message)
    if place is None:
        raise TypeError("a consumed message has a place")
    return Arrived(Cause.at(place), message.timestamp()[1], message.key(), message.value())
