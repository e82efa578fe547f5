"""Dead letters from the command line to a real broker and engine: seen, dropped, sent again, each once."""

import json
import threading
import time
from typing import Any

import pytest
from confluent_kafka import Message, Producer, TopicPartition
from confluent_kafka.admin import AdminClient
from support.command_line import RunCommand
from support.engine_system import EngineSystem
from support.topics import CODEC, TopicLog, topic_log

from master_orchestrator.client import redriving
from master_orchestrator.client.asking import operator_request
from master_orchestrator.client.redriving import OvertakenError, Settlement, settle
from master_orchestrator.readers.dead_letters import LetterId, headers_of, letter_id_of
from master_orchestrator.readers.topics import TopicReader, partition_of
from master_orchestrator_schemas.dead_letters import Origin, origin_headers
from master_orchestrator_schemas.kafka import admin_config, producer_config
from master_orchestrator_schemas.messages import Alert, AuditRecord, Telemetry
from master_orchestrator_schemas.vocabulary import OperatorAction

pytestmark = pytest.mark.kafka

CAR = "car-1"
CHECK = CODEC.encode(Telemetry(vehicle_id=CAR, ts_ms=1_700_000_000_000, engine_rpm=900.0, check_requested=True))


GATEWAY = ("gateway", b"g-7")


def told(command: RunCommand, *arguments: str) -> Any:
    """The JSON answer of a command that succeeds."""
    code, out = command("dlq", *arguments, "--json")
    assert 0 == code, out
    return json.loads(out)


def misplace(system: EngineSystem, count: int = 1) -> list[Message]:
    """Checks of the car in another's partition; as they were acknowledged."""
    producer = Producer(producer_config(system.kafka))
    origins: list[Message] = []
    for _ in range(count):
        producer.produce(
            system.topology.topic_of("Telemetry"),
            CHECK,
            CAR.encode(),
            (home(system) + 1) % system.topology.partitions,
            headers=[GATEWAY],
            on_delivery=lambda _error, sent: origins.append(sent),
        )
    assert 0 == producer.flush(10)
    return origins


def put_aside(system: EngineSystem, count: int = 1) -> list[LetterId]:
    """Such checks, and their dead letters as an engine writes them."""
    telemetry = system.topology.topic_of("Telemetry")
    return [claim(system, CHECK, telemetry, letter_id_of(sent)) for sent in misplace(system, count)]


def claim(system: EngineSystem, value: bytes, topic: str, place: LetterId) -> LetterId:
    """A dead letter of the car that says it stood there."""
    producer = Producer(producer_config(system.kafka))
    headers = [GATEWAY, *origin_headers(Origin(topic, *place, "wrong_partition", "wrongly"), 1_000)]
    producer.produce(system.topology.dead_letter_topic, value, CAR.encode(), home(system), headers=[*headers])
    assert 0 == producer.flush(10)
    seen = len(system.dead.messages) + 1
    return letter_id_of(system.dead.until(lambda log: len(log.messages) >= seen).messages[-1])


def home(system: EngineSystem) -> int:
    return partition_of(CAR, system.topology.partitions)


def sent_again(system: EngineSystem, log: TopicLog) -> list[Message]:
    """What redrives put on the telemetry topic, when all of it has been read: a last record shows the end."""
    system.sender.send_bytes(log.topic, CAR.encode(), b"the end")
    system.sender.flush()
    log.until(lambda log: any(b"the end" == message.value() for message in log.messages))
    return [message for message in log.messages if "redriven_by" in dict(headers_of(message))]


def test_a_bad_record_is_listed_shown_and_dropped_once(system: EngineSystem, command: RunCommand) -> None:
    bad = b"{not json"
    system.sender.send_bytes(system.topology.topic_of("Telemetry"), CAR.encode(), bad)
    system.sender.flush()
    system.start()
    (record,) = system.dead.until(lambda log: len(log.messages) == 1).messages
    letter = str(letter_id_of(record))

    listed = told(command, "list", "--vehicle", CAR, "--newer-than", "1h")
    assert (1, [letter], ["undecodable"]) == (
        listed["open"],
        [line["id"] for line in listed["letters"]],
        [line["reason"] for line in listed["counts"]],
    )
    assert 0 == told(command, "list", "--older-than", "1h")["open"]
    shown = told(command, "show", letter)
    assert ({"form": "text", "content": bad.decode()}, None) == (shown["value"], shown["settled"])
    assert "undecodable" in command("dlq", "show", letter)[1]
    assert "undecodable" in command("dlq", "list")[1]

    drop = ("dlq", "drop", letter, "--reason-text", "a test's", "--operator", "ann")
    assert "say --yes" in command(*drop)[1]
    assert 1 == told(command, "list")["open"]
    assert (0, True) == (command(*drop, "--yes")[0], told(command, "list")["open"] == 0)
    settled = told(command, "show", letter)["settled"]
    assert ("dropped", "ann", "a test's") == (settled["done"], settled["operator"], settled["reason_text"])
    code, text = command(*drop, "--yes")
    assert (1, True) == (code, "dropped by ann" in text)
    system.dead.until(lambda log: len(log.messages) == 2)
    assert bad == system.dead.messages[0].value()


