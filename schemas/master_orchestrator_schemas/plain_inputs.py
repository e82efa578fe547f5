"""What workshops, operators and owners say, as outsiders write it: plain names, words in any case, ISO times.

As with readings, what is not understood is left out and named, unless the message makes no sense without it.
"""

import re
from collections.abc import Callable, Mapping
from datetime import UTC, tzinfo
from functools import partial
from typing import Generic, NamedTuple, TypeVar

from master_orchestrator_schemas.aliases import AliasError, millis, number
from master_orchestrator_schemas.drafts import Draft
from master_orchestrator_schemas.left_out import LeftOut
from master_orchestrator_schemas.messages import CustomerAnswer, OperatorRequest, ServiceEvent
from master_orchestrator_schemas.units import shown
from master_orchestrator_schemas.values import plain
from master_orchestrator_schemas.vocabulary import Answer, Channel, OperatorAction, Priority, Purpose, ServiceEventKind

M = TypeVar("M", ServiceEvent, OperatorRequest, CustomerAnswer)

PLAIN_NAMES: Mapping[str, str] = {
    "vehicle": "vehicle_id",
    "workflow": "workflow_id",
    "event": "event_id",
    "request": "request_id",
    "timestamp": "ts_ms",
    "ts": "ts_ms",
    "workshop": "workshop_id",
    "cause": "confirmed_cause",
    "subsystem": "confirmed_subsystem",
    "parts": "parts_replaced",
    "labor_hours": "labour_hours",
    "notes": "note",
    "user": "operator",
    "contact": "contact_id",
    "preferred_from": "preferred_from_ms",
    "wish": "preferred_from_ms",
}
"""Plain name -> field."""

PRIORITIES = frozenset(Priority)
WORDS = {
    "kind": ServiceEventKind,
    "action": OperatorAction,
    "priority": Priority,
    "answer": Answer,
    "channel": Channel,
    "purpose": Purpose,
}
"""Fields that hold one word of a list."""

TIMES = frozenset({"ts_ms", "preferred_from_ms"})
MEASURED = frozenset({"labour_hours", "offer", *TIMES, *WORDS})
"""Fields in which a word may say that there is no value; the others are taken as they are written."""

TELLING = frozenset({"offer", "campaign", *TIMES, *WORDS})
"""Fields without which a message would say something else: where they are there, they have to be understood."""

IDS = frozenset({"event_id", "request_id", "answer_id", "workshop_id"})
"""Others' own ids, which may be numbers where they come from."""

_NOT_LETTERS = re.compile(r"[\s-]+")


class PlainInput(NamedTuple, Generic[M]):
    """What was made of a mapping: the message, and what was left out of it."""

    message: M
    left_out: tuple[LeftOut, ...]


def _whole(key: str, value: object) -> int:
    given = number(key, value)
    if not given.is_integer():
        raise AliasError(key, f"{shown(value)} is not a whole number")
    return int(given)


NUMBERS: Mapping[str, Callable[[str, object], float]] = {"labour_hours": number, "offer": _whole}


def taken(mapping: Mapping[str, object], message_type: type[M], *, zone: tzinfo | None = UTC) -> PlainInput[M]:
    """The message that a mapping describes. ``zone`` is that of a time that names none; None is this machine's own.

    Raises:
        AliasError: something that the message needs is missing or not understood.
    """
    names = {**PLAIN_NAMES, **{field: field for field in message_type.__struct_fields__}}
    draft = Draft(message_type, mapping, names, right=TELLING)
    for key, value in mapping.items():
        field = names.get(key, key)
        if value is None or (field in MEASURED and plain(value) is None):
            continue
        if field in message_type.__struct_fields__:
            draft.put(field, key, partial(_value, key, field, value, zone))
        else:
            draft.leave_out(key, f"is not a name that {message_type.__name__} has", known=False)
    message: M = draft.built()
    return PlainInput(message, tuple(draft.left_out))


def _value(key: str, field: str, value: object, zone: tzinfo | None) -> object:
    if field in WORDS:
        return _word(key, field, value)
    if field in TIMES:
        return millis(key, value, zone)
    if field in NUMBERS:
        return NUMBERS[field](key, value)
    if field in IDS and isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    if field == "parts_replaced" and isinstance(value, str):
        return [value]
    return value


def _word(key: str, field: str, value: object) -> object:
    """The member that a word names, whatever its case; a priority may be its number."""
    words, value = WORDS[field], plain(value)
    if isinstance(value, str):
        name = _NOT_LETTERS.sub("_", value).upper()
        if name in words.__members__:
            return words[name]
    elif words is Priority and isinstance(value, int | float) and not isinstance(value, bool) and value in PRIORITIES:
        return Priority(int(value))
    raise AliasError(key, f"{shown(value)} is not one of {', '.join(words.__members__)}")
