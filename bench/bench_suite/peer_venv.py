"""The bench's own virtual environment: peers in pinned versions, apart from the product's."""

import subprocess
import sys
from pathlib import Path

from bench_suite.contenders import UnavailableError

REQUIREMENTS = Path(__file__).with_name("peers-requirements.txt")
INSTALL_S = 900


def peer_python(home: Path, *packages: str) -> Path:
    """The Python of the venv in ``home``, with these packages in the versions of ``peers-requirements.txt``.

    Raises :class:`UnavailableError` with pip's own words where one cannot be installed.
    """
    python = home / "venv" / "bin" / "python"
    if not python.exists():
        _run([sys.executable, "-m", "venv", str(home / "venv")], "no virtual environment can be made")
    pins = {line.partition("==")[0]: line for line in REQUIREMENTS.read_text(encoding="utf-8").split()}
    pinned = [pins[package] for package in packages]
    listed = subprocess.run([python, "-m", "pip", "freeze"], capture_output=True, text=True, check=False).stdout
    missing = sorted(set(pinned) - set(listed.split()))
    if missing:
        _run([str(python), "-m", "pip", "install", "--quiet", *missing], f"pip cannot install {' '.join(missing)}")
    return python


def _run(command: list[str], failed: str) -> None:
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=INSTALL_S)
    except subprocess.TimeoutExpired as error:
        raise UnavailableError(f"{failed} within {INSTALL_S} s: is the network up?") from error
    if done.returncode != 0:
        last_line = (done.stderr or done.stdout).strip().splitlines()[-1:]
        raise UnavailableError(f"{failed}: {' '.join(last_line) or 'it last_line nothing'}")
