"""Is a Kafka there? It is when an AdminClient's metadata call succeeds; an open port proves nothing."""

import logging
import time
from collections.abc import Mapping

from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient

from master_orchestrator.errors import BrokerUnreachableError

REACH_TIMEOUT_S = 10.0


def live_brokers(config: Mapping[str, str | int | float], timeout_s: float) -> int:
    """How many brokers the cluster's metadata names; 0 where nothing answered within `timeout_s`."""
    # librdkafka prints each refused connection on stderr unless it is given a logger.
    silent = logging.Logger("librdkafka", level=logging.CRITICAL + 1)
    client = AdminClient({**config, "socket.connection.setup.timeout.ms": 5000}, logger=silent)
    try:
        return len(client.list_topics(timeout=timeout_s).brokers)
    except KafkaException:
        return 0


def require_brokers(config: Mapping[str, str | int | float], timeout_s: float = REACH_TIMEOUT_S) -> None:
    """Return once a broker answers; BrokerUnreachableError after `timeout_s`."""
    deadline = time.monotonic() + timeout_s
    while time.monotonic() < deadline:
        if live_brokers(config, min(timeout_s, deadline - time.monotonic())) > 0:
            return
    raise BrokerUnreachableError(str(config.get("bootstrap.servers")), f"waited {timeout_s:g} s")
