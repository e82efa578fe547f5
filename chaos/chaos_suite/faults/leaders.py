"""The leaders of partitions move to other brokers."""

import random

from confluent_kafka.admin import PartitionMetadata

from chaos_suite.faults.fault import BurstLoad
from chaos_suite.raw_admin import NoAnswerError, elect_preferred, reorder_replicas
from chaos_suite.system import ChaosSystem
from master_orchestrator_schemas.places import Partition

SHARE = 0.4
"""How many of the partitions that are in sync; Kafka's own are among them, so coordinators move too."""


def move(system: ChaosSystem, draw: random.Random, _load: BurstLoad) -> str:
    """Put another replica first in the list of some partitions, and have the first of the list elected."""
    partitions = [(topic, each) for topic, each in system.brokers.partitions() if len(each.isrs) > 1]
    partitions.sort(key=lambda named: (named[0], named[1].id))
    chosen = draw.sample(partitions, round(SHARE * len(partitions)))
    orders = {Partition(topic, each.id): _another_first(each, draw) for topic, each in chosen}
    try:
        reorder_replicas(system.kafka.bootstrap_servers, orders)
        moved = elect_preferred(system.kafka.bootstrap_servers, orders)
    except NoAnswerError as error:
        return f"leaders stayed: {error}"
    return f"{moved} of {len(partitions)} leaders moved"


def _another_first(partition: PartitionMetadata, draw: random.Random) -> list[int]:
    first = draw.choice([replica for replica in sorted(partition.isrs) if replica != partition.leader])
    return [first, *(replica for replica in partition.replicas if replica != first)]
