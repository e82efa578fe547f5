"""A runner dies, stops, or hangs."""

import random
import time

from chaos_suite.faults.fault import Load
from chaos_suite.faults.victims import a_runner
from chaos_suite.system import System

ZOMBIE_S = (13.0, 18.0)
"""Longer than the session time-out of 10 s."""


def kill(system: System, draw: random.Random, _load: Load) -> str:
    """kill -9; the supervision starts it again."""
    runner = a_runner(system, draw)
    with runner.taken():
        runner.kill()
    return runner.name


def stop(system: System, draw: random.Random, _load: Load) -> str:
    """SIGTERM, and a new start."""
    runner = a_runner(system, draw)
    with runner.taken():
        began = time.monotonic()
        by_itself = runner.terminate()
    return f"{runner.name} {'ended' if by_itself else 'had to be killed'} after {time.monotonic() - began:.1f} s"


def zombie(system: System, draw: random.Random, _load: Load) -> str:
    """SIGSTOP for longer than the session time-out."""
    runner, seconds = a_runner(system, draw), draw.uniform(*ZOMBIE_S)
    with runner.taken():
        runner.pause()
        time.sleep(seconds)
    return f"{runner.name} hung for {seconds:.1f} s"
