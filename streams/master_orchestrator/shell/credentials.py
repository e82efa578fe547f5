"""The Kafka log-in in Faust's form (everything else takes it from ``kafka.producer_config``)."""

import ssl

import faust
from faust.types.auth import CredentialsT

from master_orchestrator_schemas.kafka import KafkaSettings, producer_config


def faust_credentials(kafka: KafkaSettings) -> CredentialsT | None:
    """Credentials for ``faust.App``; None for a plain connection."""
    config = producer_config(kafka)
    context = _ssl_context(config) if "SSL" in kafka.security_protocol.split("_") else None
    if kafka.security_protocol.startswith("SASL_"):
        return faust.SASLCredentials(
            username=config["sasl.username"],
            password=config["sasl.password"],
            mechanism=config["sasl.mechanism"],
            ssl_context=context,
        )
    return None if context is None else faust.SSLCredentials(context=context)


def _ssl_context(config: dict[str, str]) -> ssl.SSLContext:
    context = ssl.create_default_context(cafile=config.get("ssl.ca.location"))
    if "ssl.certificate.location" in config:
        context.load_cert_chain(
            config["ssl.certificate.location"], config.get("ssl.key.location"), config.get("ssl.key.password")
        )
    return context
