"""One name for one thing: no two classes of the packages, the suites and the tests' support share a name."""

import ast
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
FOLDERS = ("schemas", "agents", "streams", "deploy", "chaos", "fuzz", "bench", "tests/support")


def class_names(body: list[ast.stmt]) -> Iterator[str]:
    """The classes of a module, and those inside of them."""
    for statement in body:
        if isinstance(statement, ast.ClassDef):
            yield statement.name
        if isinstance(statement, ast.ClassDef | ast.If):
            yield from class_names(statement.body)


def shared(sources: dict[str, str]) -> dict[str, list[str]]:
    """Each name that several classes have, with their files."""
    files = defaultdict(list)
    for file, source in sources.items():
        for name in class_names(ast.parse(source).body):
            files[name].append(file)
    return {name: places for name, places in files.items() if len(places) > 1}


def test_no_two_classes_share_a_name() -> None:
    files = (file for folder in FOLDERS for file in (ROOT / folder).rglob("*.py"))
    sources = {str(file.relative_to(ROOT)): file.read_text(encoding="utf-8") for file in files}
    assert len(sources) > 500
    assert {} == shared(sources)


def test_a_shared_name_is_seen() -> None:
    sources = {"a.py": "class Run: ...\nclass Plan: ...", "b.py": "class Stage:\n    class Run: ..."}
    assert {"Run": ["a.py", "b.py"]} == shared(sources)
