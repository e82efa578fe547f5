"""What keeps a client from working with Kafka: one classification, in words that name the setting to correct.

Every command, the façade and the logs of the long-running processes take their words from here.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from confluent_kafka import KafkaError

from master_orchestrator_schemas.kafka_trouble import Trouble, TroubleKind, unreachable

PROTOCOLS = ("PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL")
CREDENTIALS = "KAFKA_SASL_USERNAME and KAFKA_SASL_PASSWORD_FILE (or KAFKA_SASL_PASSWORD)"


Config = Mapping[str, Any]
"""librdkafka's option names and values."""

RIGHTS = {
    KafkaError.TOPIC_AUTHORIZATION_FAILED: "the topic",
    KafkaError.GROUP_AUTHORIZATION_FAILED: "the consumer group",
    KafkaError.TRANSACTIONAL_ID_AUTHORIZATION_FAILED: "the transactional id",
    KafkaError.CLUSTER_AUTHORIZATION_FAILED: "the cluster",
}
LEADERLESS = frozenset(
    {
        KafkaError.NOT_LEADER_FOR_PARTITION,
        KafkaError.LEADER_NOT_AVAILABLE,
        KafkaError.FENCED_LEADER_EPOCH,
        KafkaError.UNKNOWN_LEADER_EPOCH,
        KafkaError.OFFSET_NOT_AVAILABLE,
    }
)
"""A partition's leader is being chosen, or broker and client do not know the newest yet, as just after a start."""

BROKEN_OFF = frozenset({"broken pipe", "connection reset by peer"})
"""Who answered has ended the connection, which some do before the client's first request is read."""


def diagnosed(config: Config, errors: Iterable[KafkaError], waited_s: float) -> Trouble:
    """What the errors of a client mean that could not be connected; the most telling of them is told."""
    heard = list(errors)
    for says in (_login, _certificate, _protocol, _host, _refused):
        for error in heard:
            if (trouble := says(config, error)) is not None:
                return trouble
    if any(error.code() == KafkaError._ALL_BROKERS_DOWN for error in heard):
        return _closed(config)
    return unreachable(_servers(config), f"no answer within {waited_s:g} s")


def explained(config: Config, error: KafkaError) -> Trouble | None:
    """What an error means that a working client was given; None for one that this module has no better words for."""
    if error.code() in RIGHTS:
        return no_right(config, RIGHTS[error.code()])
    if error.code() in LEADERLESS:
        leaderless = f"a partition has no leader at {_servers(config)}: are all brokers up?"
        return Trouble(TroubleKind.UNREACHABLE, leaderless, passes=True)
    if error.code() == KafkaError.UNKNOWN_TOPIC_OR_PART:
        return Trouble(TroubleKind.TOPICS_MISSING, _without_topics(config, "such topic"))
    for says in (_login, _certificate, _protocol, _host, _refused):
        if (trouble := says(config, error)) is not None:
            return trouble
    return None


def wrong_setting(config: Config, error: KafkaError) -> Trouble:
    """A client that does not start: its setting by the variable's name; the value only where it is a path."""
    text = error.str().rpartition("client: ")[2]
    prop = re.match(r"[a-z][a-z.]+", text)
    if prop is None:
        return Trouble(TroubleKind.SETTING, f"the KAFKA_* settings cannot be used: {text}")
    name, path = prop.group(), Path(str(config.get(prop.group())))
    if name.endswith(".location"):
        text = f"{path} is not there" if not path.exists() else f"{path} does not hold what it should ({text})"
    return Trouble(TroubleKind.SETTING, f"KAFKA_{name.upper().replace('.', '_')} cannot be used: {text}")


def topics_missing(config: Config, names: Sequence[str]) -> Trouble:
    """Topics that the cluster does not have."""
    first, *others = sorted(names)
    more = f" and {len(others)} more" if others else ""
    return Trouble(TroubleKind.TOPICS_MISSING, _without_topics(config, f"topic {first}{more}"))


def no_right(config: Config, what: str) -> Trouble:
    """An ACL is missing."""
    user = config.get("sasl.username")
    who = f"user {user} (KAFKA_SASL_USERNAME)" if user else "this client (no KAFKA_SASL_USERNAME)"
    return Trouble(
        TroubleKind.REFUSED,
        f"{who} has no right to {what} at {_servers(config)}: have an administrator add an ACL (kafka-acls.sh --add)",
    )


