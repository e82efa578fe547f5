"""Possessive repeats and atomic groups stay out: CPython before 3.11.5 matches them wrongly (gh-106052)."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
FOLDERS = ("agents", "bench", "chaos", "examples", "fuzz", "schemas", "streams", "tests")
UNSAFE = re.compile(
    r"(?<!\\)(?:\\\\)*[*+?}]\+|\(\?>"
)  # `++`, `*+`, `?+`, `{1,2}+`, `(?>`; not `\++`, a repeated plus sign
THIS_FILE = Path(__file__).resolve()


def texts_in(source: str) -> Iterator[str]:
    """Every string of a module that uses ``re``; of an f-string its plain parts. Docstrings are strings too."""
    tree = ast.parse(source)
    if not any(
        isinstance(node, ast.Import) and any(name.name == "re" for name in node.names) for node in ast.walk(tree)
    ):
        return
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str | bytes):
            yield node.value if isinstance(node.value, str) else node.value.decode("latin-1")


@pytest.mark.parametrize("folder", FOLDERS)
def test_no_pattern_needs_a_newer_interpreter(folder: str) -> None:
    patterns = [
        f"{path.relative_to(ROOT)}: {text}"
        for path in (ROOT / folder).rglob("*.py")
        if path.resolve() != THIS_FILE
        for text in texts_in(path.read_text())
        if UNSAFE.search(text)
    ]
    assert [] == patterns


@pytest.mark.parametrize("text", ["[^a]++", "(?:a|b)*+", "a?+", "a{1,2}+", "(?>a)", r"\\++"])
def test_unsafe_repeats_are_found(text: str) -> None:
    assert [text] == [pattern for pattern in texts_in(f"import re\nre.compile({text!r})") if UNSAFE.search(pattern)]
    assert [text] == [
        pattern for pattern in texts_in(f"import re\nre.compile({text.encode()!r})") if UNSAFE.search(pattern)
    ]


@pytest.mark.parametrize("text", ["[^a]+", "(?:a|b)*", r"\++", "a{1,2}", "(?:a)"])
def test_plain_repeats_are_not_found(text: str) -> None:
    assert [] == [pattern for pattern in texts_in(f"import re\nre.compile({text!r})") if UNSAFE.search(pattern)]
