"""What is in a dead letter's value: the message if it can be read, else JSON, text or the bytes in hex; bounded."""

from typing import Any, NamedTuple, get_args

import msgspec

from master_orchestrator_schemas.codec import Codec
from master_orchestrator_schemas.errors import DecodeError
from master_orchestrator_schemas.json_text import nesting
from master_orchestrator_schemas.registry import Message
from master_orchestrator_schemas.topology import Topology

SHOWN_BYTES = 4_096
"""Of text or bytes; a message or JSON is shown whole, up to the limit of a record."""

MESSAGES: dict[str, type[Message]] = {message_type.__name__: message_type for message_type in get_args(Message)}


class LetterValue(NamedTuple):
    """``form``: the message's name, ``json``, ``text`` or ``hex``; ``content``: that form of it, the last two cut."""

    form: str
    content: Any


def letter_value(value: bytes, topic: str, topology: Topology) -> LetterValue:
    """What can be seen of the value of a letter from ``topic``."""
    readable = _message(value, topic, topology)
    if readable is None and len(value) <= topology.limits.max_record_bytes:
        readable = _json(value, topology.limits.max_depth)
    return readable or _text(value) or LetterValue("hex", value[:SHOWN_BYTES].hex())


def _message(value: bytes, topic: str, topology: Topology) -> LetterValue | None:
    terms = topology.topics.get(topic)
    name: str | None = "Command" if topic in topology.command_topics else None
    if terms is not None:
        name = terms.schema_name
    if name is None:
        return None
    json_allowed = terms is not None and terms.json_allowed
    try:
        message = Codec(topology.limits).decode(value, MESSAGES[name], json_allowed=json_allowed)
    except DecodeError:
        return None
    return LetterValue(name, msgspec.to_builtins(message))


def _json(value: bytes, max_depth: int) -> LetterValue | None:
    if nesting(value) > max_depth:
        return None
    try:
        return LetterValue("json", msgspec.json.decode(value))
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None


def _text(value: bytes) -> LetterValue | None:
    """Text of printable characters only: what comes from a stranger must not steer a terminal."""
    try:
        text = value.decode()
    except UnicodeDecodeError:
        return None
    if not text or not all(character.isprintable() or character in "\n\t" for character in text):
        return None
    return LetterValue("text", text[:SHOWN_BYTES])
