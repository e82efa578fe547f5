"""What the faults rely on: members are watched over, had for oneself, and an engine's disk becomes what it is told."""

import json
import os
import random
import signal
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest
from chaos_suite.disk import Disk
from chaos_suite.members import RESTART_AFTER_S, Member
from chaos_suite.programs import LoggedProgram
from chaos_suite.supervision import Supervision

PATIENCE_S = 20.0
SLEEPER = (sys.executable, "-c", "import time; print('begun', flush=True); time.sleep(600)")


@pytest.fixture
def member(tmp_path: Path) -> Iterator[Member]:
    program = LoggedProgram(SLEEPER, {}, tmp_path / "sleeper.log")
    sleeper = Member("sleeper", program, program.launch)
    supervision = Supervision([sleeper], tmp_path / "deaths.jsonl")
    supervision.start()
    sleeper.start()
    try:
        yield sleeper
    finally:
        sleeper.dismiss()
        sleeper.kill()
        supervision.stop()


def test_a_death_that_nobody_asked_for_is_told_from_one_that_a_fault_did(member: Member, tmp_path: Path) -> None:
    member.kill()
    _until(lambda: len(_deaths(tmp_path)) == 1 and member.running)
    pid = member.pid
    assert pid is not None
    os.kill(pid, signal.SIGKILL)
    _until(lambda: len(_deaths(tmp_path)) == 2 and member.running)
    assert [(-9, True), (-9, False)] == [(death["exit_code"], death["injected"]) for death in _deaths(tmp_path)]


def test_a_taken_member_lies_until_it_is_given_back_whatever_happens(member: Member) -> None:
    before = member.pid
    with pytest.raises(ZeroDivisionError):
        _break_while_it_is_dead(member)
    assert member.running
    assert before != member.pid


def test_a_paused_member_goes_on_when_it_is_given_back(member: Member) -> None:
    with member.taken():
        member.pause()
        _until(lambda: _stopped(member))
    _until(lambda: not _stopped(member))


def test_an_old_disk_is_what_was_copied_and_a_cut_file_is_shorter(tmp_path: Path) -> None:
    disk = Disk(tmp_path / "engine-1", tmp_path / "copies")
    disk.folder.mkdir()
    table = disk.folder / "000001.sst"
    table.write_bytes(b"as it was")
    disk.keep_copy()
    table.write_bytes(b"as it is now")
    cuts = disk.truncate(random.Random(1))
    assert [f"000001.sst 12 to {table.stat().st_size}"] == cuts
    assert table.stat().st_size < 12
    assert "first" == disk.put_back(random.Random(1))
    assert b"as it was" == table.read_bytes()


def _break_while_it_is_dead(member: Member) -> None:
    with member.taken():
        member.kill()
        time.sleep(2 * RESTART_AFTER_S)
        assert not member.running
        raise ZeroDivisionError


def _deaths(folder: Path) -> list[dict[str, object]]:
    return [json.loads(line) for line in (folder / "deaths.jsonl").read_text().splitlines()]


def _stopped(member: Member) -> bool:
    return psutil.Process(member.pid).status() == psutil.STATUS_STOPPED


def _until(true: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.02)