def test_a_record_put_aside_wrongly_opens_its_workflow_once(system: EngineSystem, command: RunCommand) -> None:
    (letter,) = put_aside(system)
    redrive = ("redrive", str(letter), "--operator", "ann")
    plan = told(command, *redrive)
    assert ([str(letter)], False, []) == ([line["id"] for line in plan["letters"]], plan["acted"], plan["done"])
    assert 1 == told(command, "list")["open"]

    (done,) = told(command, *redrive, "--yes")["done"]
    assert 1 == command("dlq", *redrive, "--yes")[0]
    assert [] == told(command, "redrive", "--vehicle", CAR, "--yes")["done"]
    assert done["redriven_to"] == told(command, "show", str(letter))["settled"]["redriven_to"]

    system.start()
    with system.echo_agents():
        system.assert_whole(1)
    (trail,) = system.trails().values()
    cause = trail[0].cause
    assert done["redriven_to"] == f"{cause.topic}[{cause.partition}]@{cause.offset}"
    with topic_log(system.kafka, cause.topic) as log:
        (again,) = sent_again(system, log)
    assert (CHECK, CAR.encode()) == (again.value(), again.key())
    headers = [("dead_letter_attempts", b"1"), ("redriven_by", b"ann"), ("gateway", b"g-7")]
    assert headers == headers_of(again)


def test_a_letter_that_is_not_the_record_it_claims_to_be_is_refused(system: EngineSystem, command: RunCommand) -> None:
    """An agent may write dead letters. It must not speak with an operator's rights."""
    requests, place = system.topology.topic_of("OperatorRequest"), LetterId(home(system), 0)
    harmless, cancel = (
        operator_request(f"{CAR}~0", action, operator="ann")
        for action in (OperatorAction.REDRIVE, OperatorAction.CANCEL)
    )
    forged = str(claim(system, CODEC.encode(cancel), requests, place))

    def refused(*options: str) -> str:
        code, text = command("dlq", "redrive", forged, "--yes", *options)
        assert 1 == code
        assert "redriven: 0 of 0." in text
        return " ".join(text.split())

    assert "no record stands at" in refused("--unverified")
    system.sender.send(harmless)
    system.sender.flush()
    assert "another value and set of headers" in refused("--unverified")
    admin = AdminClient(admin_config(system.kafka))
    for deletion in admin.delete_records([TopicPartition(requests, place.partition, 1)]).values():
        deletion.result()
    assert "retention has taken" in refused()
    assert 1 == len(told(command, "redrive", forged, "--yes", "--unverified")["done"])


def test_the_markers_of_redrives_are_no_loss_to_the_engine(system: EngineSystem, command: RunCommand) -> None:
    """Each transaction leaves a hole in the offsets of the input."""
    engine = system.start()
    for rounds in range(3):
        misplace(system)
        seen = 2 * rounds + 1  # with each letter its marker
        system.dead.until(lambda log, seen=seen: len(log.messages) == seen)  # type: ignore[misc]  # bound per round
        assert 1 == len(told(command, "redrive", "--all", "--yes")["done"])
    system.sender.send_bytes(system.topology.topic_of("Telemetry"), CAR.encode(), b"{bad")
    system.sender.flush()
    system.dead.until(lambda log: log.messages[-1].value() == b"{bad")
    assert engine.running
    with topic_log(system.kafka, system.topology.topic_of("Alert")) as alerts:
        alerts.read(1.0)
        assert [] == alerts.decoded(Alert)
    assert {CAR} == {
        record.vehicle_id for record in system.audit.until(lambda log: len(log.messages) > 0).decoded(AuditRecord)
    }


