"""Child processes: they end when asked, are killed when they will not, and never outlive a killed supervisor."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path

import psutil
import pytest

from master_orchestrator.supervision.holding import HELD as HELD_VARIABLE
from master_orchestrator.supervision.services import Program, command_line, end_all
from master_orchestrator.supervision.stopping import stop_requested
from master_orchestrator_schemas.binary import FORM

DEAF = """
import pathlib, signal, sys, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
pathlib.Path(sys.argv[1]).touch()
time.sleep(300)
"""
TELL = """
import os, pathlib, sys
pathlib.Path(sys.argv[1]).write_text(f"{os.getpgid(0) == os.getpid()} {os.environ['TOLD']}")
"""
HELD = """
import pathlib, sys
from master_orchestrator.supervision.holding import await_word
pathlib.Path(sys.argv[1]).touch()
pathlib.Path(sys.argv[1]).write_text(str(await_word()))
"""
PARENT = """
import sys, time
from master_orchestrator.supervision.services import Program
child = Program("child", [sys.executable, "-c", "import time; time.sleep(300)"])
child.start()
print(child.pid, flush=True)
time.sleep(300)
"""


def test_a_program_ends_when_asked() -> None:
    program = Program("p", [sys.executable, "-c", "import time; time.sleep(300)"])
    program.start()
    assert program.exit_code() is None
    program.ask_to_stop()
    program.end(10.0)
    assert -signal.SIGTERM == program.exit_code()


def test_a_deaf_program_is_killed_after_its_time(tmp_path: Path) -> None:
    ready = tmp_path / "ready"
    program = Program("p", [sys.executable, "-c", DEAF, str(ready)])
    program.start()
    _await(ready.exists)
    end_all([program], timeout_s=0.2)
    assert -signal.SIGKILL == program.exit_code()


def test_a_program_has_its_own_group_and_its_environment(tmp_path: Path) -> None:
    told = tmp_path / "told"
    program = Program("p", [sys.executable, "-c", TELL, str(told)], environment={"TOLD": "yes"})
    program.start()
    program.end(10.0)
    assert "True yes" == told.read_text()


def test_a_held_program_loads_and_goes_on_when_it_is_started(tmp_path: Path) -> None:
    told = tmp_path / "told"
    program = Program("p", [sys.executable, "-c", HELD, str(told)])
    program.prepare()
    _await(told.exists)
    assert (None, "") == (program.exit_code(), told.read_text())
    program.start()
    program.end(10.0)
    assert (0, "True") == (program.exit_code(), told.read_text())
    program.start()  # again, after its death: it is not held
    program.end(10.0)
    assert (0, "True") == (program.exit_code(), told.read_text())


def test_a_held_program_ends_when_asked(tmp_path: Path) -> None:
    told = tmp_path / "told"
    program = Program("p", [sys.executable, "-c", HELD, str(told)])
    program.prepare()
    _await(told.exists)
    program.ask_to_stop()
    program.end(10.0)
    assert (-signal.SIGTERM, "") == (program.exit_code(), told.read_text())


def test_a_program_that_died_while_it_was_held_is_found_dead_at_its_start() -> None:
    program = Program("p", [sys.executable, "-c", "raise SystemExit(2)"])
    program.prepare()
    _await(lambda: program.exit_code() is not None)
    program.start()
    assert 2 == program.exit_code()
    program.end(10.0)


def test_whoever_waits_for_the_word_of_one_that_is_gone_does_not_go_on() -> None:
    alone = [sys.executable, "-c", "from master_orchestrator.supervision.holding import *; exit(3 + await_word())"]
    held = {**os.environ, HELD_VARIABLE: "1"}
    assert 3 == subprocess.run(alone, env=held, stdin=subprocess.DEVNULL, check=False).returncode


def test_children_of_a_killed_supervisor_die() -> None:
    with subprocess.Popen([sys.executable, "-c", PARENT], stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        child = int(parent.stdout.readline())
        parent.kill()
        parent.wait()
    _await(lambda: not psutil.pid_exists(child) or psutil.Process(child).status() == psutil.STATUS_ZOMBIE)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_is_a_wish_to_stop_and_a_second_one_an_order(number: signal.Signals) -> None:
    before = signal.getsignal(number)
    with stop_requested() as stopping:
        os.kill(os.getpid(), number)
        assert stopping.wait(5.0)
        with pytest.raises(KeyboardInterrupt):
            os.kill(os.getpid(), number)
    assert before == signal.getsignal(number)


def test_our_own_command_line_runs() -> None:
    shown = subprocess.run(command_line("--version"), capture_output=True, text=True, check=True)
    assert f"{version('master-orchestrator')} ({FORM} codec)" == shown.stdout.strip()


def _await(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < deadline, "it did not happen within 10 s"
        time.sleep(0.02)
