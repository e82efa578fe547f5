"""A worker loses its disk; an engine finds it damaged or old, or full."""

import random
import time
from collections.abc import Iterator
from contextlib import contextmanager

from chaos_suite.disk import Disk
from chaos_suite.faults.fault import BurstLoad, Inject
from chaos_suite.faults.signals import Victim
from chaos_suite.faults.victims import an_engine
from chaos_suite.members import Member
from chaos_suite.system import ChaosSystem

AGE_S = (10.0, 20.0)
FULL_S = (6.0, 15.0)
FREE_S = 4.0
OPENED_S = 30.0
_POLL_S = 0.2


def wiped(victim: Victim) -> Inject:
    """kill -9, and the state folder is gone."""

    def wipe(system: ChaosSystem, draw: random.Random, _load: BurstLoad) -> str:
        member = victim(system, draw)
        disk = system.disks[member.name]
        with member.taken():
            member.kill()
            disk.keep_copy()
            disk.wipe()
        return member.name

    return wipe


def truncate(system: ChaosSystem, draw: random.Random, _load: BurstLoad) -> str:
    """kill -9, and some of RocksDB's files are cut short."""
    engine = an_engine(system, draw)
    disk = system.disks[engine.name]
    with engine.taken():
        engine.kill()
        disk.keep_copy()
        cuts = disk.truncate(draw)
    return f"{engine.name}: {', '.join(cuts)}"


def old(system: ChaosSystem, draw: random.Random, _load: BurstLoad) -> str:
    """kill -9, and the state folder is what it was earlier in the run."""
    engine = an_engine(system, draw)
    disk = system.disks[engine.name]
    with engine.taken():
        engine.kill()
        if not disk.has_copy:
            disk.keep_copy()
            with _running(engine):
                time.sleep(draw.uniform(*AGE_S))
        copy = disk.put_back(draw)
    return f"{engine.name} has its {copy} copy"


def full(system: ChaosSystem, draw: random.Random, _load: BurstLoad) -> str:
    """The disk fills up under a running engine, which may be killed and started on it; then there is room again."""
    engine, seconds, killed = an_engine(system, draw), draw.uniform(*FULL_S), draw.random() < 0.5
    disk = system.disks[engine.name]
    with engine.taken():
        engine.kill()
        with disk.small(), _running(engine):
            opened = _await_opened(disk)
            disk.fill()
            if killed:
                engine.kill()
            time.sleep(seconds)
            disk.free()
            time.sleep(FREE_S)
    text = f"{engine.name} for {seconds:.1f} s{', killed at the same time' if killed else ''}"
    return text if opened else f"{text}; it had not opened its tables yet"


def _await_opened(disk: Disk) -> bool:
    """Whether the engine that was started now has opened a table in time; one without partitions has none."""
    began_s, deadline = time.time(), time.monotonic() + OPENED_S
    while not disk.opened_since(began_s):
        if time.monotonic() > deadline:
            return False
        time.sleep(_POLL_S)
    return True


@contextmanager
def _running(engine: Member) -> Iterator[None]:
    """Let a reserved engine run, and run again if it dies; it is dead afterwards."""
    engine.release()
    try:
        engine.await_running()
        yield
    finally:
        engine.hold()
        engine.kill()
