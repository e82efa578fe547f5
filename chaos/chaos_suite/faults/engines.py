"""An engine dies, stops, or hangs."""

import random

from chaos_suite.faults.fault import Load
from chaos_suite.faults.victims import an_engine
from chaos_suite.system import System


def kill(system: System, draw: random.Random, _load: Load) -> str:
    """kill -9; the supervision starts it again."""
    engine = an_engine(system, draw)
    with engine.taken():
        engine.kill()
    return engine.name
