"""Single values as outsiders write them, in files and in JSON: words for "no value", numbers as text, flags."""

import math

NO_VALUE: frozenset[str] = frozenset(
    {
        *("na", "n/a", "n.a.", "n/d", "nd", "null", "none", "nil", "nan", "undefined", "undef", "void"),
        *("inf", "infinity", "+inf", "-inf", "+infinity", "-infinity", "∞"),
        *("no data", "no_data", "no-data", "nodata", "no value", "novalue", "missing", "empty", "blank"),
        *("unknown", "unavailable", "not available", "not_available", "notavailable", "unavail", "invalid"),
        *("unsupported", "not supported", "not_supported", "no response", "timeout", "error", "err"),
        *("#n/a", "#na", "#null!", "#value!", "#ref!", "#div/0!", "#num!", "#name?", "(null)", "<null>", "<na>"),
    }
)
"""Words for "no value", in lower case. Punctuation alone (``-``, ``--``, ``?``, ``.``, ``*``) says the same."""

NO_CODES: frozenset[str] = NO_VALUE | {
    *("0", "[]", "{}", "()", "ok", "clear", "no"),
    *("no code", "no codes", "no dtc", "no dtcs", "no fault", "no faults", "no fault codes", "no trouble codes"),
}
"""Words for "no trouble code", where codes are listed."""

PUNCTUATION = "-\u2013\u2014\u2212_?.*~ \t"
"""What stands where a column has no value (dashes of all lengths, dots, stars); stripped from both ends."""

FLAGS: dict[str, bool] = {
    **dict.fromkeys(("true", "t", "yes", "y", "on", "1", "1.0", "active", "set"), True),
    **dict.fromkeys(("false", "f", "no", "n", "off", "0", "0.0", "inactive", "not set", "unset"), False),
}
"""Words for true and false, in lower case."""


def is_no_value(text: str, words: frozenset[str] = NO_VALUE) -> bool:
    """Whether a text says that there is no value: it is empty, only punctuation, or one of the words."""
    return not text.strip(PUNCTUATION).strip() or text.strip().lower() in words


def number(text: str) -> float | None:
    """The finite number that a text is (``2100``, ``-1.5``, ``1e3``), or None.

    Only plain ASCII notation counts: ``1_000`` and digits of other scripts are Python's spelling, not a sensor's.
    """
    if "_" in text or not text.isascii():
        return None
    try:
        value = float(text.strip())  # float() leaves the separators U+001C to U+001F
    except ValueError:
        return None
    return value if math.isfinite(value) else None


def plain(value: object) -> object:
    """A value as it is meant: None for a word that means so and for NaN, a number for a number written as text.

    Any other text comes back without the spaces around it, anything else as it is.
    """
    if isinstance(value, str):
        parsed = number(value)
        if parsed is not None:
            return parsed
        return None if is_no_value(value) or _is_not_finite(value) else value.strip()
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value


def _is_not_finite(text: str) -> bool:
    """Whether a text is a number beyond what a double holds (``1e999``)."""
    if "_" in text or not text.isascii():
        return False
    try:
        float(text.strip())
    except ValueError:
        return False
    return True


def flag(value: object) -> bool:
    """True or False of a bool, of 1 and 0, and of the words in :data:`FLAGS`. Raises ``ValueError`` otherwise."""
    if isinstance(value, bool):
        return value
    if isinstance(value, int | float) and value in (0, 1):
        return bool(value)
    if isinstance(value, str) and (parsed := FLAGS.get(value.strip().lower())) is not None:
        return parsed
    raise ValueError("neither true nor false (yes/no, on/off, 1/0)")
