"""What a data folder says of its cluster and its nodes, and what is made of it where somebody was interrupted."""

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from master_orchestrator.cli.main import run
from master_orchestrator.cluster.broker import nodes_of, read_cluster
from master_orchestrator.cluster.errors import ClusterError
from master_orchestrator.cluster.locking import try_lock, write_whole
from master_orchestrator.cluster.node import Node


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"\xff", b'{"cluster_id": "x"}'])
def test_a_damaged_description_says_what_to_do(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "cluster.json").write_bytes(content)
    with pytest.raises(ClusterError, match=r"cluster\.json is damaged: stop the brokers .*\(--data-dir\)"):
        read_cluster(tmp_path)


def test_an_interrupted_write_leaves_what_was_there(tmp_path: Path) -> None:
    file = tmp_path / "cluster.json"
    write_whole(file, "before")
    with pytest.raises(UnicodeEncodeError):
        write_whole(file, "\ud800")  # which opens the file, and fails as a full disk would
    assert ([file], "before") == ([*tmp_path.iterdir()], file.read_text())


@pytest.fixture
def starting(tmp_path: Path) -> Iterator[Node]:
    """A node whose lock another start holds."""
    folder = tmp_path / "kafka" / "node-1"
    folder.mkdir(parents=True)
    (folder.parent / "cluster.json").write_text('{"cluster_id": "x", "brokers": 1, "bootstrap_servers": "h:1"}')
    lock = try_lock(folder / "lock")
    assert lock is not None
    yield Node(folder)
    os.close(lock)


@pytest.mark.parametrize("written", [None, "", "12x"])
def test_a_node_that_is_starting_has_no_pid_yet(starting: Node, written: str | None) -> None:
    if written is not None:
        (starting.folder / "pid").write_text(written)
    assert (True, None, "starting") == (starting.running, starting.pid, starting.status)


def test_a_start_forgets_the_pid_of_the_run_before(tmp_path: Path) -> None:
    node = Node(tmp_path)
    (tmp_path / "pid").write_text(str(os.getpid()))
    with pytest.raises(FileNotFoundError, match="no-such-java"):
        node.start(tmp_path / "no-such-java", tmp_path, leashed=False)
    assert not (tmp_path / "pid").exists()


def test_a_signal_waits_for_the_pid_of_a_node_that_is_starting(starting: Node) -> None:
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as child:
        writer = threading.Timer(0.1, write_whole, (starting.folder / "pid", str(child.pid)))
        writer.start()
        starting.signal(signal.SIGTERM)
        writer.join()
        assert -signal.SIGTERM == child.wait(10)


def test_status_and_stop_say_what_is_with_a_node_without_pid(
    starting: Node, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("master_orchestrator.cluster.node.SPAWN_S", 0.0)
    monkeypatch.setattr("master_orchestrator.cluster.node.stop_all.__defaults__", (0.0,))
    monkeypatch.setattr("master_orchestrator.cluster.node.STOP_TIMEOUT_S", 0.0)
    assert [starting.folder] == [node.folder for node in nodes_of(tmp_path / "kafka")]
    assert 0 == run(["--data-dir", str(tmp_path), "kafka", "status"])
    assert "node-1 (starting)" in capsys.readouterr().out
    assert 2 == run(["--data-dir", str(tmp_path), "kafka", "stop"])
    assert "run on, and their pid is not known" in capsys.readouterr().err
