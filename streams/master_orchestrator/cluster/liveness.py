"""Is a Kafka there? It is when an AdminClient's metadata call succeeds; an open port proves nothing."""

from collections.abc import Collection

from confluent_kafka import KafkaException

from master_orchestrator.errors import kafka_error
from master_orchestrator_schemas.kafka_diagnosis import Config
from master_orchestrator_schemas.kafka_reach import QUICK, REACH_S, quiet_admin, reach


def live_brokers(config: Config, timeout_s: float) -> int:
    """How many brokers the cluster's metadata names; 0 where nothing answered within `timeout_s`."""
    try:
        return len(quiet_admin({**config, **QUICK}).list_topics(timeout=timeout_s).brokers)
    except KafkaException:
        return 0


def require_kafka(config: Config, topics: Collection[str] = (), timeout_s: float = REACH_S) -> None:
    """Return if a broker answers and has `topics`; else raise what `kafka_error` makes of the reason, as soon as known.

    A broker that neither answers nor refuses is waited for, `timeout_s`.
    """
    if (trouble := reach(config, topics, timeout_s)) is not None:
        raise kafka_error(trouble)
