"""The wheel, built and installed into an environment that holds nothing but what the wheel asks for."""

import os
import re
import subprocess
import sys
from dataclasses import dataclass
from importlib.metadata import distribution
from pathlib import Path

from packaging.requirements import Requirement

ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class InstalledWheel:
    """A wheel, the programs of the environment it is installed in, and an empty folder to run them from."""

    file: Path
    programs: Path
    folder: Path

    def run(self, program: str, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
        """Run one of the environment's programs, with no environment variable of the caller's."""
        return subprocess.run(
            [str(self.programs / program), *arguments],
            cwd=self.folder,
            env={"PATH": "/usr/bin:/bin", "HOME": str(self.folder), "LANG": "C.UTF-8"} | environment,
            capture_output=True,
            text=True,
            timeout=240,
            check=False,
        )


def install_wheel(folder: Path) -> InstalledWheel:
    """Build this checkout's wheel in ``folder`` and install it there."""
    _python("-m", "hatchling", "build", "-t", "wheel", "-d", str(folder))
    (wheel,) = folder.glob("*.whl")
    _python("-m", "venv", "--without-pip", str(folder / "venv"))
    programs = folder / "venv" / "bin"
    _python("-m", "pip", "--python", str(programs / "python"), "install", "--no-deps", "--no-index", str(wheel))
    _link_requirements(folder / "venv")
    elsewhere = folder / "elsewhere"
    elsewhere.mkdir()
    return InstalledWheel(wheel, programs, elsewhere)


def _python(*arguments: str) -> None:
    environment = os.environ | {"PIP_DISABLE_PIP_VERSION_CHECK": "1"}
    done = subprocess.run(
        [sys.executable, *arguments], cwd=ROOT, env=environment, capture_output=True, text=True, check=False
    )
    assert 0 == done.returncode, done.stdout + done.stderr


def _link_requirements(venv: Path) -> None:
    """Link what the wheel requires, and what that requires, from the environment of the tests: no network is needed."""
    (site,) = venv.glob("lib/python*/site-packages")
    (metadata,) = site.glob("master_orchestrator-*.dist-info/METADATA")
    for name in _with_their_own(re.findall(r"^Requires-Dist: (.*)$", metadata.read_text(), re.MULTILINE)):
        there = distribution(name)
        for entry in {file.parts[0] for file in there.files or ()} - {"..", "__pycache__"}:
            if not (site / entry).exists():
                (site / entry).symlink_to(str(there.locate_file(entry)))


def _with_their_own(requirements: list[str]) -> set[str]:
    """The names of all distributions that these requirements lead to, under this interpreter."""
    seen: set[tuple[str, str]] = set()
    waiting = [(Requirement(text), "") for text in requirements]
    while waiting:
        requirement, for_extra = waiting.pop()
        if requirement.marker and not requirement.marker.evaluate({"extra": for_extra}):
            continue
        for extra in {"", *requirement.extras}:
            if (requirement.name, extra) not in seen:
                seen.add((requirement.name, extra))
                waiting += [(Requirement(text), extra) for text in distribution(requirement.name).requires or ()]
    return {name for name, _ in seen}
