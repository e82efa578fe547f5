"""Dead letters as they stand in their topic: what each says of itself, and what operators have done about it.

What is done about a dead letter is remembered by a marker, a record behind it in its own partition (see
``dead_letters.marker_headers``). So one partition, read to its end, says everything about its letters, retention
takes a letter no later than its marker, and no other store can be out of step with the topic.
"""

from dataclasses import dataclass
from typing import Literal, NamedTuple, cast

from confluent_kafka import Message

from master_orchestrator_schemas import dead_letters as names
from master_orchestrator_schemas import kafka
from master_orchestrator_schemas.headers import sender_of
from master_orchestrator_schemas.messages import Cause

Done = Literal["redriven", "dropped"]
GIVEN_UP = "retries_exhausted"
"""The engine's reason on a command that had all its tries."""

MAX_PARTITION = 2**31 - 1
"""What Kafka has room for; its client takes no larger number."""


class LetterId(NamedTuple):
    """The place of a record in the dead-letter topic."""

    partition: int
    offset: int

    def __str__(self) -> str:
        return f"{self.partition}/{self.offset}"


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """What the headers of a dead letter say, without its value.

    Args:
        at_ms: when it came into the dead letters.
        topic, partition, offset: where the record stood; partition and offset are -1 for a command that was given up.
        vehicle: the record's key as text; empty without one.
        attempts: how often it has been sent again before this.
        cut_from: bytes its value had, if it was shortened.
        sender: who sent it (``ce_source`` or ``client_id``), ``unknown`` where it does not say.
        source_id: the sender's own id (``ce_id``); of a command its ``command_id``.
    """

    id: LetterId
    at_ms: int
    topic: str
    partition: int
    offset: int
    reason: str
    message: str
    vehicle: str
    attempts: int
    cut_from: int | None
    sender: str
    source_id: str
    size: int

    @property
    def origin(self) -> str:
        """``topic[partition]@offset``, the topic alone where there was no place."""
        cause = Cause(topic=self.topic, partition=self.partition, offset=self.offset)
        return str(cause) if self.offset >= 0 else self.topic

    @property
    def workflow_id(self) -> str:
        """Of a command, the workflow it was about."""
        return self.source_id.partition("/")[0]


@dataclass(frozen=True, slots=True)
class Marker:
    """What was done about a dead letter, by whom, when (RFC 3339); ``redriven_to``: where it stands again."""

    ref: LetterId
    done: Done
    operator: str
    at: str
    text: str | None
    redriven_to: str | None


def parse_letter_id(text: str) -> LetterId:
    """The id written as ``partition/offset``. Raises ``ValueError``."""
    partition, _, offset = text.partition("/")
    if not (names.is_number(partition, MAX_PARTITION) and names.is_number(offset)):
        raise ValueError(f"{text!r} is not a dead letter's id: write PARTITION/OFFSET, as 'dlq list' does")
    return LetterId(int(partition), int(offset))


def letter_id_of(record: Message) -> LetterId:
    """Where a record that was read stands."""
    return LetterId(cast("int", record.partition()), cast("int", record.offset()))


def headers_of(record: Message) -> list[tuple[str, bytes]]:
    """The headers of a record that was read; a header without a value counts as empty."""
    return [(name, value or b"") for name, value in kafka.headers_of(record)]


def is_marker(record: Message) -> bool:
    """Whether a record of the topic is a marker.

    A dead letter never is: it keeps its sender's headers, but has an origin too.
    """
    present = {name for name, _ in headers_of(record)}
    return names.DONE in present and not present & names.ORIGIN_HEADERS


def read_marker(record: Message) -> Marker | None:
    """The marker in a record; None if it is none, or does not name a letter before it in its partition."""
    if not is_marker(record):
        return None
    texts = _texts(record)
    done = texts[names.DONE]
    try:
        ref = parse_letter_id(texts.get(names.DONE_REF, ""))
    except ValueError:
        return None
    place = letter_id_of(record)
    if done not in {"redriven", "dropped"} or ref.partition != place.partition or ref.offset >= place.offset:
        return None
    return Marker(
        ref=ref,
        done=cast("Done", done),
        operator=texts.get(names.DONE_OPERATOR, ""),
        at=texts.get(names.DONE_TIME, ""),
        text=texts.get(names.DONE_TEXT),
        redriven_to=texts.get(names.DONE_TO),
    )


def read_letter(record: Message) -> DeadLetter:
    """The dead letter in a record that is not a marker. Every such record has one."""
    texts = _texts(record)
    cut_from = texts.get(names.CUT_FROM)
    return DeadLetter(
        id=letter_id_of(record),
        at_ms=record.timestamp()[1],
        **names.read_origin(texts)._asdict(),
        vehicle=(record.key() or b"").decode(errors="replace"),
        attempts=names.number_of(texts.get(names.ATTEMPTS), 0),
        cut_from=None if cut_from is None else names.number_of(cut_from, 0),
        sender=sender_of(headers_of(record)),
        source_id=texts.get("ce_id", ""),
        size=len(record.value() or b""),
    )


def _texts(record: Message) -> dict[str, str]:
    """Header texts by name; of repeats the last, which is the one that we put there."""
    return {name: value.decode(errors="replace") for name, value in headers_of(record)}
