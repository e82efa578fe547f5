"""A dead letter is sent again only if it is the record that it claims to be: anyone may claim an operator's CANCEL."""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import nullcontext
from types import SimpleNamespace

import pytest
from confluent_kafka import TIMESTAMP_LOG_APPEND_TIME, Message
from support.dead_letter_records import dead_letter, stored

from master_orchestrator.cli.context import Invocation
from master_orchestrator.cli.main import run
from master_orchestrator.client import redriving
from master_orchestrator.readers import letter_origin, open_letters
from master_orchestrator.readers.dead_letters import headers_of, read_letter
from master_orchestrator.readers.letter_origin import Absent, compare
from master_orchestrator_schemas.codec import Codec
from master_orchestrator_schemas.dead_letters import KEPT_KEY_BYTES, Origin, kept_headers, origin_headers
from master_orchestrator_schemas.messages import Cause, OperatorRequest
from master_orchestrator_schemas.vocabulary import OperatorAction

REQUESTS = "operator.requests"
CANCEL = Codec().encode(
    OperatorRequest(
        vehicle_id="car-1",
        workflow_id="car-1~0",
        request_id="r-1",
        action=OperatorAction.CANCEL,
        operator="ann",
        reason="sold",
    )
)
SENT = [("ce_source", b"desk"), ("traceparent", b"00-1")]


def record(
    value: bytes = CANCEL, key: bytes = b"car-1", headers: Sequence[tuple[str, bytes]] = SENT, topic: str = REQUESTS
) -> Message:
    """What stands at offset 7 of partition 1."""
    stamp = (TIMESTAMP_LOG_APPEND_TIME, 900)
    return Message(topic=topic, partition=1, offset=7, key=key, value=value, headers=[*headers], timestamp=stamp)


def letter_of(origin: Message, value: bytes | None = None) -> Message:
    """The dead letter that the engine writes of a record."""
    claimed = Origin(origin.topic() or "", 1, 7, "illegal_event", "why")
    headers = [*kept_headers(headers_of(origin)), *origin_headers(claimed, 900)]
    key = (origin.key() or b"")[:KEPT_KEY_BYTES]
    return Message(
        topic="dead.letters", partition=1, offset=3, key=key, value=origin.value() if value is None else value,
        headers=[*headers], timestamp=(TIMESTAMP_LOG_APPEND_TIME, 1_000),
    )  # fmt: skip


def topics(*records: Message, otherwise: Absent = Absent.NEVER) -> Callable[[Cause], Message | Absent]:
    """A reader of these records and no others."""
    at: Mapping[object, Message] = {(one.topic(), one.partition(), one.offset()): one for one in records}
    return lambda place: at.get((place.topic, place.partition, place.offset), otherwise)


@pytest.mark.parametrize(
    "origin",
    [
        record(),
        record(headers=[]),
        record(value=b"", key=b""),
        record(key=b"k" * (KEPT_KEY_BYTES + 1)),
        record(headers=[("n", b"%d" % number) for number in range(100)]),
        record(headers=[("big", b"x" * 200_000), ("small", b"y")]),
        record(headers=[("dead_letter_attempts", b"2"), ("redriven_by", b"ben"), *SENT]),
        record(headers=[("dead_letter_topic", b"made.up"), ("dead_letter_offset", b"5"), *SENT]),
    ],
)
def test_what_the_engine_put_aside_is_confirmed(origin: Message) -> None:
    assert (None, True) == compare(letter_of(origin), topics(origin))


def test_a_runner_keeps_all_headers() -> None:
    origin = record(headers=[("n", b"%d" % number) for number in range(100)], topic="commands.diagnosis.urgent")
    claimed = origin_headers(Origin("commands.diagnosis.urgent", 1, 7, "invalid", "why"), 900)
    letter = stored(1, 3, CANCEL, [*headers_of(origin), *claimed], 1_000)
    assert (None, True) == compare(letter, topics(origin))


@pytest.mark.parametrize(
    ("other", "named"),
    [
        (record(value=b"a reading"), "another value"),
        (record(key=b"car-2"), "another key"),
        (record(headers=[("ce_source", b"agent")]), "another set of headers"),
        (record(headers=[*SENT, *SENT]), "another set of headers"),
        (record(value=b"a reading", key=b"car-2"), "another key and value"),
    ],
)
def test_a_letter_that_claims_another_records_place_is_not_trusted(other: Message, named: str) -> None:
    why, told = compare(letter_of(record()), topics(other))
    assert told
    assert f"it is not the record at operator.requests[1]@7, where it claims to come from ({named})" in (why or "")


