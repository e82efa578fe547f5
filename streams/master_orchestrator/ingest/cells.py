"""One cell to a value: numbers as exports write them, texts, flags. What cannot be read says why."""

import math
import re
from collections.abc import Callable

from master_orchestrator.errors import OrchestratorError
from master_orchestrator_schemas.measures import conversion
from master_orchestrator_schemas.values import is_no_value, number

_POINTS = re.compile(r"[+-]?\d{1,3}(?P<mark>[,'\u2019 \u00a0\u202f])\d{3}(?:(?P=mark)\d{3})*(?:\.\d+)?")
_COMMAS = re.compile(r"[+-]?\d{1,3}(?P<mark>[.'\u2019 \u00a0\u202f])\d{3}(?:(?P=mark)\d{3})*(?:,\d+)?")
_WITH_UNIT = re.compile(r"(?P<number>[+-]?[\d.,]+(?:[eE][+-]?\d+)?)\s*(?P<unit>[^\d\s.,+-][^\d]*\d?)")

ToNumber = Callable[[str], float | None]


class UnreadableError(OrchestratorError, ValueError):
    """A cell that says something, but nothing we can use."""


def point_number(text: str) -> float | None:
    """A number with a decimal point, thousands marked or not."""
    value = number(text)
    if value is None and (match := _POINTS.fullmatch(text.strip())):
        return number(text.replace(match["mark"], ""))
    return value


def comma_number(text: str) -> float | None:
    """A number with a decimal comma, thousands marked or not."""
    if (match := _COMMAS.fullmatch(text.strip())) is not None:
        text = text.replace(match["mark"], "")
    return number(text.replace(",", "."))


def plain_number(cell: object) -> float | None:
    """A number of JSON that needs no second look; None for anything else."""
    if isinstance(cell, float):
        return cell if -math.inf < cell < math.inf else None
    return float(cell) if type(cell) is int and -(2**53) <= cell <= 2**53 else None


def numeric(cell: object, to_number: ToNumber) -> float | None:
    """The number of a cell; None for no value. Raises :class:`UnreadableError`."""
    if isinstance(cell, str):
        value = to_number(cell)
        if value is not None or is_no_value(cell) or _is_infinite(cell):
            return value
        raise UnreadableError("not a number")
    if cell is None:
        return None
    if isinstance(cell, bool) or not isinstance(cell, int | float):
        raise UnreadableError("not a number")
    try:
        value = float(cell)
    except OverflowError as error:
        raise UnreadableError("too large for a number") from error
    return value if math.isfinite(value) else None


def _is_infinite(text: str) -> bool:
    try:
        return not math.isfinite(float(text))
    except ValueError:
        return False


def with_unit(cell: object, field: str, to_number: ToNumber) -> float | None:
    """The number of a cell that says its own unit (``118 °C``), in the field's; None for anything else."""
    match = _WITH_UNIT.fullmatch(cell.strip()) if isinstance(cell, str) else None
    value = to_number(match["number"]) if match else None
    to_field = conversion(field, match["unit"]) if match else None
    return None if value is None or to_field is None else value * to_field.scale + to_field.offset


def text_of(cell: object, longest: int) -> str | None:
    """A text; None for an empty one. Raises :class:`UnreadableError`."""
    if isinstance(cell, int) and not isinstance(cell, bool):
        cell = str(cell) if abs(cell) < 10**30 else ""
    if cell is None:
        return None
    if not isinstance(cell, str):
        raise UnreadableError("not a text")
    if len(cell.strip()) > longest:
        raise UnreadableError(f"longer than {longest} characters")
    return cell.strip() or None
