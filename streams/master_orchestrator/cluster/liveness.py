"""Is a Kafka there? It is when an AdminClient's metadata call succeeds; an open port proves nothing."""

import logging
import time
from collections.abc import Iterable, Mapping

from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient

from master_orchestrator.errors import BrokerUnreachableError, TopicsMissingError

ClientConfig = Mapping[str, str | int | float]
REACH_TIMEOUT_S = 10.0


def live_brokers(config: ClientConfig, timeout_s: float) -> int:
    """How many brokers the cluster's metadata names; 0 where nothing answered within `timeout_s`."""
    try:
        return len(quiet_admin(config).list_topics(timeout=timeout_s).brokers)
    except KafkaException:
        return 0


def quiet_admin(config: ClientConfig) -> AdminClient:
    """An admin client that does not print each refused connection on stderr, as librdkafka does without a logger."""
    return AdminClient(dict(config), logger=logging.Logger("librdkafka", level=logging.CRITICAL + 1))


def require_topics(config: ClientConfig, names: Iterable[str]) -> None:
    """Return if the cluster has all these topics; TopicsMissingError with those it lacks."""
    present = quiet_admin(config).list_topics(timeout=REACH_TIMEOUT_S).topics
    missing = [name for name in names if name not in present]
    if missing:
        raise TopicsMissingError(str(config["bootstrap.servers"]), missing)


def require_brokers(config: ClientConfig, timeout_s: float = REACH_TIMEOUT_S) -> None:
    """Return once a broker answers; BrokerUnreachableError after `timeout_s`."""
    deadline = time.monotonic() + timeout_s
    while time.monotonic() < deadline:
        if live_brokers(config, min(timeout_s, deadline - time.monotonic())) > 0:
            return
    raise BrokerUnreachableError(str(config.get("bootstrap.servers")), f"waited {timeout_s:g} s")
