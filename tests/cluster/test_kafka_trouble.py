"""What keeps a client from Kafka is told as what it is, with the setting to mend: on a broker with login and ACLs."""

import os
import socket
import subprocess
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import trustme
from confluent_kafka.admin import (
    AclBinding,
    AclOperation,
    AclPermissionType,
    AdminClient,
    NewTopic,
    ResourcePatternType,
    ResourceType,
)
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)
from support.four_agents import four_agents

from master_orchestrator.cluster.broker import EmbeddedKafka
from master_orchestrator.cluster.node_settings import free_port
from master_orchestrator.errors import BrokerRefusesError
from master_orchestrator.exit_codes import ExitCode
from master_orchestrator.facade import MasterOrchestrator
from master_orchestrator.supervision.services import command_line
from master_orchestrator_schemas.kafka import KafkaSettings, admin_config
from master_orchestrator_schemas.kafka_reach import await_kafka, reach
from master_orchestrator_schemas.kafka_trouble import Trouble, TroubleKind

pytestmark = pytest.mark.kafka

WRONG = "wr0ng"
LISTENERS = "SASL://127.0.0.1:{sasl},SSL://127.0.0.1:{ssl}"
LOGIN = 'org.apache.kafka.common.security.plain.PlainLoginModule required user_reader="right" ;'


@dataclass(frozen=True)
class Secured:
    """One broker: an open listener for administrators, one with login, one with TLS, both without any rights."""

    open: str
    sasl: str
    ssl: str
    authority: Path
    other_authority: Path

    def reader(self, **over: object) -> KafkaSettings:
        """The user `reader`, with its right password."""
        given = {
            "bootstrap_servers": self.sasl,
            "security_protocol": "SASL_PLAINTEXT",
            "sasl_mechanism": "PLAIN",
            "sasl_username": "reader",
            "sasl_password": "right",
        }
        return KafkaSettings.model_validate({**given, **over})

    def tls(self, **over: object) -> KafkaSettings:
        """A client that trusts the broker's authority."""
        given = {"bootstrap_servers": self.ssl, "security_protocol": "SSL", "ssl_ca_location": self.authority}
        return KafkaSettings.model_validate({**given, **over})


@pytest.fixture(scope="module")
def secured(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Secured]:
    folder = tmp_path_factory.mktemp("secured")
    authority = trustme.CA()
    authority.cert_pem.write_to_path(folder / "authority.pem")
    trustme.CA().cert_pem.write_to_path(folder / "other.pem")
    (folder / "broker.pem").write_bytes(_for_java(authority.issue_cert("127.0.0.1")))
    sasl, ssl = free_port(), free_port()
    listeners = LISTENERS.format(sasl=sasl, ssl=ssl)
    settings = {
        "+listeners": listeners,
        "+advertised.listeners": listeners,
        "+listener.security.protocol.map": "SASL:SASL_PLAINTEXT,SSL:SSL",
        "sasl.enabled.mechanisms": "PLAIN",
        "listener.name.sasl.plain.sasl.jaas.config": LOGIN,
        "ssl.keystore.type": "PEM",
        "ssl.keystore.location": str(folder / "broker.pem"),
        "authorizer.class.name": "org.apache.kafka.metadata.authorizer.StandardAuthorizer",
        "super.users": "User:ANONYMOUS",
    }
    with EmbeddedKafka(folder / "kafka", settings=settings) as broker:
        admin = AdminClient(admin_config(KafkaSettings(bootstrap_servers=broker.bootstrap_servers)))
        made = admin.create_topics([NewTopic("open-to-reader", 1, 1), NewTopic("secret", 1, 1)])
        for future in made.values():
            future.result()
        may_read = AclBinding(
            ResourceType.TOPIC, "open-to-reader", ResourcePatternType.LITERAL, "User:reader", "*",
            AclOperation.READ, AclPermissionType.ALLOW,
        )  # fmt: skip
        for done in admin.create_acls([may_read]).values():
            done.result()
        made_up = Secured(
            broker.bootstrap_servers,
            f"127.0.0.1:{sasl}",
            f"127.0.0.1:{ssl}",
            folder / "authority.pem",
            folder / "other.pem",
        )
        deadline = time.monotonic() + 30
        while reach(admin_config(made_up.reader()), ["open-to-reader"]) and time.monotonic() < deadline:
            pass  # the broker hears of the ACL a moment after it is stored
        yield made_up


def _for_java(certificate: trustme.LeafCert) -> bytes:
    """Key and chain in PEM, the key as PKCS #8."""
    key = load_pem_private_key(certificate.private_key_pem.bytes(), password=None)
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()) + b"".join(
        each.bytes() for each in certificate.cert_chain_pems
    )


def _trouble(kafka: KafkaSettings, *topics: str) -> Trouble:
    trouble = reach(admin_config(kafka), topics)
    assert trouble is not None
    return trouble


def test_who_is_let_in_has_no_trouble(secured: Secured) -> None:
    assert reach(admin_config(secured.reader()), ["open-to-reader"]) is None
    assert reach(admin_config(secured.tls())) is None


