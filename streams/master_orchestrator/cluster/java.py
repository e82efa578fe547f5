"""Find Java and Maven, and say plainly what to do where they are missing."""

import os
import re
import shutil
import subprocess
from pathlib import Path

from master_orchestrator.cluster.errors import ToolMissingError

MINIMUM_JAVA = 17
WAYS_OUT = (
    "Install them (Debian, Ubuntu: apt-get install openjdk-17-jre-headless maven), "
    "or set KAFKA_BOOTSTRAP_SERVERS to a Kafka of your own, "
    "or use Docker Compose (GRAFANA_ADMIN_PASSWORD=… docker compose up)."
)


def find_java() -> Path:
    """The Java to run the broker with: JAVA_HOME's, else the one on PATH; ToolMissingError if none or too old."""
    program = _java_home() or shutil.which("java")
    if program is None:
        raise ToolMissingError(
            f"The embedded Kafka needs Java {MINIMUM_JAVA} or newer, and there is no java here. {WAYS_OUT}"
        )
    version = java_version(_version_text(program))
    if version < MINIMUM_JAVA:
        raise ToolMissingError(
            f"The embedded Kafka needs Java {MINIMUM_JAVA} or newer; {program} is Java {version}. {WAYS_OUT}"
        )
    return Path(program)


def find_maven() -> Path:
    """The Maven that fetches the jars; ToolMissingError where there is none."""
    program = shutil.which("mvn")
    if program is None:
        raise ToolMissingError(f"Kafka's jars are fetched with Maven, and there is no mvn here. {WAYS_OUT}")
    return Path(program)


def java_version(text: str) -> int:
    """The feature version in what `java -version` prints; 0 where none is recognised. 1.8 is 8."""
    match = re.search(r'version "(?:1\.)?(\d+)', text)
    return int(match.group(1)) if match else 0


def _java_home() -> str | None:
    home = os.environ.get("JAVA_HOME")
    candidate = Path(home, "bin", "java") if home else None
    return str(candidate) if candidate and candidate.exists() else None


def _version_text(java: str) -> str:
    shown = subprocess.run([java, "-version"], capture_output=True, text=True, check=False)  # noqa: S603 - found above
    return shown.stderr + shown.stdout
