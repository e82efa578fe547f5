"""A reading out of what an outsider wrote: what is understood is used, what is not is left out and named.

Only who and when are indispensable. One rule for the topic, files and the façade.
"""

from collections.abc import Callable, Mapping
from datetime import UTC, tzinfo
from functools import partial
from numbers import Real
from typing import NamedTuple

from master_orchestrator_schemas.aliases import (
    FIELDS,
    FLAGS,
    Alias,
    AliasError,
    dtc,
    fault,
    finite,
    flag,
    listed,
    millis,
    number,
)
from master_orchestrator_schemas.drafts import Draft
from master_orchestrator_schemas.left_out import LeftOut
from master_orchestrator_schemas.messages import SIGNALS, Dtc, J1939Fault, Telemetry
from master_orchestrator_schemas.units import shown
from master_orchestrator_schemas.values import plain

MAX_CODES = 64
MAX_EXTRAS = 128
"""As :class:`Telemetry` has them."""

MAX_NAME = 200
NOT_KNOWN = "is not a known name, and only numbers are kept of what is not known"

AS_WRITTEN = frozenset({"vehicle_id", "model", "request_id", "dtcs"})
"""Texts of their own: an id may look like a number, or be ``unknown``, and ``none`` is a word about trouble codes."""

_SIGNALS = frozenset(SIGNALS)
_NAMES = {name: alias.field for name, alias in FIELDS.items()}


class Listing(NamedTuple):
    """A field that holds a list: how an item is read, and the names that one has."""

    read: Callable[[str, object], object]
    names: frozenset[str]


_LISTS: Mapping[str, Listing] = {
    "dtcs": Listing(dtc, frozenset(Dtc.__struct_fields__)),
    "j1939": Listing(fault, frozenset(J1939Fault.__struct_fields__)),
}


class Understood(NamedTuple):
    """What was made of a mapping: the reading, and what was left out of it because nobody could tell what it is."""

    reading: Telemetry
    left_out: tuple[LeftOut, ...]


def understood(
    mapping: Mapping[str, object], *, vehicle_id: str | None = None, zone: tzinfo | None = UTC
) -> Understood:
    """The reading that a mapping of plain names or fields describes, without what is not understood of it.

    Args:
        mapping: field or alias -> value; None is the same as absent. Times are ISO 8601 (without a zone: in ``zone``),
            or seconds or milliseconds since 1970 (``ts_ms``: milliseconds). ``dtcs`` holds texts or ``{code, status}``.
        vehicle_id: whose reading this is, where the mapping does not say; if it does, it must say the same.
        zone: None is this machine's own.

    Raises:
        AliasError: nobody can tell whose reading it is, or of when.
    """
    reading = _Reading(mapping, zone)
    for key, value in mapping.items():
        reading.take(key, value)
    return reading.finished(vehicle_id)


def strictly_understood(
    mapping: Mapping[str, object], *, vehicle_id: str | None = None, zone: tzinfo | None = UTC
) -> Understood:
    """As :func:`understood`, for callers who can correct what they wrote.

    Raises:
        AliasError: also where the value of a known name is not understood.
    """
    made = understood(mapping, vehicle_id=vehicle_id, zone=zone)
    for item in made.left_out:
        if item.known:
            raise AliasError(item.name, item.problem)
    return made


def telemetry_from_mapping(mapping: Mapping[str, object], *, vehicle_id: str | None = None) -> Telemetry:
    """The reading of :func:`strictly_understood` alone."""
    return strictly_understood(mapping, vehicle_id=vehicle_id).reading


class _Reading:
    """A reading in the making."""

    def __init__(self, given: Mapping[str, object], zone: tzinfo | None) -> None:
        self._zone = zone
        self._draft = Draft(Telemetry, given, _NAMES)
        self._extras: dict[str, float] = {}

    def take(self, key: str, value: object) -> None:
        """Take in one entry, or leave it out."""
        alias = FIELDS.get(key)
        as_written = alias is not None and alias.field in AS_WRITTEN and isinstance(value, str)
        if not as_written and plain(value) is None:
            return
        if alias is None:
            self._keep(key, value)
        elif alias.field == "extras":
            self._keep_all(key, value)
        else:
            self._draft.put(alias.field, key, partial(self._value, key, alias, value))

    def finished(self, vehicle_id: str | None) -> Understood:
        """The reading. Raises :class:`AliasError`."""
        fields = self._draft.fields
        if vehicle_id is not None and fields.setdefault("vehicle_id", vehicle_id) != vehicle_id:
            other = shown(fields["vehicle_id"])
            raise AliasError(self._draft.keys["vehicle_id"], f"{other} is not {vehicle_id!r}, whose reading this is")
        reading: Telemetry = self._draft.built(extras=self._extras)
        return Understood(reading, tuple(self._draft.left_out))

    def _value(self, key: str, alias: Alias, value: object) -> object:
        field = alias.field
        if field in _SIGNALS:
            return finite(key, number(key, value) * alias.scale)
        if field in FLAGS:
            return flag(key, value)
        if field == "ts_ms":
            return millis(key, value, self._zone)
        if field in _LISTS:
            return self._items(key, value, _LISTS[field])
        if not isinstance(value, str):
            raise AliasError(key, f"{shown(value)} is not a text; write it in quotes")
        return value

    def _items(self, key: str, value: object, listing: Listing) -> tuple[object, ...]:
        """The items that are understood, the first :data:`MAX_CODES` of them."""
        items = []
        for item in listed(key, value):
            try:
                items.append(listing.read(key, self._without_unknown(key, item, listing.names)))
            except AliasError as error:
                self._draft.leave_out(key, error.problem)
        if len(items) > MAX_CODES:
            self._draft.leave_out(key, f"{len(items)} are more than {MAX_CODES}; send the newest")
        return tuple(items[:MAX_CODES])

    def _without_unknown(self, key: str, item: object, names: frozenset[str]) -> object:
        if not isinstance(item, Mapping):
            return item
        for name in item:
            if name not in names:
                self._draft.leave_out(f"{key}.{name}", "is not a known name", known=False)
        return {name: item[name] for name in item if name in names}

    def _keep_all(self, key: str, value: object) -> None:
        if not isinstance(value, Mapping):
            self._draft.leave_out(key, f"{shown(value)} is not a mapping of names and numbers")
            return
        for name, item in value.items():
            self._keep(name, item, f"{key}.")

    def _keep(self, name: str, value: object, prefix: str = "") -> None:
        """Numbers are kept as ``extras``, the first :data:`MAX_EXTRAS` of them."""
        value = plain(value)
        if value is None:
            return
        if not isinstance(name, str) or not 0 < len(name) <= MAX_NAME:
            self._draft.leave_out(f"{prefix}{name}", f"a name is a text of 1 to {MAX_NAME} characters", known=False)
        elif isinstance(value, bool) or not isinstance(value, Real):
            self._draft.leave_out(f"{prefix}{name}", NOT_KNOWN, known=False)
        elif len(self._extras) >= MAX_EXTRAS and name not in self._extras:
            self._draft.leave_out(
                f"{prefix}{name}", f"more than {MAX_EXTRAS} names are not known; send fewer", known=False
            )
        else:
            try:
                self._extras[name] = number(name, value)
            except AliasError as error:
                self._draft.leave_out(f"{prefix}{name}", error.problem, known=False)
