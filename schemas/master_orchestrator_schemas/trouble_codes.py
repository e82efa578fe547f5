"""Trouble codes as people and scan tools write them, brought to one spelling.

The canonical form is SAE J2012's letter and four hex digits, with the failure type byte of ISO 15031-6 where it says
something: ``P0301``, ``P0301-1C``. Every way in uses this: files, topics, the façade.
"""

import re

NO_CODE = "P0000"
"""What a report that there are no codes is written as: SAE J2012 leaves 0000 unassigned, J1979 pads with it."""

NOT_AVAILABLE = "U3FFF"
"""The all-ones pattern: nothing is known, not even that there are none."""

_CODE = r"([PBCU])[ -]?([0-9A-F]{4})(?:[ :-]{0,2}([0-9A-F]{2}))?[*!]?"
_NONE = r"0{1,6}|0000-00|OK|CLEAR|NONE|\[\]|NO[ _-](?:STORED |ACTIVE )?(?:TROUBLE )?(?:DTC|CODE|FAULT)S?(?:[ _]FOUND)?"
_UNKNOWN = r"-{0,2}|\?|N/?A|NULL|NAN|UNKNOWN|NO DATA|F{4}|F{6}"

SPELLING = rf"(?i)\A[ \t]{{0,9}}(?:{_CODE}|({_NONE})|(?:{_UNKNOWN}))[ \t]{{0,9}}\Z"
"""All that :func:`trouble_code` takes."""

_spelling = re.compile(SPELLING)
_NO_TYPE = "00"


def trouble_code(text: str) -> str:
    """The code in its canonical form: upper case, no spaces, no marks, no failure type ``00`` (no more is known).

    :data:`NO_CODE` if the text says that there are no codes, :data:`NOT_AVAILABLE` if it says nothing. Raises
    ``ValueError`` for any other text.
    """
    match = _spelling.match(text)
    if match is None:
        raise ValueError("not a trouble code; write a letter P, B, C or U and four hex digits: P0301")
    letter, digits, failure_type, none = (part and part.upper() for part in match.groups())
    if none or digits == NO_CODE[1:]:
        return NO_CODE
    if letter is None or letter + digits == NOT_AVAILABLE:
        return NOT_AVAILABLE
    return letter + digits if failure_type in (None, _NO_TYPE) else f"{letter}{digits}-{failure_type}"


def without_type(code: str) -> str:
    """A canonical code without its failure type byte: what tables of codes are asked for."""
    return code.partition("-")[0]
