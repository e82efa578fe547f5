"""How far behind the engine is, for a caller whose answer has not come."""

import time
from collections.abc import Callable, Mapping

from confluent_kafka import ConsumerGroupTopicPartitions, KafkaException
from confluent_kafka.admin import AdminClient

from master_orchestrator_schemas.kafka import KafkaSettings, admin_config
from master_orchestrator_schemas.messages import Cause
from master_orchestrator_schemas.places import Partition

ANSWER_S = 3.0
"""The caller has waited long enough already."""

FRESH_S = 5.0
"""Many callers whose answers have not come ask Kafka once."""

Committed = Mapping[Partition, int]


class EngineLag:
    """What is left to do for a running engine. ``committed`` reads its offsets, None where none runs."""

    def __init__(self, committed: Callable[[], Committed | None]) -> None:
        self._read = committed
        self._committed: Committed | None = None
        self._stale_at = 0.0

    def behind(self, record: Cause) -> int | None:
        """How many records the engine has yet to work on until it has done ``record``.

        None if no engine runs, it has passed the record, or Kafka does not say.
        """
        if time.monotonic() >= self._stale_at:
            self._committed = self._read()
            self._stale_at = time.monotonic() + FRESH_S
        if self._committed is None:
            return None
        left = record.offset + 1 - self._committed.get(Partition(record.topic, record.partition), 0)
        return left if left > 0 else None


def engine_offsets(kafka: KafkaSettings, group: str) -> Committed | None:
    """The offsets that the engines of ``group`` have committed; None if none runs, or Kafka does not say within 6 s."""
    admin = AdminClient(admin_config(kafka))
    try:
        members = admin.describe_consumer_groups([group], request_timeout=ANSWER_S)[group].result().members
        groups = [ConsumerGroupTopicPartitions(group)]
        committed = admin.list_consumer_group_offsets(groups, request_timeout=ANSWER_S)[group].result().topic_partitions
    except KafkaException:
        return None
    return {Partition(each.topic, each.partition): max(each.offset, 0) for each in committed} if members else None
