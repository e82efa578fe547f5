"""One name for one thing: no two classes share a name, and limits are ``MAX_`` and ``MIN_``, seconds end in ``_S``.

The packages, the suites and the tests' support are looked at.
"""

import ast
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

ROOT = Path(__file__).resolve().parents[2]
FOLDERS = ("schemas", "agents", "streams", "deploy", "chaos", "fuzz", "bench", "tests/support")
OTHER_LIMITS = re.compile(r"_?(MOST|LEAST|FEWEST|LONGEST|SHORTEST)_\w+|\w+_(LIMIT|SECONDS)")


class Names(NamedTuple):
    """What a module names: its classes, those inside of them too, and its constants."""

    classes: list[str]
    constants: list[str]

    @classmethod
    def of(cls, source: str) -> "Names":
        body = ast.parse(source).body
        targets = [target for statement in body for target in _targets(statement)]
        constants = [node.id for target in targets for node in ast.walk(target) if isinstance(node, ast.Name)]
        return cls(list(_classes(body)), constants)


def _classes(body: Iterable[ast.stmt]) -> Iterator[str]:
    for statement in body:
        if isinstance(statement, ast.ClassDef):
            yield statement.name
        if isinstance(statement, ast.ClassDef | ast.If):
            yield from _classes(statement.body)


def _targets(statement: ast.stmt) -> list[ast.expr]:
    match statement:
        case ast.Assign(targets=targets):
            return targets
        case ast.AnnAssign(target=target):
            return [target]
    return []


@pytest.fixture(scope="module")
def modules() -> dict[str, Names]:
    files = (file for folder in FOLDERS for file in (ROOT / folder).rglob("*.py"))
    return {str(file.relative_to(ROOT)): Names.of(file.read_text(encoding="utf-8")) for file in files}


def shared(modules: dict[str, Names]) -> dict[str, list[str]]:
    """Each name that several classes have, with their files."""
    files = defaultdict(list)
    for file, names in modules.items():
        for name in names.classes:
            files[name].append(file)
    return {name: places for name, places in files.items() if len(places) > 1}


def class_or_alias(modules: dict[str, Names]) -> list[str]:
    """Type aliases, or other constants, with the name of a class."""
    classes = {name for names in modules.values() for name in names.classes}
    return [f"{file}: {name}" for file, names in modules.items() for name in names.constants if name in classes]


def other_limits(modules: dict[str, Names]) -> list[str]:
    """Constants that say in another way that they are a limit, or seconds."""
    return [
        f"{file}: {name}" for file, names in modules.items() for name in names.constants if OTHER_LIMITS.fullmatch(name)
    ]


def test_no_two_classes_share_a_name(modules: dict[str, Names]) -> None:
    assert len(modules) > 500
    assert {} == shared(modules)


def test_no_alias_has_the_name_of_a_class(modules: dict[str, Names]) -> None:
    assert [] == class_or_alias(modules)


def test_limits_are_named_max_and_min(modules: dict[str, Names]) -> None:
    assert [] == other_limits(modules)


def test_what_breaks_the_rules_is_seen() -> None:
    modules = {
        "a.py": Names.of("class Run: ...\nclass Plan: ...\nLEAST_A, MAX_B_S = 1, 2"),
        "b.py": Names.of("class Stage:\n    class Run: ...\nWAIT_SECONDS: int = 1\nPlan = dict[str, int]"),
    }
    assert {"Run": ["a.py", "b.py"]} == shared(modules)
    assert ["b.py: Plan"] == class_or_alias(modules)
    assert ["a.py: LEAST_A", "b.py: WAIT_SECONDS"] == other_limits(modules)
