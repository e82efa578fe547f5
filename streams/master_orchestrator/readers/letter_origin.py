"""Whether a dead letter is the record that it claims to be.

Anyone who may write dead letters can claim any origin, and a redrive writes with an operator's rights. So a letter is
compared with the record that stands where it says it came from.
"""

import time
from collections.abc import Callable, Iterable, Iterator
from enum import Enum
from types import TracebackType
from typing import NamedTuple, Self

from confluent_kafka import Consumer, KafkaError, KafkaException, Message, TopicPartition

from master_orchestrator.readers.dead_letters import DeadLetter, headers_of, read_letter
from master_orchestrator.readers.topics import ANSWER_S, FETCH, GROUP, POLL_S
from master_orchestrator_schemas import dead_letters as names
from master_orchestrator_schemas.kafka import KafkaSettings, consumer_config
from master_orchestrator_schemas.messages import Cause

NO_SUCH_PARTITION = frozenset(
    {KafkaError._UNKNOWN_PARTITION, KafkaError._UNKNOWN_TOPIC, KafkaError.UNKNOWN_TOPIC_OR_PART}
)


class Absent(Enum):
    """Why there is no record at a place."""

    GONE = "retention has taken the record at {origin}, so it cannot be told whether this is it"
    UNREADABLE = "the record at {origin} cannot be read, so it cannot be told whether this is it"
    NEVER = "no record stands at {origin}, where it claims to come from: find out who wrote it, and drop it"


class OriginCheck(NamedTuple):
    """``why`` a letter is not to be trusted, None if it is the record; ``told``: whether that is certain."""

    why: str | None
    told: bool = True


RecordAt = Callable[[Cause], Message | Absent]
"""What stands at a place."""


def compare(letter: Message, record_at: RecordAt) -> OriginCheck:
    """Hold a letter, whose headers name a place, against the record there: key, value, and the sender's headers."""
    claimed = read_letter(letter)
    origin = record_at(Cause(topic=claimed.topic, partition=claimed.partition, offset=claimed.offset))
    if isinstance(origin, Absent):
        return OriginCheck(origin.value.format(origin=claimed.origin), told=origin is Absent.NEVER)
    if not _has_readable_headers(origin):
        return OriginCheck(Absent.UNREADABLE.value.format(origin=claimed.origin), told=False)
    if differing := _differing(letter, origin):
        return OriginCheck(
            f"it is not the record at {claimed.origin}, where it claims to come from "
            f"(another {' and '.join(differing)}): find out who wrote it, and drop it"
        )
    return OriginCheck(None)


class Examined(NamedTuple):
    """A letter, its value, and what the record at its origin says of it."""

    letter: DeadLetter
    value: bytes
    comparison: OriginCheck


def examine(letters: Iterable[DeadLetter], dead_letter_topic: str, record_at: RecordAt) -> Iterator[Examined]:
    """Read each letter again, now with its value, and compare it."""
    for letter in letters:
        record = record_at(Cause(topic=dead_letter_topic, partition=letter.id.partition, offset=letter.id.offset))
        if isinstance(record, Absent):
            yield Examined(letter, b"", OriginCheck("the letter itself is gone"))
        else:
            yield Examined(letter, record.value() or b"", compare(record, record_at))


def _differing(letter: Message, origin: Message) -> list[str]:
    kept, whole = names.kept_headers(headers_of(origin)), headers_of(origin)
    same = {
        "key": (letter.key() or b"") in (names.kept_key(origin.key()), origin.key() or b""),
        "value": (letter.value() or b"") == (origin.value() or b""),
        "set of headers": _sent(headers_of(letter)) in (_sent(kept), _sent(whole)),  # runners keep all
    }
    return [part for part, is_same in same.items() if not is_same]


def _sent(headers: list[tuple[str, bytes]] | list[tuple[str, bytes | None]]) -> list[tuple[str, bytes | None]]:
    """The headers that a redrive sends again."""
    return [(name, value) for name, value in headers if name not in names.ORIGIN_HEADERS]


def _has_readable_headers(record: Message) -> bool:
    """The engine escapes header names that are not UTF-8; this client cannot tell them."""
    try:
        record.headers()
    except SystemError:
        return False
    return True


class PlaceReader:
    """Single records by their place. One thread; a context manager."""

    def __init__(self, kafka: KafkaSettings) -> None:
        self._consumer = Consumer(consumer_config(kafka, GROUP, **{**FETCH, "queued.min.messages": 1}))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._consumer.close()

    def at(self, place: Cause) -> Message | Absent:
        """The committed record there. Raises ``KafkaException``."""
        first, end = self._bounds(place)
        if not first <= place.offset < end:
            return Absent.GONE if place.offset < first else Absent.NEVER
        self._consumer.assign([TopicPartition(place.topic, place.partition, place.offset)])
        until = time.monotonic() + ANSWER_S
        while time.monotonic() < until:
            message = self._consumer.poll(POLL_S)
            error = None if message is None else message.error()
            if message is None or (error is not None and error.code() != KafkaError._PARTITION_EOF):
                continue  # librdkafka goes on trying
            return message if error is None and message.offset() == place.offset else Absent.NEVER
        return Absent.UNREADABLE

    def _bounds(self, place: Cause) -> tuple[int, int]:
        try:
            return self._consumer.get_watermark_offsets(TopicPartition(place.topic, place.partition), timeout=ANSWER_S)
        except KafkaException as error:
            if error.args[0].code() in NO_SUCH_PARTITION:
                return 0, 0
            raise
