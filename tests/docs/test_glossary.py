"""Every name in the glossary's second column is one that the code uses, and no term is there twice."""

import re
from collections import Counter
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
LINES = [
    [cell.strip() for cell in line.strip("| ").split("|")]
    for line in (ROOT / "docs" / "glossary.md").read_text(encoding="utf-8").splitlines()
    if line.startswith("| ") and not line.startswith("| term |")
]
NAMES = sorted({name for _, names, _ in LINES for name in re.findall(r"`(\w+)`", names)})


@pytest.fixture(scope="module")
def words() -> set[str]:
    """Every word of the packages, and the names of their modules and folders."""
    files = [file for top in ("streams", "schemas", "agents") for file in (ROOT / top).rglob("*.py")]
    used = {word for file in files for word in re.findall(r"\w+", file.read_text(encoding="utf-8"))}
    return used | {part.removesuffix(".py") for file in files for part in file.parts}


@pytest.mark.parametrize("name", NAMES)
def test_the_code_has_the_name(name: str, words: set[str]) -> None:
    assert name in words


def test_every_term_is_explained_once() -> None:
    terms = Counter(term for terms, _, _ in LINES for term in terms.split(", "))
    assert [] == [term for term, count in terms.items() if count > 1]
    assert len(terms) >= 40