@pytest.mark.parametrize(
    ("absent", "told", "reason"),
    [
        (Absent.NEVER, True, "no record stands at operator.requests[1]@7"),
        (Absent.GONE, False, "retention has taken"),
        (Absent.UNREADABLE, False, "cannot be read"),
    ],
)
def test_what_is_not_there_is_an_accusation_only_where_it_never_was(absent: Absent, told: bool, reason: str) -> None:
    why, certain = compare(letter_of(record()), topics(otherwise=absent))
    assert told is certain
    assert reason in (why or "")


Redrive = Callable[..., tuple[int, str, list[object]]]


@pytest.fixture
def redrive(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], off_the_record: None) -> Redrive:
    """`dlq redrive --all` over these dead letters and origins: exit code, what was shown, what was sent again."""
    sent: list[object] = []
    monkeypatch.setattr(Invocation, "kafka", None)
    monkeypatch.setattr(Invocation, "reachable_kafka", lambda *_: None)

    def settle(_kafka: object, _topology: object, chosen: Sequence[object], _settlement: object) -> Iterator[object]:
        sent.extend(chosen)
        return iter([(letter, None) for letter in chosen])

    def call(
        letter: Message | None, *arguments: str, origins: Callable[[Cause], Message | Absent]
    ) -> tuple[int, str, list[object]]:
        def at(place: Cause) -> Message | Absent:
            return letter if letter and place.topic == "dead.letters" else origins(place)

        letters = [] if letter is None else [read_letter(letter)]
        monkeypatch.setattr(open_letters, "open_letters", lambda *_: iter(letters))
        monkeypatch.setattr(letter_origin, "PlaceReader", lambda _: nullcontext(SimpleNamespace(at=at)))
        code = run(["dlq", "redrive", "--all", *arguments])
        return code, " ".join(capsys.readouterr().out.split()), sent

    monkeypatch.setattr(redriving, "settle", settle)
    return call


def test_a_forged_cancel_is_refused_whatever_is_said(redrive: Redrive) -> None:
    forged = letter_of(record(value=b"a reading"), value=CANCEL)
    for options in ((), ("--yes",), ("--yes", "--unverified")):
        code, text, sent = redrive(forged, *options, origins=topics(record(value=b"a reading")))
        assert (1, []) == (code, sent)
        assert "Not 1/3: it is not the record at operator.requests[1]@7" in text


def test_a_preview_shows_what_would_be_sent(redrive: Redrive) -> None:
    code, text, sent = redrive(letter_of(record()), origins=topics(record()))
    assert (0, []) == (code, sent)
    assert "1/3 OperatorRequest:" in text
    assert "CANCEL" in text
    code, text, sent = redrive(letter_of(record()), "--yes", "--json", origins=topics(record()))
    (line,) = json.loads(text)["letters"]
    assert (0, 1, "OperatorRequest") == (code, len(sent), line["value"]["form"])


def test_where_retention_has_taken_the_origin_somebody_must_say_so(redrive: Redrive) -> None:
    gone = topics(otherwise=Absent.GONE)
    code, text, sent = redrive(letter_of(record()), "--yes", origins=gone)
    assert (1, []) == (code, sent)
    assert "give --unverified" in text
    code, text, sent = redrive(letter_of(record()), "--yes", "--unverified", origins=gone)
    assert (0, 1) == (code, len(sent))


def test_a_letter_that_names_no_place_is_refused(redrive: Redrive) -> None:
    nowhere = stored(1, 3, CANCEL, origin_headers(Origin(REQUESTS, -1, -1, "invalid", "why"), 900), 1_000)
    _code, text, sent = redrive(nowhere, "--yes", "--unverified", origins=topics())
    assert [] == sent
    assert "its headers name no place" in text


def test_only_its_own_headers_make_a_letter(redrive: Redrive) -> None:
    """Nothing but a claim: a letter whose sender put the origin there, at a place that another record has."""
    code, _, sent = redrive(dead_letter(1, 3, topic=REQUESTS), "--yes", origins=topics(record()))
    assert (1, []) == (code, sent)


@pytest.mark.parametrize("options", [(), ("--yes",)])
def test_where_there_is_no_letter_it_says_so(redrive: Redrive, options: tuple[str, ...]) -> None:
    code, text, sent = redrive(None, *options, origins=topics())
    assert (0, "No open dead letter matches: nothing is redriven.", []) == (code, text, sent)
