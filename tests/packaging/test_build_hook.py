"""When the native codec is not built, and that an installation goes on without it."""

import re
import sysconfig
import tomllib
import zipfile
from pathlib import Path

import pytest
from support.build_hook import HOOK

from master_orchestrator_schemas.binary.form import PURE_VARIABLE

ROOT = Path(__file__).resolve().parents[2]


def test_without_a_compiler_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv(PURE_VARIABLE, raising=False)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert re.fullmatch(r"there is no C compiler \(.*apt-get install gcc libc6-dev\)", HOOK.why_not())


def test_without_python_s_headers_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv(PURE_VARIABLE, raising=False)
    monkeypatch.setattr("shutil.which", lambda _: "/usr/bin/cc")
    monkeypatch.setattr(sysconfig, "get_path", lambda _: str(tmp_path))
    assert "there are no headers of Python (Debian, Ubuntu: apt-get install python3-dev)" == HOOK.why_not()


@pytest.mark.parametrize("why", ["forced", "broken compiler"])
def test_where_it_cannot_be_built_the_wheel_is_pure(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, why: str) -> None:
    from hatchling.builders.wheel import WheelBuilder

    broken = tmp_path / "cython.py"
    broken.write_text("raise SystemExit('no C')")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    monkeypatch.setenv(PURE_VARIABLE, "1" if why == "forced" else "")
    (wheel,) = WheelBuilder(str(ROOT)).build(directory=str(tmp_path), versions=["standard"])
    assert wheel.endswith("-py3-none-any.whl")
    assert [] == [name for name in zipfile.ZipFile(wheel).namelist() if name.endswith(".so")]


def test_one_version_of_cython_is_named() -> None:
    (constrained,) = re.findall(r"^Cython==\S+$", (ROOT / "constraints.txt").read_text(), re.MULTILINE)
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    for requirements in (project["build-system"]["requires"], project["project"]["optional-dependencies"]["dev"]):
        assert [constrained] == [name for name in requirements if name.startswith("Cython")]


def test_both_places_name_the_same_variable() -> None:
    assert PURE_VARIABLE == HOOK.PURE_VARIABLE
