"""From records of the engine's output topics to messages. One that cannot be read does not hide the others."""

from collections.abc import Callable, Iterable, Iterator
from typing import TypeVar

import structlog
from confluent_kafka import Message

from master_orchestrator.errors import UnreadableRecordError
from master_orchestrator_schemas.codec import Codec, DecodeError
from master_orchestrator_schemas.kafka import place_of
from master_orchestrator_schemas.messages import (
    Activity,
    ActorRecord,
    Alert,
    AuditRecord,
    Control,
    EntityStatus,
    Status,
)

log = structlog.stdlib.get_logger(__name__)

M = TypeVar("M", AuditRecord, Status, Alert, ActorRecord, Control, EntityStatus, Activity)
OnUnreadable = Callable[[UnreadableRecordError], None]


def logged(error: UnreadableRecordError) -> None:
    """Say on the log that a record was left out; commands show errors on stderr."""
    log.error("record_left_out", why=str(error))


class Unreadable:
    """Logs the records that were left out, and counts them."""

    def __init__(self) -> None:
        self.count = 0

    def __call__(self, error: UnreadableRecordError) -> None:
        """One more."""
        self.count += 1
        logged(error)


def decoded(
    records: Iterable[Message], message_type: type[M], codec: Codec, unreadable: OnUnreadable = logged
) -> Iterator[M]:
    """The messages of these records; tombstones are passed over, what cannot be read goes to ``unreadable``."""
    for record in records:
        if record.value() is None:
            continue
        try:
            yield decode(record, message_type, codec)
        except UnreadableRecordError as error:
            unreadable(error)


def decode(record: Message, message_type: type[M], codec: Codec) -> M:
    """The message of one record. Raises :class:`UnreadableRecordError`."""
    try:
        return codec.decode(record.value(), message_type)
    except DecodeError as error:
        raise UnreadableRecordError(place_text(record), str(error)) from error


def place_text(record: Message) -> str:
    """``topic[partition]@offset``."""
    return str(place_of(record))
