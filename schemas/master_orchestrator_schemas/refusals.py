"""What msgspec says of a value that a message class does not take, in words for the value's sender."""

import re
from collections.abc import Callable
from typing import NamedTuple

from master_orchestrator_schemas.messages.telemetry import VEHICLE_ID_PATTERN
from master_orchestrator_schemas.trouble_codes import SPELLING

_AT = re.compile(r" - at `\$\.?(.*)`$")
_KINDS = {
    "str": "a text", "int": "a whole number", "float": "a number", "bool": "true or false", "array": "a list",
    "object": "an object", "null": "null",
}  # fmt: skip
_PATTERNS = {
    repr(VEHICLE_ID_PATTERN): "is not 1 to 64 characters of A-Z a-z 0-9 . _ : -",
    repr(SPELLING): "is not a trouble code such as P0301",
}
_FORMS: tuple[tuple[re.Pattern[str], Callable[[re.Match[str]], str]], ...] = (
    (
        re.compile(r"Expected `str` matching regex (.*)"),
        lambda m: _PATTERNS.get(m[1], "is not written as it has to be"),
    ),
    (re.compile(r"Expected `str` of length <= (\d+)"), lambda m: f"is longer than {m[1]} characters"),
    (re.compile(r"Expected `\w+` of length <= (\d+)"), lambda m: f"has more than {m[1]} items"),
    (re.compile(r"Expected `str` of length >= 1"), lambda _: "is empty"),
    (re.compile(r"Expected `\w+` <= (.*)"), lambda m: f"is more than {m[1]}"),
    (re.compile(r"Expected `\w+` >= (.*)"), lambda m: f"is less than {m[1]}"),
    (re.compile(r"Expected `(\w+)(?: \| null)?`, got `(\w+)`"), lambda m: f"is {_kind(m[2])}, not {_kind(m[1])}"),
)


class Refusal(NamedTuple):
    """The place of the value (``dtcs[0].code``; empty if it is the whole) and what is wrong with it."""

    place: str
    problem: str

    @property
    def field(self) -> str:
        """The message's field in which the value is."""
        return re.split(r"[.\[]", self.place, maxsplit=1)[0]

    def __str__(self) -> str:
        return f"{self.place}: {self.problem}" if self.place else self.problem


def refusal_of(error: Exception) -> Refusal:
    """What a ``msgspec.ValidationError``, or another error of a message class, comes to."""
    text = str(error)
    at = _AT.search(text)
    message = text[: at.start()] if at else text
    return Refusal(
        at[1] if at else "", next((tell(m) for form, tell in _FORMS if (m := form.fullmatch(message))), message)
    )


def _kind(name: str) -> str:
    return _KINDS.get(name, name)
