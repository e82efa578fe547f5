"""The broker's classes are kept from one start to the next, and nothing depends on it."""

import os
from pathlib import Path

import pytest

from master_orchestrator.cluster.broker import EmbeddedKafka
from master_orchestrator.cluster.class_archive import class_options, existing_archive
from master_orchestrator.cluster.jars import kafka_libs

HEAD = b"\xa8\xbb\x0a\xf0"


@pytest.fixture
def java(tmp_path: Path) -> Path:
    program = tmp_path / "java"
    program.touch()
    return program


@pytest.fixture
def libs(tmp_path: Path) -> Path:
    folder = tmp_path / "home" / "libs"
    folder.mkdir(parents=True)
    (folder / "kafka.jar").touch()
    return folder


def _asked_to_write(java: Path, libs: Path) -> Path:
    """The file that a start is asked to write; the broker that would is gone."""
    (option,), lock = class_options(java, libs)
    assert lock is not None
    os.close(lock)
    return Path(option.removeprefix("-XX:ArchiveClassesAtExit="))


def test_one_broker_writes_and_others_do_without_meanwhile(java: Path, libs: Path) -> None:
    _, lock = class_options(java, libs)
    assert lock is not None
    assert ((), None) == class_options(java, libs)
    os.close(lock)


def test_what_a_broker_wrote_is_used_from_then_on(java: Path, libs: Path) -> None:
    written = _asked_to_write(java, libs)
    assert ((), None) == existing_archive(java, libs)
    written.write_bytes(HEAD)
    (option,), lock = class_options(java, libs)
    assert (None, HEAD) == (lock, Path(option.removeprefix("-XX:SharedArchiveFile=")).read_bytes())
    assert ((option,), None) == existing_archive(java, libs)


def test_what_a_broker_could_not_finish_is_written_again(java: Path, libs: Path) -> None:
    written = _asked_to_write(java, libs)
    written.write_bytes(bytes(4) + b"classes")
    assert written == _asked_to_write(java, libs)


def test_other_jars_and_another_java_have_another_archive(java: Path, libs: Path) -> None:
    first = _asked_to_write(java, libs)
    os.utime(java, (0, 0))
    second = _asked_to_write(java, libs)
    os.utime(libs / "kafka.jar", (0, 0))  # as a copy has its own time, which the JVM compares
    assert 3 == len({first, second, _asked_to_write(java, libs)})


def test_a_folder_that_cannot_be_written_is_left_alone(java: Path, libs: Path) -> None:
    (libs.parent / "classes.lock").mkdir()  # opening it fails, for root too
    assert ((), None) == class_options(java, libs)


@pytest.mark.kafka
def test_the_second_broker_runs_on_what_the_first_left(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    jars, home = kafka_libs(), tmp_path / "home"
    home.mkdir()
    (home / "libs").symlink_to(jars)
    monkeypatch.setenv("MASTER_ORCHESTRATOR_KAFKA_HOME", str(home))
    with EmbeddedKafka(tmp_path / "data"):
        pass
    with EmbeddedKafka(tmp_path / "data") as second:
        (archive,) = home.glob("classes-*.jsa")
        assert archive.name in Path(f"/proc/{second.nodes[0].pid}/maps").read_text()
    archive.write_bytes(HEAD)
    with EmbeddedKafka(tmp_path / "data") as third:  # a damaged one is refused by the JVM
        assert third.nodes[0].running
