"""An engine dies, or is cut off; a third one joins and leaves."""

import random
import time

from chaos_suite.faults.fault import BurstLoad
from chaos_suite.faults.victims import an_engine
from chaos_suite.system import VISITOR, ChaosSystem

CUT_S = (5.0, 20.0)
VISIT_S = (10.0, 30.0)


def kill(system: ChaosSystem, draw: random.Random, _load: BurstLoad) -> str:
    """kill -9; the supervision starts it again."""
    engine = an_engine(system, draw)
    with engine.taken():
        engine.kill()
        system.disks[engine.name].keep_copy()
    return engine.name


def cut(system: ChaosSystem, draw: random.Random, _load: BurstLoad) -> str:
    """No network."""
    engine, seconds = an_engine(system, draw), draw.uniform(*CUT_S)
    with engine.reserved():
        system.network.cut(engine.name)
        try:
            time.sleep(seconds)
        finally:
            system.network.mend(engine.name)
        engine.await_running()
    return f"{engine.name} cut off for {seconds:.1f} s"


def visit(system: ChaosSystem, draw: random.Random, _load: BurstLoad) -> str:
    """A third worker joins, takes its share, and leaves by SIGTERM or kill -9."""
    visitor, seconds, politely = system.engines[VISITOR], draw.uniform(*VISIT_S), draw.random() < 0.5
    try:
        visitor.start()
        time.sleep(seconds)
    finally:
        visitor.dismiss()
        if politely:
            visitor.terminate()
        else:
            visitor.kill()
    return f"{visitor.name} for {seconds:.1f} s, left by {'SIGTERM' if politely else 'kill -9'}"
