"""A runner dies, stops, or hangs."""

import random

from chaos_suite.faults.fault import Load
from chaos_suite.faults.victims import a_runner
from chaos_suite.system import System


def kill(system: System, draw: random.Random, _load: Load) -> str:
    """kill -9; the supervision starts it again."""
    runner = a_runner(system, draw)
    with runner.taken():
        runner.kill()
    return runner.name
