"""In an assert the expected value stands on the left, so that a failure reads the same way everywhere."""

import ast
from pathlib import Path

TESTS = Path(__file__).resolve().parents[1]


def is_literal(node: ast.expr) -> bool:
    """Whether a value is written out, which only an expected one is."""
    match node:
        case ast.Constant():
            return True
        case ast.UnaryOp(operand=operand):
            return is_literal(operand)
        case ast.Tuple(elts=items) | ast.List(elts=items) | ast.Set(elts=items):
            return all(is_literal(item) for item in items)
        case ast.Dict(keys=keys, values=values):
            return all(key is not None and is_literal(key) for key in keys) and all(map(is_literal, values))
    return False


def expected_on_the_right(source: str) -> list[int]:
    """The lines of asserts that compare something with a literal on its right."""
    lines = []
    for node in ast.walk(ast.parse(source)):
        match node:
            case ast.Assert(test=ast.Compare(left=left, ops=[ast.Eq()], comparators=[right])):
                if is_literal(right) and not is_literal(left):
                    lines.append(node.lineno)
    return lines


def test_the_expected_value_is_on_the_left() -> None:
    wrong = [
        f"{file.relative_to(TESTS)}:{line}"
        for file in TESTS.rglob("*.py")
        for line in expected_on_the_right(file.read_text(encoding="utf-8"))
    ]
    assert [] == wrong


def test_one_on_the_right_is_seen() -> None:
    assert [1, 3] == expected_on_the_right("assert x() == 1\nassert 1 == x()\nassert x == [(1, -2)]\nassert x == y")
