"""The demo's folder, its log, and its threads."""

import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from master_orchestrator.cli.context import Invocation
from master_orchestrator.cli.demo import _planned, _within
from master_orchestrator.demo.background import Background
from master_orchestrator.demo.folder import demo_folder
from master_orchestrator.simulation.fleet import Fleet
from master_orchestrator_schemas.topology import load_topology
from master_orchestrator_schemas.topology.loader import default_path

NOISY = """
import subprocess, sys
from pathlib import Path
from master_orchestrator.demo.redirect import output_to
with output_to(Path(sys.argv[1])) as streams:
    print("own out", flush=True)
    print("own err", file=sys.stderr)
    subprocess.run([sys.executable, "-c", "print('child out', flush=True)"], check=True)
    print("to the terminal", file=streams.out)
    print("to the terminal's err", file=streams.err)
print("afterwards")
"""


def test_logs_go_to_the_file_and_the_table_to_the_terminal(tmp_path: Path) -> None:
    log = tmp_path / "demo.log"
    done = subprocess.run([sys.executable, "-c", NOISY, str(log)], capture_output=True, text=True, check=True)
    assert ["own out", "own err", "child out"] == log.read_text().splitlines()
    assert ["to the terminal", "afterwards"] == done.stdout.splitlines()
    assert ["to the terminal's err"] == done.stderr.splitlines()


def test_the_folder_is_gone_afterwards() -> None:
    with demo_folder() as folder:
        (folder.path / "demo.log").write_text("all well")
    assert not folder.path.exists()


def test_a_folder_to_be_kept_is_named(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", os.fspath(tmp_path))
    with demo_folder() as folder:
        folder.keep = True
    assert folder.path.is_dir()
    assert str(folder.path) in capsys.readouterr().err


@pytest.mark.parametrize(("log", "kept"), [("what went wrong", True), ("", False)])
def test_after_an_error_the_folder_stays_if_its_log_says_something(
    log: str, kept: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", os.fspath(tmp_path))

    def fail() -> None:
        with demo_folder() as folder:
            (folder.path / "demo.log").write_text(log)
            raise RuntimeError("no java")

    with pytest.raises(RuntimeError, match="no java"):
        fail()
    assert kept == any(tmp_path.iterdir())


def test_an_error_in_the_background_is_raised_where_it_is_asked_for() -> None:
    def work() -> None:
        raise ValueError("the feed broke")

    background = Background("work", work, lambda: None)
    background.close()
    with pytest.raises(ValueError, match="the feed broke"):
        background.done()


def test_background_work_is_asked_to_stop_and_waited_for() -> None:
    halt = threading.Event()
    background = Background("work", halt.wait, halt.set)
    assert not background.done()
    background.close()
    assert background.done()


def test_the_demos_agents_work_by_the_topology_it_was_given(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The reference agents load it themselves, in processes of their own."""
    for name in ("DATA_DIR", "TOPOLOGY"):
        monkeypatch.setenv(f"MASTER_ORCHESTRATOR_{name}", "")
    mine = tmp_path / "mine.yaml"
    mine.write_text(default_path().read_text().replace("open_ahead: 14d", "open_ahead: 10d"))
    monkeypatch.chdir(tmp_path)
    given, fleet = Invocation({"topology": Path("mine.yaml")}), Fleet(vehicles=4, fault_share=0.5, prefix="demo")
    (tmp_path / "demo").mkdir()
    own = _within(given, tmp_path, _planned(given, fleet, tmp_path / "demo"))
    assert str(tmp_path / "demo" / "topology.yaml") == os.environ["MASTER_ORCHESTRATOR_TOPOLOGY"]
    plans = load_topology().service_plans
    assert own.topology.service_plans == plans
    assert 10 * 86_400_000 == plans.open_ahead_ms
    assert [plan.vehicle_id for plan in fleet.roster() if plan.fault is None][:1] == [*plans.vehicles]
