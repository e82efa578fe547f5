"""From records of the engine's output topics to messages."""

from collections.abc import Iterable, Iterator
from typing import TypeVar

from confluent_kafka import Message

from master_orchestrator.errors import UnreadableRecordError
from master_orchestrator_schemas.codec import Codec, DecodeError
from master_orchestrator_schemas.messages import Alert, AuditRecord, Status

M = TypeVar("M", AuditRecord, Status, Alert)


def decoded(records: Iterable[Message], message_type: type[M], codec: Codec) -> Iterator[M]:
    """The messages of these records; tombstones are passed over.

    Raises :class:`UnreadableRecordError`: on a topic that only the engine writes, such a record is no one's mistake to
    be passed over.
    """
    for record in records:
        if record.value() is not None:
            yield decode(record, message_type, codec)


def decode(record: Message, message_type: type[M], codec: Codec) -> M:
    """The message of one record. Raises :class:`UnreadableRecordError`."""
    try:
        return codec.decode(record.value(), message_type)
    except DecodeError as error:
        place = f"{record.topic()}[{record.partition()}]@{record.offset()}"
        raise UnreadableRecordError(place, str(error)) from error
