"""Kafka's jars on this machine: fetched once with Maven, then reused by every run."""

import hashlib
import os
import shutil
import subprocess
import tempfile
from pathlib import Path

import structlog

from master_orchestrator.cluster.errors import JarsError
from master_orchestrator.cluster.java import WAYS_OUT, find_maven
from master_orchestrator.cluster.locking import exclusive

log = structlog.stdlib.get_logger(__name__)

POM = Path(__file__).with_name("pom.xml")
STAMP = "pom.sha256"
FETCH_TIMEOUT_S = 600


def kafka_home() -> Path:
    """Where the jars are kept: MASTER_ORCHESTRATOR_KAFKA_HOME, else .kafka in a checkout, else the user's data home."""
    configured = os.environ.get("MASTER_ORCHESTRATOR_KAFKA_HOME")
    if configured:
        return Path(configured)
    checkout = Path(__file__).resolve().parents[3]
    if (checkout / "topology.yaml").exists() and (checkout / "pyproject.toml").exists():
        return checkout / ".kafka"
    data_home = os.environ.get("XDG_DATA_HOME") or str(Path.home() / ".local" / "share")
    return Path(data_home, "master-orchestrator", "kafka")


def kafka_libs(home: Path | None = None) -> Path:
    """The folder with Kafka's jars, fetched first if it is missing or of another pom.

    Runs in parallel wait for the one that fetches. A fetch that dies leaves nothing that looks complete: the
    jars appear under their name by one rename.
    """
    home = (home or kafka_home()).absolute()
    libs = home / "libs"
    wanted = hashlib.sha256(POM.read_bytes()).hexdigest()
    if _stamp(libs) == wanted:
        return libs
    home.mkdir(parents=True, exist_ok=True)
    with exclusive(home / "lock"):
        if _stamp(libs) != wanted:
            _fetch(libs, wanted)
    return libs


def _stamp(libs: Path) -> str | None:
    try:
        return (libs / STAMP).read_text()
    except FileNotFoundError:
        return None


def _fetch(libs: Path, stamp: str) -> None:
    log.info("fetching Kafka's jars with Maven, this once", into=str(libs))
    staging = Path(tempfile.mkdtemp(prefix="fetch-", dir=libs.parent))
    try:
        jars = staging / "libs"
        _copy_dependencies(jars)
        (jars / STAMP).write_text(stamp)
        shutil.rmtree(libs, ignore_errors=True)
        jars.rename(libs)
    finally:
        shutil.rmtree(staging, ignore_errors=True)


def _copy_dependencies(target: Path) -> None:
    command = [
        str(find_maven()),
        *("-q", "-B", "-f", str(POM), "dependency:copy-dependencies"),
        *("-DincludeScope=runtime", f"-DoutputDirectory={target}"),
    ]
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=FETCH_TIMEOUT_S)  # noqa: S603 - our own command
    except subprocess.TimeoutExpired as error:
        raise JarsError(f"Maven did not fetch Kafka's jars within {FETCH_TIMEOUT_S} s: is the network up?") from error
    if done.returncode != 0 or not any(target.glob("kafka_*.jar")):
        said = (done.stdout + done.stderr).strip().splitlines()[:3]
        raise JarsError(f"Maven could not fetch Kafka's jars: {' '.join(said) or 'it said nothing'}. {WAYS_OUT}")
