"""The jars folder: complete or absent, fetched once however many runs ask, and clear about what is missing."""

import stat
import threading
from pathlib import Path

import pytest

from master_orchestrator.cluster import jars
from master_orchestrator.cluster.errors import JarsError, ToolMissingError
from master_orchestrator.cluster.java import find_java, java_version

FAKE_MVN = """#!/bin/sh
for argument in "$@"; do case "$argument" in -DoutputDirectory=*) target="${argument#*=}";; esac; done
echo called >> "$MVN_CALLS"
echo "Downloading from central: https://repository/kafka-clients.jar"
echo "[INFO] Downloaded from central: https://repository/kafka-clients.jar (1.5 MB at 700 kB/s)"
echo "[INFO] Downloaded from central: https://repository/small.pom (500 kB at 700 kB/s)"
mkdir -p "$target" && touch "$target/kafka_2.13-0.jar"
"""


@pytest.fixture
def maven_calls(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A stand-in for mvn on PATH; the file it writes a line into with each call."""
    _put_on_path(tmp_path, "mvn", FAKE_MVN, monkeypatch)
    calls = tmp_path / "calls"
    monkeypatch.setenv("MVN_CALLS", str(calls))
    return calls


def test_parallel_runs_fetch_once(tmp_path: Path, maven_calls: Path) -> None:
    folders: list[Path] = []
    home = tmp_path / "home"
    runs = [threading.Thread(target=lambda: folders.append(jars.kafka_libs(home))) for _ in range(4)]
    for run in runs:
        run.start()
    for run in runs:
        run.join()
    assert [home / "libs"] * 4 == folders
    assert ["called"] == maven_calls.read_text().split()
    assert (home / "libs" / "kafka_2.13-0.jar").exists()


def test_it_says_how_much_is_fetched_and_how_far_it_is(
    tmp_path: Path, maven_calls: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(jars, "TELL_EVERY_S", 0.0)
    told: list[str] = []
    jars.kafka_libs(tmp_path / "home", told.append)
    about = f"about {jars.ABOUT_MB} MB"
    assert [
        f"fetching Kafka's jars with Maven, this once: {about}",
        f"fetching Kafka's jars: 2 of {about}",
        f"fetching Kafka's jars: 2 of {about}",
    ] == told
    jars.kafka_libs(tmp_path / "home", told.append)
    assert 3 == len(told)


def test_another_pom_fetches_again(tmp_path: Path, maven_calls: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    jars.kafka_libs(tmp_path / "home")
    pom = tmp_path / "pom.xml"
    pom.write_text("<project>newer</project>")
    monkeypatch.setattr(jars, "POM", pom)
    jars.kafka_libs(tmp_path / "home")
    assert 2 == len(maven_calls.read_text().split())


def test_a_fetch_that_fails_leaves_nothing_behind_and_says_why(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _put_on_path(
        tmp_path,
        "mvn",
        "#!/bin/sh\necho '[INFO] Scanning'; echo '[ERROR] no route to the repository'; exit 1\n",
        monkeypatch,
    )
    with pytest.raises(JarsError, match=r"no route to the repository.*KAFKA_BOOTSTRAP_SERVERS"):
        jars.kafka_libs(tmp_path / "home")
    assert ["lock"] == [entry.name for entry in (tmp_path / "home").iterdir()]


def test_without_maven_it_names_the_packages_and_the_ways_round(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(ToolMissingError, match=r"no mvn.*openjdk-17-jre-headless maven.*KAFKA_BOOTSTRAP.*Docker"):
        jars.kafka_libs(tmp_path / "home")


def test_without_java_it_names_the_packages(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("JAVA_HOME", raising=False)
    with pytest.raises(ToolMissingError, match=r"no java.*openjdk-17-jre-headless"):
        find_java()


def test_a_java_too_old_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _put_on_path(tmp_path, "java", "#!/bin/sh\necho 'openjdk version \"11.0.2\" 2019-01-15' >&2\n", monkeypatch)
    monkeypatch.delenv("JAVA_HOME", raising=False)
    with pytest.raises(ToolMissingError, match=r"bin/java is Java 11\."):
        find_java()


@pytest.mark.parametrize(
    ("text", "version"),
    [
        ('openjdk version "17.0.15" 2025-04-15', 17),
        ('java version "1.8.0_202"', 8),
        ('openjdk version "25-ea" 2025-09-16', 25),
        ("not java at all", 0),
    ],
)
def test_java_versions(text: str, version: int) -> None:
    assert version == java_version(text)


def _put_on_path(folder: Path, name: str, script: str, monkeypatch: pytest.MonkeyPatch) -> None:
    tool = folder / "bin" / name
    tool.parent.mkdir(exist_ok=True)
    tool.write_text(script)
    tool.chmod(tool.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setenv("PATH", f"{tool.parent}:/usr/bin:/bin")
