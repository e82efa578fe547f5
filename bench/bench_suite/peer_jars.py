"""Java peers: their jars, fetched by Maven once, which honours the user's mirrors and proxies."""

import hashlib
import shutil
import subprocess
from pathlib import Path

from bench_suite.contenders import UnavailableError
from master_orchestrator.cluster.errors import ToolMissingError
from master_orchestrator.cluster.java import find_java, find_maven

FETCH_S = 900


def java() -> Path:
    """The Java to run a peer with. Raises :class:`UnavailableError`."""
    try:
        return find_java()
    except ToolMissingError as error:
        raise UnavailableError(str(error)) from error


def peer_jars(folder: Path, pom: Path) -> Path:
    """``folder``, holding the dependencies of ``pom``, fetched where they are missing or of another pom.

    Raises :class:`UnavailableError` with Maven's own words.
    """
    stamp, digest = folder / "pom.sha256", hashlib.sha256(pom.read_bytes()).hexdigest()
    if stamp.exists() and stamp.read_text() == digest:
        return folder
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    goal = ["dependency:copy-dependencies", "-DincludeScope=runtime", f"-DoutputDirectory={folder}"]
    try:
        command = [str(find_maven()), "-q", "-B", "-f", str(pom), *goal]
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=FETCH_S)
    except ToolMissingError as error:
        raise UnavailableError(str(error)) from error
    except subprocess.TimeoutExpired as error:
        raise UnavailableError(f"Maven did not fetch {pom.name} within {FETCH_S} s: is the network up?") from error
    if done.returncode != 0:
        first_line = (done.stdout + done.stderr).strip().splitlines()[:1]
        raise UnavailableError(f"Maven could not fetch {pom.name}: {' '.join(first_line) or 'it first_line nothing'}")
    stamp.write_text(digest)
    return folder
