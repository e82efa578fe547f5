"""Words for "no value", numbers as text, flags."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from master_orchestrator_schemas.values import FLAGS, NO_CODES, NO_VALUE, flag, is_no_value, number, plain


@pytest.mark.parametrize(
    "text",
    [
        *("", " ", "-", "--", "—", "?", ".", "N/A", "n/a", "NULL", "None", "nan", "NaN", "#N/A", "∞", "Infinity"),
        *("-inf", "NO DATA", "unavailable", "unknown", " Unknown ", "***", "1e999"),
    ],
)
def test_words_for_no_value(text: str) -> None:
    assert plain(text) is None


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_what_json_calls_nan_is_no_value(value: float) -> None:
    assert plain(value) is None


@pytest.mark.parametrize(
    ("text", "expected"), [("2100", 2100.0), (" -1.5 ", -1.5), ("1e3", 1000.0), ("-9999", -9999.0), ("0\x1f", 0.0)]
)
def test_numbers_come_as_texts(text: str, expected: float) -> None:
    assert expected == plain(text) == number(text)


@pytest.mark.parametrize("text", ["1_000", "٣", "0x10", "1,5", "12 V", "P0301", "fast"])
def test_what_is_not_a_number_stays_text(text: str) -> None:
    assert number(text) is None
    assert text == plain(text)


@pytest.mark.parametrize("value", [None, True, 0, 5, 1.5, [], {}])
def test_anything_else_is_left_as_it_is(value: object) -> None:
    assert plain(value) == value


@pytest.mark.parametrize("value", [True, 1, 1.0, "1", "1.0", "True", "yes", "Y", "On", " t ", "active"])
def test_what_is_true(value: object) -> None:
    assert flag(value) is True


@pytest.mark.parametrize("value", [False, 0, 0.0, "0", "0.0", "FALSE", "no", "N", "Off", "f", "inactive"])
def test_what_is_false(value: object) -> None:
    assert flag(value) is False


@pytest.mark.parametrize("value", [2, -1, 0.5, math.nan, "maybe", "", "2", None, [], {}])
def test_what_is_neither(value: object) -> None:
    with pytest.raises(ValueError, match="neither true nor false"):
        flag(value)


def test_words_are_in_lower_case_and_say_one_thing() -> None:
    assert all(word == word.lower() for word in [*NO_VALUE, *NO_CODES, *FLAGS])
    assert not NO_VALUE & FLAGS.keys()
    assert is_no_value("no codes", NO_CODES)
    assert not is_no_value("no codes")


@given(st.text(max_size=12) | st.floats() | st.integers() | st.booleans() | st.none())
def test_plain_gives_finite_numbers_trimmed_texts_or_nothing(value: object) -> None:
    result = plain(value)
    assert not isinstance(result, float) or math.isfinite(result)
    assert not isinstance(result, str) or (result and result == result.strip())
    assert result == plain(result)
