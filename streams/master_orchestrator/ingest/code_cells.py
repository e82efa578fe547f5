"""Trouble codes and J1939 faults in one cell: lists as spreadsheets, Python and JSON write them."""

import re
from collections.abc import Mapping

import msgspec

from master_orchestrator_schemas.messages import Dtc, J1939Fault
from master_orchestrator_schemas.trouble_codes import NOT_AVAILABLE, trouble_code
from master_orchestrator_schemas.values import NO_CODES, is_no_value

MAX_CODES = 64
"""Codes in one reading."""
_SEPARATORS = re.compile(r"[\s,;|/+&]+")
_WRAPPING = "[](){}'\"` \t"
_SPACED = re.compile(r"\b([PBCU])\s+(?=[0-9A-F]{4}\b)", re.IGNORECASE)
_FAULT = re.compile(
    r"(?:SPN\s*[=:]?\s*)?(?P<spn>\d{1,6})\s*(?:[/:\-]|\s|,\s*(?=FMI)|\bFMI\b)\s*(?:[/,]?\s*FMI\s*[=:]?\s*)?(?P<fmi>\d{1,2})(?:[xX/:]\d+)?",
    re.IGNORECASE,
)


def codes_of(cell: object) -> tuple[tuple[Dtc, ...], list[object]]:
    """The trouble codes of a cell, and what in it is not one. A word for "no codes" is :data:`NO_CODE`, as a report."""
    codes: list[Dtc] = []
    odd: list[object] = []
    for item in _items(cell):
        try:
            code = _dtc(item)
        except (ValueError, TypeError):  # msgspec.ValidationError is a ValueError
            odd.append(item)
            continue
        if code.code != NOT_AVAILABLE and code not in codes:
            codes.append(code)
    return tuple(codes[:MAX_CODES]), [*odd, *codes[MAX_CODES:]]


def _items(cell: object) -> list[object]:
    if isinstance(cell, list | tuple):
        return list(cell)
    if not isinstance(cell, str):
        return [cell]
    text = cell.strip()
    if not text or is_no_value(text):
        return [text] if text.lower() in NO_CODES else []
    try:
        return [trouble_code(text)]
    except ValueError:
        parts = _SEPARATORS.split(_SPACED.sub(r"\1", text))
        return [bare for part in parts if (bare := part.strip(_WRAPPING))]


def _dtc(item: object) -> Dtc:
    if isinstance(item, Mapping):
        return msgspec.convert({name: item[name] for name in ("code", "status") if name in item}, Dtc)
    if not isinstance(item, str):
        raise TypeError("a trouble code is a text")
    return Dtc(code=trouble_code(item))


def faults_of(cell: object) -> tuple[tuple[J1939Fault, ...], list[object]]:
    """The J1939 faults of a cell (``110/0``, ``SPN 110 FMI 0``, several with ``;``), and what in it is not one."""
    faults: list[J1939Fault] = []
    odd: list[object] = []
    for item in _fault_items(cell):
        try:
            fault = msgspec.convert(item, J1939Fault)
        except msgspec.ValidationError:
            odd.append(item)
            continue
        if fault not in faults:
            faults.append(fault)
    return tuple(faults[:MAX_CODES]), [*odd, *faults[MAX_CODES:]]


def _fault_items(cell: object) -> list[object]:
    if isinstance(cell, Mapping):
        return [cell]
    if not isinstance(cell, str):
        return list(cell) if isinstance(cell, list | tuple) else [cell]
    if is_no_value(cell, NO_CODES):
        return []
    rest = _FAULT.sub("", cell).strip(_WRAPPING + ",;|")
    faults: list[object] = [{"spn": int(one["spn"]), "fmi": int(one["fmi"])} for one in _FAULT.finditer(cell)]
    return [*faults, rest] if rest else faults
