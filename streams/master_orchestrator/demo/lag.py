"""How far the engine is behind its input, by the positions it copies to its consumer group."""

from confluent_kafka import Consumer, TopicPartition

from master_orchestrator_schemas.kafka import KafkaSettings, consumer_config

TIMEOUT_S = 10.0


class LagProbe:
    """Asks for the lag of ``group`` on ``topic``; takes no part in the group."""

    def __init__(self, kafka: KafkaSettings, group: str, topic: str, partitions: int) -> None:
        self._consumer = Consumer(consumer_config(kafka, group))
        self._places = [TopicPartition(topic, number) for number in range(partitions)]

    def unread(self) -> int:
        """Records that the group has yet to take."""
        committed = self._consumer.committed(self._places, timeout=TIMEOUT_S)
        return sum(max(0, self._end_of(place) - max(0, place.offset)) for place in committed)

    def _end_of(self, place: TopicPartition) -> int:
        offsets = self._consumer.get_watermark_offsets(place, timeout=TIMEOUT_S)
        return int(offsets[1]) if offsets else 0

    def close(self) -> None:
        """Leave the broker."""
        self._consumer.close()
