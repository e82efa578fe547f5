"""What librdkafka says of a connection, in words that name the setting."""

import pytest
from confluent_kafka import KafkaError

from master_orchestrator_schemas.kafka_diagnosis import diagnosed

CONFIG = {"bootstrap.servers": "127.0.0.1:9092", "security.protocol": "PLAINTEXT"}


@pytest.mark.parametrize(
    ("why", "named"),
    [
        ("Broken pipe", "KAFKA_SECURITY_PROTOCOL"),
        ("Connection reset by peer", "KAFKA_SECURITY_PROTOCOL"),
        ("Connection refused", "KAFKA_BOOTSTRAP_SERVERS"),
    ],
)
def test_who_ends_a_connection_may_want_another_protocol(why: str, named: str) -> None:
    text = f"127.0.0.1:9092/bootstrap: Connect to ipv4#127.0.0.1:9092 failed: {why} (after 0ms in state CONNECT)"
    error = KafkaError(KafkaError._TRANSPORT, text)

    assert named in diagnosed(CONFIG, [error], 5.0).text
