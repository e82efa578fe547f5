"""What every client gets, where its secrets come from, and that they are told to nobody."""

from pathlib import Path
from typing import cast

import pytest
from confluent_kafka import Consumer, KafkaException, Message, Producer
from confluent_kafka.admin import AdminClient
from pydantic import SecretStr, ValidationError

from master_orchestrator_schemas.kafka import (
    KafkaSecretError,
    KafkaSettings,
    admin_config,
    consumer_config,
    headers_of,
    producer_config,
)
from master_orchestrator_schemas.limits import Limits
from master_orchestrator_schemas.topology import Topology

SECRET = "correct-horse"  # noqa: S105 - a test's


@pytest.fixture(autouse=True)
def no_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in KafkaSettings.model_fields:
        monkeypatch.delenv(f"KAFKA_{name.upper()}", raising=False)


@pytest.fixture
def settings(monkeypatch: pytest.MonkeyPatch) -> KafkaSettings:
    monkeypatch.setenv("KAFKA_BOOTSTRAP_SERVERS", "127.0.0.1:1")
    monkeypatch.setenv("KAFKA_SECURITY_PROTOCOL", "SASL_SSL")
    monkeypatch.setenv("KAFKA_SASL_MECHANISM", "SCRAM-SHA-512")
    monkeypatch.setenv("KAFKA_SASL_USERNAME", "engine")
    monkeypatch.setenv("KAFKA_SASL_PASSWORD", SECRET)
    return KafkaSettings()


def test_librdkafka_knows_every_option(settings: KafkaSettings) -> None:
    quiet = {"log_level": 0, "reconnect.backoff.max.ms": 10_000}

    Producer(producer_config(settings, **quiet))
    Consumer(consumer_config(settings, "group", **quiet)).close()
    AdminClient(admin_config(settings) | quiet)
    with pytest.raises(KafkaException, match="No such configuration property"):
        Producer(producer_config(settings, **quiet, **{"no.such.option": 1}))


def test_producers_are_idempotent_and_choose_the_partitions_that_java_and_faust_choose() -> None:
    config = producer_config(KafkaSettings(), **{"linger.ms": 0})

    assert (True, "all", "murmur2_random", 0) == tuple(
        config[name] for name in ("enable.idempotence", "acks", "partitioner", "linger.ms")
    )


def test_a_producer_may_send_what_the_dead_letter_topic_takes(topology: Topology) -> None:
    wide = topology.model_copy(update={"limits": Limits(max_record="8MiB")})
    plans = [{plan.name: plan for plan in each.topic_plans()}[each.dead_letter_topic] for each in (topology, wide)]
    configs = [producer_config(KafkaSettings()), producer_config(KafkaSettings(), wide.limits)]

    assert [int(plan.config["max.message.bytes"]) for plan in plans] == [each["message.max.bytes"] for each in configs]


def test_consumers_see_committed_records_and_commit_by_hand() -> None:
    config = consumer_config(KafkaSettings(), "runners")

    assert ("runners", "read_committed", False, False) == tuple(
        config[name] for name in ("group.id", "isolation.level", "enable.auto.commit", "enable.auto.offset.store")
    )


def test_the_environment_says_how_to_log_in(settings: KafkaSettings) -> None:
    config = admin_config(settings)

    assert ("127.0.0.1:1", "SASL_SSL", "SCRAM-SHA-512", "engine", SECRET) == tuple(
        config[name]
        for name in ("bootstrap.servers", "security.protocol", "sasl.mechanism", "sasl.username", "sasl.password")
    )


def test_librdkafkas_messages_go_to_the_log_not_to_stderr(
    capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    nobody = KafkaSettings(bootstrap_servers="127.0.0.1:1")
    with Consumer(consumer_config(nobody, "group")) as consumer:
        while not caplog.records:
            consumer.poll(0.1)
    producer = Producer(producer_config(nobody))
    caplog.clear()
    while not caplog.records:
        producer.poll(0.1)
    assert {"librdkafka"} == {record.name for record in caplog.records}
    assert "" == capfd.readouterr().err


def test_a_secret_file_is_read_when_a_client_starts(settings: KafkaSettings, tmp_path: Path) -> None:
    file = tmp_path / "password"
    mounted = settings.model_copy(update={"sasl_password": None, "sasl_password_file": file})
    with pytest.raises(KafkaSecretError, match="password cannot be read: No such file"):
        admin_config(mounted)
    for password in ("first", "rotated"):
        file.write_text(f"{password}\n", encoding="utf-8")
        assert password == admin_config(mounted)["sasl.password"]


def test_certificates_are_passed_on(tmp_path: Path) -> None:
    key = tmp_path / "key.pem"
    config = admin_config(
        KafkaSettings(security_protocol="SSL", ssl_key_location=key, ssl_key_password=SecretStr(SECRET))
    )

    assert (str(key), SECRET) == (config["ssl.key.location"], config["ssl.key.password"])
    assert "sasl.mechanism" not in config


def test_secrets_are_in_no_text(settings: KafkaSettings) -> None:
    assert SECRET not in f"{settings!r} {settings} {settings.model_dump_json()}"


@pytest.mark.parametrize(
    ("name", "what"),
    [
        ("KAFKA_SASL_MECHANISM", "needs KAFKA_SASL_MECHANISM"),
        ("KAFKA_SASL_USERNAME", "KAFKA_SASL_USERNAME"),
        ("KAFKA_SASL_PASSWORD", "set KAFKA_SASL_PASSWORD_FILE"),
        ("KAFKA_SECURITY_PROTOCOL", "needs KAFKA_SECURITY_PROTOCOL"),
    ],
)
@pytest.mark.usefixtures("settings")
def test_half_a_login_is_refused_without_telling_the_secret(
    name: str, what: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(name)

    with pytest.raises(ValidationError, match=what) as error:
        KafkaSettings()
    assert SECRET not in str(error.value)


class _Unreadable:
    """A record whose header names are not UTF-8, as the client hands it out."""

    def headers(self) -> None:
        raise SystemError("<method 'headers'> returned NULL without setting an exception")


def test_headers_that_the_client_cannot_tell_are_none() -> None:
    assert [] == headers_of(cast("Message", _Unreadable()))
