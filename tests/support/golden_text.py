"""How the records and states of a golden history are shown to people.

A record: its topic and key, its message without what is empty, of a status's history the newest entry alone, and
digests of the very bytes of its value and its headers. A dead letter: its headers. A state: its fields by name.
"""

import json
from hashlib import sha256
from typing import Any

import msgspec

from master_orchestrator.core.state import decode_state
from master_orchestrator.core.table import unpack_vehicle
from master_orchestrator.shell.records import Record
from master_orchestrator_schemas.codec import Codec
from master_orchestrator_schemas.messages import Activity, Alert, AuditRecord, Command, SenderFeedback, Status

CODEC = Codec()
Output = AuditRecord | Status | Alert | SenderFeedback | Command | Activity
OUTPUTS: dict[str, type[Output]] = {
    "AuditRecord": AuditRecord,
    "Status": Status,
    "Alert": Alert,
    "SenderFeedback": SenderFeedback,
    "Command": Command,
    "Activity": Activity,
}
LEFT_OUT = ("workflow_id", "vehicle_id", "seq", "hash", "prev_hash")
"""What the record's key says already, and what no eye compares: the digest covers it."""


def digest(value: bytes) -> str:
    """Enough of a SHA-256 to see a change by, where nobody forges."""
    return sha256(value).hexdigest()[:16]


def readable_record(record: Record, *, is_dead: bool) -> dict[str, Any]:
    """An outgoing record."""
    headers = {name: (value or b"").decode(errors="replace") for name, value in record.headers or ()}
    if is_dead:
        content = {name: text for name, text in headers.items() if name.startswith("dead_letter_")}
    else:
        content = _message(headers["ce_type"].rpartition(".")[2], record.value)
    digests = {"value": digest(record.value), "headers": digest(msgspec.msgpack.encode(record.headers))}
    return {"topic": record.topic, "key": record.key.decode(errors="replace"), **content, "sha256": digests}


def readable_value(value: bytes) -> dict[str, Any]:
    """A vehicle's stored value: its earliest deadline and its state."""
    due_ms, encoded = unpack_vehicle(value)
    named: dict[str, Any] = _filled(_named(decode_state(encoded)))
    return {"sha256": digest(value), "due_ms": due_ms, **named}


def _message(name: str, value: bytes) -> dict[str, Any]:
    plain = msgspec.json.decode(msgspec.json.encode(CODEC.decode(value, OUTPUTS[name])))
    for field in LEFT_OUT:
        plain.pop(field, None)
    if "history" in plain:
        plain["history"] = plain["history"][-1:]
    if plain.get("details"):
        plain["details"] = json.loads(plain["details"])
    filled: dict[str, Any] = _filled(plain)
    return filled


def _named(value: Any) -> Any:
    """A state with the names of its fields, which its stored form does not have."""
    if isinstance(value, msgspec.Struct):
        return {name: _named(getattr(value, name)) for name in value.__struct_fields__}
    if isinstance(value, tuple):
        return [_named(item) for item in value]
    if isinstance(value, dict):
        return {key: _named(item) for key, item in value.items()}
    return value.hex() if isinstance(value, bytes) else msgspec.to_builtins(value)


def _filled(tree: Any) -> Any:
    """Without what is empty."""
    if isinstance(tree, dict):
        return {key: _filled(item) for key, item in tree.items() if item not in (None, [], {}, "")}
    return [_filled(item) for item in tree] if isinstance(tree, list) else tree
