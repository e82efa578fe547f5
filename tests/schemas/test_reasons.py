"""Every code for which an input is refused or rejected anywhere in the code has a text with a remedy."""

import ast
import re
from collections.abc import Iterator, Set
from pathlib import Path
from typing import get_args

import master_orchestrator_schemas as schemas
from master_orchestrator import core, shell
from master_orchestrator.core.unprocessable import UNPROCESSABLE
from master_orchestrator.shell.outgoing import GIVEN_UP
from master_orchestrator_agents import runner
from master_orchestrator_schemas.errors import DecodeReason
from master_orchestrator_schemas.reasons import CORE_REASONS, REASONS, remedy_for

CALLS = {"Rejection", "RejectedError", "_rejected", "reject"}
CODE = re.compile(r"[a-z][a-z0-9]*(_[a-z0-9]+)+|empty|unprocessable")


def test_the_core_s_own_codes_are_listed_as_such() -> None:
    files = Path(core.__path__[0]).rglob("*.py")
    trees = [ast.parse(file.read_text(encoding="utf-8")) for file in files]
    codes = {code for tree in trees for code in _codes(tree, {"Rejection"})}
    assert {*CORE_REASONS, UNPROCESSABLE} == codes


def codes_in_use() -> set[str]:
    """Codes that are given to the calls that refuse and reject, and to the names that hold one."""
    codes = {GIVEN_UP, *get_args(DecodeReason)}
    for package in (core, shell, runner, schemas):
        for file in Path(str(package.__file__)).parent.rglob("*.py"):
            codes |= set(_codes(ast.parse(file.read_text(encoding="utf-8"))))
    return codes


def _codes(tree: ast.Module, calls: Set[str] = CALLS) -> Iterator[str]:
    constants = {
        _name(node.targets[0]): node.value
        for node in tree.body
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Constant)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and _name(node.func) in calls:
            parts = [part for argument in node.args for part in ast.walk(argument) if isinstance(part, ast.expr)]
            texts = [getattr(constants.get(_name(part), part), "value", None) for part in parts]
            yield from (text for text in texts if isinstance(text, str) and CODE.fullmatch(text))


def _name(function: ast.expr) -> str:
    return function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")


def test_every_code_in_use_has_a_text_and_every_text_a_use() -> None:
    assert codes_in_use() | {UNPROCESSABLE} == set(REASONS)


def test_texts_are_one_line_each_with_a_remedy() -> None:
    for code, reason in REASONS.items():
        assert reason.meaning, code
        assert reason.remedy, code
        assert "\n" not in reason.meaning + reason.remedy
        assert "|" not in reason.meaning + reason.remedy, "they stand in a table"
    assert "message" in remedy_for("a_code_of_another_program")