def test_a_redriven_record_that_is_refused_again_counts_its_attempts(system: EngineSystem, command: RunCommand) -> None:
    system.sender.send_bytes(system.topology.topic_of("Telemetry"), CAR.encode(), b"{bad")
    system.sender.flush()
    system.start()
    system.dead.until(lambda log: len(log.messages) == 1)
    for attempts in range(3):
        (line,) = told(command, "list")["letters"]
        assert attempts == line["attempts"]
        told(command, "redrive", "--all", "--yes")
        seen = 2 * attempts + 3  # with each letter its marker
        system.dead.until(lambda log, seen=seen: len(log.messages) == seen)  # type: ignore[misc]  # bound per round


def test_whoever_is_overtaken_ends_and_nothing_is_sent_twice(
    system: EngineSystem, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(redriving, "BATCH", 1)
    letters = put_aside(system, 3)
    ann, ben = (Settlement.by(name, "redriven") for name in ("ann", "ben"))
    slow = settle(system.kafka, system.topology, letters, ann)
    assert letters[0] == next(slow)[0]
    assert letters[1:] == [letter for letter, _ in settle(system.kafka, system.topology, letters, ben)]
    with pytest.raises(OvertakenError):
        next(slow)
    with topic_log(system.kafka, system.topology.topic_of("Telemetry")) as log:
        assert [b"ann", b"ben", b"ben"] == [dict(headers_of(one))["redriven_by"] for one in sent_again(system, log)]


@pytest.mark.parametrize("interruption", [KeyboardInterrupt, SystemError])
def test_a_redrive_that_is_interrupted_does_not_hold_up_the_engine(
    interruption: type[BaseException], system: EngineSystem, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What it has sent again stands in the engine's input, of which nothing is read behind an open transaction."""

    def interrupted(_: object, record: Message) -> None:
        raise interruption

    letters = put_aside(system, 1)
    monkeypatch.setattr(redriving._Transaction, "_mark", interrupted)
    with pytest.raises(interruption):
        list(settle(system.kafka, system.topology, letters, Settlement.by("ann", "redriven")))
    telemetry = system.topology.topic_of("Telemetry")
    with TopicReader(system.kafka, [telemetry], range(system.topology.partitions)) as reader:
        begun = time.monotonic()
        list(reader.catch_up(under_way=True))
    assert time.monotonic() - begun < redriving.TRANSACTION_MS / 1000 / 2


def test_a_marker_behind_an_open_transaction_is_waited_for(
    system: EngineSystem, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As long as an engine's transaction is open, readers of committed records do not see what is behind it."""
    monkeypatch.setattr(redriving, "BATCH", 1)
    letters = put_aside(system, 2)
    ann = Settlement.by("ann", "redriven")
    first = settle(system.kafka, system.topology, letters, ann)
    next(first)
    engine = Producer(producer_config(system.kafka, **{"transactional.id": f"{system.topology.app_id}-engine"}))
    engine.init_transactions(30)
    engine.begin_transaction()
    engine.produce(system.topology.dead_letter_topic, b"", b"", partition=letters[0].partition)
    assert 0 == engine.flush(10)
    assert letters[1:] == [letter for letter, _ in first]

    again: list[object] = []
    second = threading.Thread(target=lambda: again.extend(settle(system.kafka, system.topology, letters, ann)))
    second.start()
    second.join(3.0)
    assert second.is_alive()
    engine.commit_transaction(30)
    second.join(30)
    assert [] == again
    with topic_log(system.kafka, system.topology.topic_of("Telemetry")) as log:
        assert 2 == len(sent_again(system, log))


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["show", "0/99"], 1, "no dead letter 0/99"),
        (["show", "99/0"], 1, "no dead letter 99/0"),
        (["show", "first"], 2, "PARTITION/OFFSET"),
        (["list", "--older-than", "soon"], 2, "--older-than: 'soon' is not a duration"),
        (["redrive"], 2, "IDs, a filter such as --reason, or --all"),
        (["drop", "--all"], 2, "Missing option '--reason-text'"),
    ],
)
def test_a_mistake_is_one_line(arguments: list[str], code: int, message: str, command: RunCommand) -> None:
    exit_code, line = command("dlq", *arguments)
    assert (code, 1) == (exit_code, len(line.splitlines()))
    assert message in line
