"""Which interpreter a checkout takes, and what make leaves behind."""

import os
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
PROJECT: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text())
SHIM = "#!/bin/sh\necho 'pyenv: python3.13: command not found' >&2\nexit 127\n"
TOO_OLD = f"""#!/bin/sh
exec {sys.executable} -c "import sys; sys.version_info = (3, 11, 1)
$2"
"""
WITHOUT_VENV = f"""#!/bin/sh
exec {sys.executable} -c "import sys; sys.modules['ensurepip'] = None
$2"
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A folder that is the whole PATH but for the tools that the script needs; the tests put interpreters into it."""
    for tool in ("sh", "env", "cut", "grep", "head", "tail", "sort", "ls"):
        (tmp_path / tool).symlink_to(str(shutil.which(tool)))
    return tmp_path


def find(path: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(ROOT / ".ci" / "find-python"), *arguments],
        env={"PATH": str(path), "HOME": str(path)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def put(path: Path, text: str) -> None:
    path.write_text(text)
    path.chmod(0o755)


@pytest.mark.parametrize(
    ("broken", "why"),
    [
        (SHIM, "pyenv: python3.13: command not found"),
        (TOO_OLD, "it is Python 3.11.1; 3.11.2 is the oldest that is supported"),
        (WITHOUT_VENV, "apt-get install python3-venv"),
    ],
)
def test_an_interpreter_that_does_not_fit_is_passed_over_with_its_reason(path: Path, broken: str, why: str) -> None:
    put(path / "python3.13", broken)
    (path / "python3").symlink_to(sys.executable)
    done = find(path)
    assert 0 == done.returncode
    assert 1 == len(done.stdout.splitlines())
    assert re.fullmatch(rf"\S*/python3\.13 is passed over: .*{re.escape(why)}\)?\n", done.stderr)


@pytest.mark.parametrize("arguments", [(), ("python3.13",)])
def test_where_none_fits_it_says_what_to_install(path: Path, arguments: tuple[str, ...]) -> None:
    put(path / "python3.13", SHIM)
    done = find(path, *arguments)
    assert (2, "") == (done.returncode, done.stdout)
    assert "apt-get install python3 python3-venv" in done.stderr


def test_one_that_is_named_is_taken(path: Path) -> None:
    put(path / "python3.13", SHIM)
    done = find(path, sys.executable)
    assert (0, "") == (done.returncode, done.stderr)


def test_classifiers_and_the_search_name_the_same_versions() -> None:
    classifiers = re.findall(r"Python :: (3\.\d+)", " ".join(PROJECT["project"]["classifiers"]))
    searched = re.search(r'^MINOR_VERSIONS="(.*)"', (ROOT / ".ci" / "find-python").read_text(), re.MULTILINE)
    assert searched
    assert [*reversed(classifiers)] == searched[1].split()
    assert ">=3.11.2" == PROJECT["project"]["requires-python"]


@pytest.mark.parametrize(("arguments", "venv"), [([], ".venv"), (["PYTHON=/opt/python3.12"], ".venvs/_opt_python3.12")])
def test_an_interpreter_that_is_named_has_an_environment_of_its_own(arguments: list[str], venv: str) -> None:
    plain = {
        name: value for name, value in os.environ.items() if name not in {"MAKEFLAGS", "MAKELEVEL", "MAKEOVERRIDES"}
    }
    told = subprocess.run(
        ["make", "--dry-run", "--always-make", *arguments, "demo"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
        env=plain,  # make runs these tests, too
    ).stdout
    assert told.splitlines()[-1] == f"{venv}/bin/master-orchestrator demo"


def test_clean_removes_everything_that_git_ignores(tmp_path: Path) -> None:
    shutil.copy(ROOT / "Makefile", tmp_path)
    ignored = [line.strip("/") for line in (ROOT / ".gitignore").read_text().splitlines() if line.endswith("/")]
    for name in ignored:
        for folder in (tmp_path / name, tmp_path / "package" / name) if name in NESTED else (tmp_path / name,):
            folder.mkdir(parents=True)
            (folder / "file").touch()
    subprocess.run(["make", "clean"], cwd=tmp_path, capture_output=True, check=True)
    assert {"Makefile", "package"} == {path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*")}


NESTED = {"__pycache__", ".ruff_cache"}
"""Caches that are made next to what they are about."""
