"""A message in the making, out of what an outsider wrote: what is not understood is left out, and named.

Only what the message makes no sense without is an error.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import msgspec

from master_orchestrator_schemas.aliases import AliasError
from master_orchestrator_schemas.left_out import LeftOut, harmless
from master_orchestrator_schemas.refusals import refusal_of

MAX_LEFT_OUT = 64
"""Unknown names of one message; what is left out beyond is not named."""

_NOT_ALPHANUMERIC = re.compile(r"[^a-z0-9]")


class Draft:
    """The fields of a message so far, and what was left out.

    Args:
        message_type: the message class.
        given: what it is made of.
        names: every name that is understood -> its field.
        right: optional fields that, where they are there, have to be understood.
    """

    def __init__(
        self,
        message_type: type[msgspec.Struct],
        given: Mapping[str, object],
        names: Mapping[str, str],
        right: Iterable[str] = (),
    ) -> None:
        self._type, self._given, self._names = message_type, given, names
        self._needed = tuple(field.name for field in msgspec.structs.fields(message_type) if field.required)
        self._right = frozenset(self._needed) | frozenset(right)
        self.fields: dict[str, object] = {}
        self.keys: dict[str, str] = {}
        self.left_out: list[LeftOut] = []

    def put(self, field: str, key: str, read: Callable[[], object]) -> None:
        """Set a field to what ``read`` makes of the value under ``key``, or leave it out.

        Two names for one thing may both be there if they say the same. Raises :class:`AliasError` for what is needed.
        """
        try:
            value = read()
            self._agree(field, key, value)
        except AliasError as error:
            if field in self._right:
                raise
            self.leave_out(key, error.problem)
        else:
            self.keys.setdefault(field, key)
            self.fields[field] = value

    def leave_out(self, key: str, problem: str, *, known: bool = True) -> None:
        """Name what is left out."""
        if known or len(self.left_out) < MAX_LEFT_OUT:
            self.left_out.append(LeftOut(harmless(key), problem, known))

    def built(self, **more: object) -> Any:  # a message of the type that was asked for
        """The message. Its class checks the fields; one after the other, what it refuses is left out.

        Raises :class:`AliasError` for what is needed.
        """
        for needed in self._needed:
            if needed not in self.fields:
                raise AliasError(needed, self._missing(needed))
        while True:
            try:
                return msgspec.convert({**self.fields, **more}, self._type)
            except msgspec.ValidationError as error:
                self._drop(error)

    def _drop(self, error: Exception) -> None:
        refusal = refusal_of(error)
        field, problem = refusal.field, refusal.problem
        if field in self._right or field not in self.fields:
            raise AliasError(self.keys.get(field, field), problem)
        del self.fields[field]
        self.leave_out(self.keys[field], problem)

    def _missing(self, field: str) -> str:
        names = [name for name, of in self._names.items() if of == field]
        also = f" ({', '.join(name for name in names if name != field)} will do)" if len(names) > 1 else ""
        return f"is missing; every {self._type.__name__} needs it{also}{self._nearly(names)}"

    def _nearly(self, names: Iterable[str]) -> str:
        """Where a needed field is, if it is under another spelling of its name, or one level further down."""
        bare = {_bare(name): name for name in names}
        for key, value in self._given.items():
            if value is None:
                continue
            if name := bare.get(_bare(key)):
                return f". There is {harmless(key)!r}: write {name!r}"
            inner = value[0] if isinstance(value, list) and value else value
            if isinstance(inner, Mapping) and not bare.keys().isdisjoint(map(_bare, inner)):
                return f". It is inside {harmless(key)!r}: send one record for each, with nothing around it"
        return ""

    def _agree(self, field: str, key: str, value: object) -> None:
        if field in self.fields and self.fields[field] != value:
            raise AliasError(key, f"says something else than {self.keys[field]!r}; send one of them")


def _bare(name: object) -> str:
    """A name without case and separators: ``vehicleId`` and ``Vehicle-ID`` are one."""
    return _NOT_ALPHANUMERIC.sub("", str(name).lower())