def test_a_wrong_password(secured: Secured) -> None:
    trouble = _trouble(secured.reader(sasl_password=WRONG))
    assert (TroubleKind.REFUSED, False) == (trouble.kind, trouble.passes)
    assert "refuses the login of reader: check KAFKA_SASL_USERNAME and KAFKA_SASL_PASSWORD_FILE" in trouble.text
    assert WRONG not in trouble.text


def test_a_mechanism_that_the_broker_does_not_take(secured: Secured) -> None:
    trouble = _trouble(secured.reader(sasl_mechanism="SCRAM-SHA-512"))
    assert "does not take the login by SCRAM-SHA-512: set KAFKA_SASL_MECHANISM to PLAIN" in trouble.text


def test_a_right_that_is_missing_is_told_from_a_topic_that_is_missing(secured: Secured) -> None:
    refused = _trouble(secured.reader(), "open-to-reader", "secret")
    assert (TroubleKind.REFUSED, False) == (refused.kind, refused.passes)
    assert "user reader (KAFKA_SASL_USERNAME) has no right to the topic secret" in refused.text

    missing = _trouble(KafkaSettings(bootstrap_servers=secured.open), "secret", "not-there", "nor-there")
    assert TroubleKind.TOPICS_MISSING == missing.kind
    assert "has no topic nor-there and 1 more: run 'master-orchestrator provision' first" in missing.text


def test_an_authority_that_did_not_sign_the_brokers_certificate(secured: Secured) -> None:
    for settings in (secured.tls(ssl_ca_location=secured.other_authority), secured.tls(ssl_ca_location=None)):
        trouble = _trouble(settings)
        assert (TroubleKind.REFUSED, False) == (trouble.kind, trouble.passes)
        assert "set KAFKA_SSL_CA_LOCATION to the PEM file of the authority that signed it" in trouble.text


def test_a_certificate_of_another_host(secured: Secured) -> None:
    trouble = _trouble(secured.tls(bootstrap_servers=secured.ssl.replace("127.0.0.1", "localhost")))
    assert "the certificate is for another host than KAFKA_BOOTSTRAP_SERVERS names" in trouble.text


def test_each_wrong_protocol_names_the_setting(secured: Secured) -> None:
    plain_to_login = KafkaSettings(bootstrap_servers=secured.sasl)
    plain_to_tls = KafkaSettings(bootstrap_servers=secured.ssl)
    login_to_plain = secured.reader(bootstrap_servers=secured.open)
    tls_to_plain = secured.tls(bootstrap_servers=secured.open)
    for wrong in (plain_to_login, plain_to_tls, login_to_plain, tls_to_plain):
        assert "KAFKA_SECURITY_PROTOCOL" in _trouble(wrong).text
        assert wrong.security_protocol in _trouble(wrong).text


def test_a_broker_that_says_nothing_is_waited_for_and_then_told_of() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        config = {"bootstrap.servers": f"127.0.0.1:{silent.getsockname()[1]}"}
        trouble = reach(config, timeout_s=1.0)
    assert trouble is not None
    assert "(no answer within 1 s)" in trouble.text


def test_waiting_ends_with_the_broker_there_and_at_once_for_what_waiting_does_not_mend(secured: Secured) -> None:
    never = threading.Event()
    assert await_kafka(admin_config(secured.reader()), ["open-to-reader"], never) is None
    refused = await_kafka(admin_config(secured.reader(sasl_password=WRONG)), [], never)
    assert refused is not None
    assert TroubleKind.REFUSED == refused.kind


@pytest.mark.parametrize("command", [["status", "v~0"], ["audit", "tail"], ["dlq", "list"], ["provision"], ["agents"]])
def test_every_command_says_it_in_one_line(secured: Secured, command: list[str]) -> None:
    secret = {"KAFKA_SASL_USERNAME": "reader", "KAFKA_SASL_PASSWORD": WRONG, "KAFKA_SASL_MECHANISM": "PLAIN"}
    environment = {
        **os.environ,
        **secret,
        "KAFKA_BOOTSTRAP_SERVERS": secured.sasl,
        "KAFKA_SECURITY_PROTOCOL": "SASL_PLAINTEXT",
    }
    done = subprocess.run(command_line(*command), env=environment, capture_output=True, text=True, check=False)
    assert ExitCode.UNAVAILABLE == done.returncode, done.stderr
    (line,) = done.stderr.splitlines()
    assert line.startswith("Error: the broker at ")
    assert "KAFKA_SASL_PASSWORD_FILE" in line
    assert WRONG not in line


def test_the_facade_says_it_too(secured: Secured) -> None:
    orchestrator = MasterOrchestrator(kafka=secured.reader(sasl_password=WRONG))
    for agent in four_agents():
        orchestrator.register_agent(agent, "remote")
    with pytest.raises(BrokerRefusesError, match="refuses the login of reader"):
        orchestrator.start()