def _login(config: Config, error: KafkaError) -> Trouble | None:
    if error.code() not in (KafkaError._AUTHENTICATION, KafkaError.SASL_AUTHENTICATION_FAILED):
        return None
    text, where = error.str(), _servers(config)
    if "not valid in current SASL state" in text:
        return _other_protocol(config)
    if offered := re.search(r"supported mechanisms: *([\w, -]+?) *(?:\(|$)", text):
        mechanism = config.get("sasl.mechanism")
        return Trouble(
            TroubleKind.REFUSED,
            f"the broker at {where} does not take the login by {mechanism}: set KAFKA_SASL_MECHANISM to "
            f"{offered.group(1)}",
        )
    user = config.get("sasl.username")
    return Trouble(TroubleKind.REFUSED, f"the broker at {where} refuses the login of {user}: check {CREDENTIALS}")


def _certificate(config: Config, error: KafkaError) -> Trouble | None:
    if error.code() != KafkaError._SSL:
        return None
    text, where = error.str(), _servers(config)
    if "verify failed" in text:  # librdkafka does not tell these two apart
        text = (
            f"the certificate of the broker at {where} cannot be trusted: set KAFKA_SSL_CA_LOCATION to the PEM file of "
            "the authority that signed it; if it is that one, the certificate is for another host than "
            "KAFKA_BOOTSTRAP_SERVERS names"
        )
    elif "alert" in text or "certificate required" in text:
        text = (
            f"the broker at {where} does not take this client's certificate: check KAFKA_SSL_CERTIFICATE_LOCATION "
            "and KAFKA_SSL_KEY_LOCATION"
        )
    else:
        return _other_protocol(config)
    return Trouble(TroubleKind.REFUSED, text)


def _protocol(config: Config, error: KafkaError) -> Trouble | None:
    wrong = error.code() == KafkaError._BAD_MSG or "connecting to a" in error.str() or "SSL handshake" in error.str()
    return _other_protocol(config) if wrong else None


def _other_protocol(config: Config) -> Trouble:
    return Trouble(
        TroubleKind.REFUSED,
        f"what answers at {_servers(config)} does not speak {_protocol_of(config)}: set KAFKA_SECURITY_PROTOCOL to "
        f"that of its listener ({_other_protocols(config)})",
        passes=True,  # a broker that is starting or stopping can look like it
    )


def _closed(config: Config) -> Trouble:
    return Trouble(
        TroubleKind.UNREACHABLE,
        f"no Kafka broker answers at {_servers(config)} (the connection is closed): if its listener does not take "
        f"{_protocol_of(config)}, set KAFKA_SECURITY_PROTOCOL ({_other_protocols(config)})",
        passes=True,
    )


def _host(config: Config, error: KafkaError) -> Trouble | None:
    if error.code() != KafkaError._RESOLVE:
        return None
    host = re.search(r"resolve '([^']+)'", error.str())
    name = host.group(1).rpartition(":")[0] if host else _servers(config)
    return Trouble(
        TroubleKind.UNREACHABLE, f"the host {name} is not known: correct KAFKA_BOOTSTRAP_SERVERS", passes=True
    )


def _refused(config: Config, error: KafkaError) -> Trouble | None:
    match = re.search(r"failed: (.+?) \(after", error.str())
    if match is None:
        return None
    why = match.group(1).lower()
    return _closed(config) if why in BROKEN_OFF else unreachable(_servers(config), why)


def _without_topics(config: Config, topics: str) -> str:
    return f"the cluster at {_servers(config)} has no {topics}: run 'master-orchestrator provision' first"


def _servers(config: Config) -> str:
    return str(config.get("bootstrap.servers"))


def _other_protocols(config: Config) -> str:
    *first, last = [protocol for protocol in PROTOCOLS if protocol != _protocol_of(config)]
    return f"{', '.join(first)} or {last}"


def _protocol_of(config: Config) -> str:
    return str(config.get("security.protocol", "PLAINTEXT"))
