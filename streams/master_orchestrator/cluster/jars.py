"""Kafka's jars on this machine: fetched once with Maven, then reused by every run."""

import hashlib
import os
import re
import shutil
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable, Iterable
from pathlib import Path

import structlog

from master_orchestrator.cluster.errors import JarsError
from master_orchestrator.cluster.java import WAYS_OUT, find_maven
from master_orchestrator.cluster.locking import exclusive

log = structlog.stdlib.get_logger(__name__)

POM = Path(__file__).with_name("pom.xml")
STAMP = "pom.sha256"
FETCH_TIMEOUT_S = 600
TELL_EVERY_S = 2.0
ABOUT_MB = 52
"""What an empty Maven repository fetches: the jars, and Maven's own plugins."""
DOWNLOADED = re.compile(r"Downloaded from .* \((?P<size>[\d.]+) (?P<unit>B|kB|MB) at ")
UNITS_MB = {"B": 1e-6, "kB": 1e-3, "MB": 1.0}
Tell = Callable[[str], object]


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


def kafka_libs(home: Path | None = None, tell: Tell | None = None) -> Path:
    """The folder with Kafka's jars, fetched first if it is missing or of another pom.

    Runs in parallel wait for the one that fetches. A fetch that dies leaves nothing that looks complete: the
    jars appear under their name by one rename. `tell` is given a line at the beginning and now and then.
    """
    home = (home or kafka_home()).absolute()
    libs = home / "libs"
    digest = hashlib.sha256(POM.read_bytes()).hexdigest()
    if _stamp(libs) == digest:
        return libs
    home.mkdir(parents=True, exist_ok=True)
    with exclusive(home / "lock"):
        if _stamp(libs) != digest:
            _fetch(libs, digest, tell or log.info)
    return libs


def _stamp(libs: Path) -> str | None:
    try:
        return (libs / STAMP).read_text()
    except FileNotFoundError:
        return None


def _fetch(libs: Path, stamp: str, tell: Tell) -> None:
    staging = Path(tempfile.mkdtemp(prefix="fetch-", dir=libs.parent))
    try:
        jars = staging / "libs"
        _copy_dependencies(jars, tell)
        (jars / STAMP).write_text(stamp)
        shutil.rmtree(libs, ignore_errors=True)
        jars.rename(libs)
    finally:
        shutil.rmtree(staging, ignore_errors=True)


def _copy_dependencies(target: Path, tell: Tell) -> None:
    command = [
        str(find_maven()),
        *("-B", "-f", str(POM), "dependency:copy-dependencies"),
        *("-DincludeScope=runtime", f"-DoutputDirectory={target}"),
    ]
    tell(f"fetching Kafka's jars with Maven, this once: about {ABOUT_MB} MB")
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as maven:  # noqa: S603 - our own command
        overdue = threading.Timer(FETCH_TIMEOUT_S, maven.kill)
        overdue.start()
        output = _followed(maven.stdout or (), tell)
        maven.wait()
    if not overdue.is_alive():
        raise JarsError(f"Maven did not fetch Kafka's jars within {FETCH_TIMEOUT_S} s: is the network up?")
    overdue.cancel()
    if maven.returncode != 0 or not any(target.glob("kafka_*.jar")):
        why = [line for line in output if "ERROR" in line][:3] or output[-3:]
        raise JarsError(f"Maven could not fetch Kafka's jars: {' '.join(why) or 'it output nothing'}. {WAYS_OUT}")


def _followed(lines: Iterable[str], tell: Tell) -> list[str]:
    """Tell now and then how much has come; the lines that are not about that."""
    fetched_mb, told_at, others = 0.0, time.monotonic(), list[str]()
    for line in lines:
        download = DOWNLOADED.search(line)
        if download is None:
            if "Downloading from" not in line and line.strip():
                others.append(line.strip())
            continue
        fetched_mb += float(download["size"]) * UNITS_MB[download["unit"]]
        if time.monotonic() - told_at >= TELL_EVERY_S:
            told_at = time.monotonic()
            tell(f"fetching Kafka's jars: {fetched_mb:.0f} of about {ABOUT_MB} MB")
    return others
