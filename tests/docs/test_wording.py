"""Plain English, in documents, code and messages: phrases that have no place here. codespell checks the spelling."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SUFFIXES = {".avsc", ".md", ".py", ".toml", ".yaml", ".yml"}
TOP_LEVEL = ("agents", "bench", "chaos", "deploy", "docs", "examples", "fuzz", "schemas", "streams", "tests")
CACHES = {"__pycache__", ".ruff_cache"}

BANNED = {
    # archaic: what to write instead
    "albeit": "although",
    "amongst": "among",
    "anew": "again",
    "away with it": "say what is done: dead-letter it, drop it",
    "beside": "next to; besides",
    "for want of": "because ... is missing",
    "for ever": "without end; without a limit",
    "dearest": "slowest, hottest, most expensive",
    "hereby": "leave it out",
    "lest": "so that ... not",
    "reckoned": "computed, counted",
    "so long": "how long, or the number",
    "so many": "N, or the number",
    "shall": "must, or the plain form",
    "thereof": "of it",
    "unto": "to",
    "whence": "from where",
    "whoever": "the person or process by name",
    "whilst": "while",
    # advertising, and words that carry nothing
    "basically": "leave it out",
    "blazing": "give the figure, and its command",
    "in order to": "to",
    "leverage": "use",
    "obviously": "leave it out",
    "please note": "leave it out",
    "robust": "say what it withstands",
    "seamless": "say what it does",
    "simply": "leave it out",
    "state-of-the-art": "leave it out",
    "utilize": "use",
}
"""Whole words, in any case. To ban another phrase, remove it everywhere and add a line."""


NOT_ARCHAIC = {"earlier", "later", "less", "longer", "more", "other"}
"""What may follow on "is no"."""


def files() -> list[Path]:
    nested = (path for folder in TOP_LEVEL for path in (ROOT / folder).rglob("*"))
    return [
        path
        for path in (*ROOT.glob("*.*"), *nested)
        if path.suffix in SUFFIXES and not CACHES & {*path.parts} and path != Path(__file__).resolve()
    ]


def uses(phrase: str, text: str) -> list[int]:
    """The lines of ``text`` that have ``phrase``, also where a line ends within it."""
    if not all(word in text.lower() for word in phrase.split()):
        return []
    pattern = r"(?<![\w-])" + r"[\s#]+".join(map(re.escape, phrase.split())) + r"(?![\w-])"
    return [text.count("\n", 0, match.start()) + 1 for match in re.finditer(pattern, text, re.IGNORECASE)]


@pytest.fixture(scope="module")
def texts() -> dict[str, str]:
    return {path.relative_to(ROOT).as_posix(): path.read_text() for path in files()}


@pytest.mark.parametrize("phrase", BANNED)
def test_phrases_that_have_no_place_here(phrase: str, texts: dict[str, str]) -> None:
    places = [f"{name}:{line}" for name, text in texts.items() for line in uses(phrase, text)]
    assert [] == places, f"write instead of {phrase!r}: {BANNED[phrase]}"


def denials(text: str) -> list[str]:
    """Where ``text`` has "is no X", which is "is not an X"; "there is no X" is plain."""
    denial = re.compile(r"(\w+)[\s#]+((?:is|are|was|were|be)[\s#]+no)[\s#]+(\w+)", re.IGNORECASE)
    return [
        f"{' '.join(re.findall('[a-z]+', verb))} {what}"
        for before, verb, what in denial.findall(text)
        if before.lower() != "there" and what not in NOT_ARCHAIC
    ]


def test_what_is_denied_is_denied_with_not(texts: dict[str, str]) -> None:
    recorded = "tests/golden/histories/"  # stays as it was recorded, byte for byte
    ours = {name: text for name, text in texts.items() if not name.startswith(recorded)}
    assert [] == [f"{name}: {denial}" for name, text in ours.items() for denial in denials(text)]


def test_a_denial_is_told_from_what_is_not_there() -> None:
    assert ["is no dog", "are no dogs"] == denials(
        "A cat is no dog. There is no cat. Cats are\n# no dogs; it is no longer."
    )


def test_a_phrase_is_found_over_the_end_of_a_line() -> None:
    assert [2] == uses("in order to", "one\n# In\n# order to win, in-order to")
    assert [] == uses("lest", "the nearest, the blest")
