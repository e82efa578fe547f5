"""An engine loses its disk, finds it damaged or old, or finds it full."""

import random
import time

from chaos_suite.faults.fault import Load
from chaos_suite.faults.victims import an_engine
from chaos_suite.members import Member
from chaos_suite.system import System

AGE_S = (10.0, 20.0)
FULL_S = (6.0, 15.0)
SETTLED_S = 30.0
_POLL_S = 0.5


def wipe(system: System, draw: random.Random, _load: Load) -> str:
    """kill -9, and the state folder is gone."""
    engine = an_engine(system, draw)
    disk = system.disks[engine.name]
    with engine.taken():
        engine.kill()
        disk.keep_copy()
        disk.wipe()
    return engine.name


def truncate(system: System, draw: random.Random, _load: Load) -> str:
    """kill -9, and some of RocksDB's files are cut short."""
    engine = an_engine(system, draw)
    disk = system.disks[engine.name]
    with engine.taken():
        engine.kill()
        disk.keep_copy()
        told = disk.truncate(draw)
    return f"{engine.name}: {', '.join(told)}"


def old(system: System, draw: random.Random, _load: Load) -> str:
    """kill -9, and the state folder is what it was earlier in the run."""
    engine = an_engine(system, draw)
    disk = system.disks[engine.name]
    with engine.taken():
        engine.kill()
        if not disk.has_copy:
            disk.keep_copy()
            _run_for(engine, draw.uniform(*AGE_S))
        copy = disk.put_back(draw)
    return f"{engine.name} has its {copy} copy"


def full(system: System, draw: random.Random, _load: Load) -> str:
    """The disk fills up under a running engine, which may be killed and started on it; then there is room again."""
    engine, seconds, killed = an_engine(system, draw), draw.uniform(*FULL_S), draw.random() < 0.5
    disk = system.disks[engine.name]
    with engine.taken():
        engine.kill()
        with disk.small():
            engine.release()
            try:
                _await_settled(system, engine)
                disk.fill()
                if killed:
                    engine.kill()
                time.sleep(seconds)
                disk.free()
                _await_settled(system, engine)
            finally:
                engine.hold()
                engine.kill()
    return f"{engine.name} for {seconds:.1f} s{', killed meanwhile' if killed else ''}"


def _run_for(engine: Member, seconds: float) -> None:
    """Let a taken engine run for so long; dead again afterwards."""
    engine.release()
    try:
        engine.await_running()
        time.sleep(seconds)
    finally:
        engine.hold()
        engine.kill()


def _await_settled(system: System, engine: Member) -> None:
    """Wait until the engine runs and all partitions have owners; no longer than it is worth."""
    engine.await_running()
    deadline = time.monotonic() + SETTLED_S
    while not system.owned() and time.monotonic() < deadline:
        time.sleep(_POLL_S)
