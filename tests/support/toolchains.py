"""What programs in other languages are built and run with."""

import re
import shutil
import subprocess
from pathlib import Path

INSTALL_S = 240.0


def has_go(*version: int) -> bool:
    """Whether there is a Go of this version, or a newer one."""
    if shutil.which("go") is None:
        return False
    answer = subprocess.run(["go", "env", "GOVERSION"], capture_output=True, text=True, check=True).stdout
    return tuple(map(int, re.findall(r"\d+", answer)[: len(version)])) >= version


def npm_install(project: Path, folder: Path) -> Path:
    """A copy of a Node project in ``folder``, with what its ``package.json`` asks for."""
    copy = Path(shutil.copytree(project, folder / project.name, ignore=shutil.ignore_patterns("node_modules")))
    install = ["npm", "install", "--no-package-lock", "--no-audit", "--no-fund"]
    subprocess.run(install, cwd=copy, check=True, capture_output=True, timeout=INSTALL_S)
    return copy
