"""Records that are neither Avro nor a JSON object: what they are, for their sender to know what to change."""

import codecs
import re
from typing import NamedTuple

import msgspec

SEND_ONE = "send one JSON object per record"
SEND_BARE = "send single-object encoding (c301…), or JSON, without the framing"
SEND_PLAIN = "send the message itself and let the producer compress (compression.type)"


class Form(NamedTuple):
    """How a form begins, what it is, and what to send instead."""

    start: bytes
    is_: str
    remedy: str


FORMS = (
    Form(codecs.BOM_UTF32_LE, "UTF-32", "send JSON in UTF-8"),
    Form(codecs.BOM_UTF16_LE, "UTF-16", "send JSON in UTF-8"),
    Form(codecs.BOM_UTF16_BE, "UTF-16", "send JSON in UTF-8"),
    Form(b"{\x00", "UTF-16", "send JSON in UTF-8"),
    Form(b"\x00{", "UTF-16", "send JSON in UTF-8"),
    Form(b"\x1f\x8b", "compressed with gzip", SEND_PLAIN),
    Form(b"\x28\xb5\x2f\xfd", "compressed with zstd", SEND_PLAIN),
    Form(b"\x04\x22\x4d\x18", "compressed with lz4", SEND_PLAIN),
    Form(b"\x82SNAPPY\x00", "compressed with snappy", SEND_PLAIN),
    Form(b"\x78\x9c", "compressed with zlib", SEND_PLAIN),
    Form(b"PK\x03\x04", "a zip file", SEND_PLAIN),
    Form(b"Obj\x01", "an Avro file", "send each record in single-object encoding (c301…), without the file's header"),
    Form(b"\xac\xed\x00\x05", "an object of Java's serialization", "send JSON in UTF-8 (with StringSerializer)"),
    Form(b"c301", "Avro written as hexadecimal digits", "send the bytes themselves"),
    Form(b"<", "XML", SEND_ONE),
    Form(b"---", "YAML", SEND_ONE),
)
_PATTERNS = (
    (re.compile(rb"\x00[\s\S]{4}\s*\{"), "is JSON behind a schema registry's framing; send the JSON without it"),
    (re.compile(rb"\x00[\s\S]{4}"), f"has a schema registry's framing (00 and an id); {SEND_BARE}"),
    (re.compile(rb"\["), f"is a JSON array; {SEND_ONE}"),
    (re.compile(rb"'"), f"is in single quotes; {SEND_ONE}, without quotes around it"),
    (re.compile(rb"(null|true|false|-?[0-9.eE+-]+)\s*\Z"), f"is a single JSON value; {SEND_ONE}"),
    (re.compile(rb"(eyJ|ewo|ewk|ew0|eyA)[A-Za-z0-9+/_-]*=*\s*\Z"), f"is JSON in base64; {SEND_ONE}, as it is"),
)
"""How a value begins, and what to say of it."""


def without_mark(value: bytes) -> bytes:
    """The value without the byte order mark that some editors put before UTF-8."""
    return value.removeprefix(codecs.BOM_UTF8)


def described(value: bytes) -> str:
    """What a value is that begins neither as Avro nor as a JSON object, and what to send instead; one line."""
    for form in FORMS:
        if value.startswith(form.start):
            return f"is {form.is_}; {form.remedy}"
    text = value.strip()
    if text.startswith(b'"'):
        return f"is a JSON text{_inside(text)}"
    if not text:
        return f"is blank; {SEND_ONE}"
    otherwise = (
        f"is text, but not JSON; {SEND_ONE}"
        if _is_text(text)
        else f"starts with {value[:2].hex()}; send a JSON object, or Avro single-object encoding (c301…)"
    )
    return next((says for pattern, says in _PATTERNS if pattern.match(text)), otherwise)


def _is_text(value: bytes) -> bool:
    try:
        return all(c.isprintable() or c.isspace() for c in value.decode())
    except UnicodeDecodeError:
        return False


def _inside(text: bytes) -> str:
    try:
        inner = msgspec.json.decode(text)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return f"; {SEND_ONE}"
    if isinstance(inner, str) and inner.lstrip().startswith(("{", "[")):
        return f" with JSON in it: it was encoded twice; {SEND_ONE}, encoded once"
    return f"; {SEND_ONE}"
