"""How every client of the system talks to Kafka: settings from ``KAFKA_*``, configurations for confluent-kafka."""

import logging
from pathlib import Path
from typing import Any, Literal, Self, cast

from confluent_kafka import Message
from pydantic import Field, SecretStr, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from master_orchestrator_schemas.errors import ContractError
from master_orchestrator_schemas.limits import Compression, Limits
from master_orchestrator_schemas.places import Place
from master_orchestrator_schemas.topology.plans import GZIP_LEVEL, dead_letter_bytes

ClientConfig = dict[str, Any]
"""librdkafka's own option names and values, and a logger."""

CLIENT_LOG = logging.getLogger("librdkafka")
"""Where librdkafka's messages go, at the next poll or flush of their client; without a logger, raw, to stderr."""


class KafkaSettings(BaseSettings):
    """Where the brokers are and how to log in. Each field is ``KAFKA_<NAME>`` in the environment.

    Secrets come from the environment or from a file that is read when a client starts, and are never printed.

    Args:
        bootstrap_servers: ``host:port``, several with commas.
        security_protocol: as Kafka names it; the SASL ones need mechanism, user name and password.
        sasl_password_file: a file with the password (a mounted secret); a trailing newline is not part of it.
        ssl_ca_location: PEM file of the authorities to trust; without it the system's.
        ssl_certificate_location: PEM file of the client's own certificate (mutual TLS), with ``ssl_key_location``.
        ssl_key_password_file: a file with the password of the client's key.
    """

    model_config = SettingsConfigDict(env_prefix="KAFKA_", frozen=True, extra="ignore", hide_input_in_errors=True)

    bootstrap_servers: str = Field(default="127.0.0.1:9092", min_length=1)
    client_id: str = "master-orchestrator"
    security_protocol: Literal["PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"] = "PLAINTEXT"
    sasl_mechanism: Literal["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"] | None = None
    sasl_username: str | None = None
    sasl_password: SecretStr | None = None
    sasl_password_file: Path | None = None
    ssl_ca_location: Path | None = None
    ssl_certificate_location: Path | None = None
    ssl_key_location: Path | None = None
    ssl_key_password: SecretStr | None = None
    ssl_key_password_file: Path | None = None

    @model_validator(mode="after")
    def _complete(self) -> Self:
        if self.security_protocol.startswith("SASL_"):
            if self.sasl_mechanism is None or self.sasl_username is None:
                raise ValueError(f"{self.security_protocol} needs KAFKA_SASL_MECHANISM and KAFKA_SASL_USERNAME")
            if self.sasl_password is None and self.sasl_password_file is None:
                raise ValueError("set KAFKA_SASL_PASSWORD_FILE (or KAFKA_SASL_PASSWORD)")
        elif self.sasl_mechanism is not None:
            raise ValueError("KAFKA_SASL_MECHANISM needs KAFKA_SECURITY_PROTOCOL=SASL_SSL (or SASL_PLAINTEXT)")
        return self


class KafkaSecretError(ContractError):
    """A file that should hold a secret cannot be read."""


def producer_config(
    settings: KafkaSettings, limits: Limits | None = None, compression: Compression = "zstd", /, **over: Any
) -> ClientConfig:
    """An idempotent producer whose keys go to the partitions that Faust and Java choose; ``over`` in dotted names.

    ``limits``: the topology's, so that whatever its topics take can be sent; by default those of one that sets none.
    ``compression``: the topology's.

    One request per broker is under way at a time. With more, librdkafka spins while more are due than may be out
    (``bench/producer_spin.py``), and the first batch of a new producer can be lost: refused while its partition has no
    leader yet, it comes again after the second, and is taken for a repeat. Over three
    brokers it is as fast (``bench/producer_cluster.py``).
    """
    return {
        **_connection(settings),
        "enable.idempotence": True,
        "acks": "all",
        "max.in.flight.requests.per.connection": 1,
        "partitioner": "murmur2_random",  # librdkafka's default, CRC32, sends most keys elsewhere
        "linger.ms": 5,
        "compression.type": compression,
        **({"compression.level": GZIP_LEVEL} if over.get("compression.type", compression) == "gzip" else {}),
        "message.max.bytes": dead_letter_bytes(limits or Limits()),  # a dead letter may be as large as any topic takes
        **over,
    }


def consumer_config(settings: KafkaSettings, group: str, **over: Any) -> ClientConfig:
    """A consumer of committed records that commits only what it is told to; ``over`` in dotted names."""
    return {
        **_connection(settings),
        "group.id": group,
        "isolation.level": "read_committed",
        "enable.auto.commit": False,
        "enable.auto.offset.store": False,
        "auto.offset.reset": "earliest",
        **over,
    }


def admin_config(settings: KafkaSettings) -> ClientConfig:
    """An admin client."""
    return _connection(settings)


def _connection(settings: KafkaSettings) -> ClientConfig:
    sasl = settings.security_protocol.startswith("SASL_")
    options = {
        "bootstrap.servers": settings.bootstrap_servers,
        "client.id": settings.client_id,
        "security.protocol": settings.security_protocol,
        "sasl.mechanism": settings.sasl_mechanism,
        "sasl.username": settings.sasl_username if sasl else None,
        "sasl.password": _secret(settings.sasl_password, settings.sasl_password_file) if sasl else None,
        "ssl.ca.location": settings.ssl_ca_location,
        "ssl.certificate.location": settings.ssl_certificate_location,
        "ssl.key.location": settings.ssl_key_location,
        "ssl.key.password": _secret(settings.ssl_key_password, settings.ssl_key_password_file),
    }
    return {"logger": CLIENT_LOG, **{name: str(value) for name, value in options.items() if value is not None}}


def _secret(value: SecretStr | None, file: Path | None) -> str | None:
    if file is None:
        return value.get_secret_value() if value is not None else None
    try:
        return file.read_text(encoding="utf-8").rstrip("\r\n")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
        raise KafkaSecretError(
            f"the secret in {file} cannot be read: {reason}; check the path and its rights"
        ) from error


def place_of(message: Message) -> Place | None:
    """Where a record stands; None of a sent one whose place the broker did not tell."""
    topic, partition, offset = message.topic(), message.partition(), message.offset()
    if topic is None or partition is None or offset is None or offset < 0:
        return None
    return Place(topic, partition, offset)


def headers_of(message: Message) -> list[tuple[str, bytes | None]]:
    """The headers of a record that was read; none of them if a name is not UTF-8, which the client cannot tell."""
    try:
        headers = message.headers()
    except SystemError:
        return []
    return cast("list[tuple[str, bytes | None]]", headers or [])  # the client's type is that of sending
