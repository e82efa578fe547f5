"""Type checkers help users of the public API: mypy and pyright find every mistake, and accept every right use."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
MISTAKES, RIGHT = HERE / "seven_mistakes.py", HERE / "right_uses.py"

Errors = set[tuple[str, int]]
"""File name and line of each error."""


def marked() -> Errors:
    lines = MISTAKES.read_text(encoding="utf-8").splitlines()
    return {(MISTAKES.name, number) for number, line in enumerate(lines, 1) if "# mistake" in line}


def mypy() -> Errors:
    command = [sys.executable, "-m", "mypy", "--strict", "--output", "json", str(MISTAKES), str(RIGHT)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=ROOT)
    assert done.returncode in {0, 1}, done.stderr
    diagnostics = [json.loads(line) for line in done.stdout.splitlines()]
    return {(Path(each["file"]).name, each["line"]) for each in diagnostics if each["severity"] == "error"}


def pyright() -> Errors:
    command = [
        sys.executable,
        "-m",
        "pyright",
        "--outputjson",
        "--pythonpath",
        sys.executable,
        str(MISTAKES),
        str(RIGHT),
    ]
    bundled = {
        "PYRIGHT_PYTHON_GLOBAL_NODE": "0",
        "PYRIGHT_PYTHON_IGNORE_WARNINGS": "1",
    }  # no download
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=ROOT, env={**os.environ, **bundled})
    assert done.returncode in {0, 1}, done.stderr
    diagnostics = json.loads(done.stdout)["generalDiagnostics"]
    return {
        (Path(each["file"]).name, each["range"]["start"]["line"] + 1)
        for each in diagnostics
        if each["severity"] == "error"
    }


@pytest.mark.parametrize("check", [mypy, pyright])
def test_every_mistake_is_found_and_every_right_use_accepted(check: Callable[[], Errors]) -> None:
    assert 7 == len(marked())
    assert marked() == check()
