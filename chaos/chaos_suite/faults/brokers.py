"""A broker dies, stops, hangs, or is cut off; two at once; leaders move."""

import random
import time
from contextlib import ExitStack

from chaos_suite.faults.fault import BurstLoad
from chaos_suite.faults.signals import hung, stopped
from chaos_suite.faults.victims import a_broker
from chaos_suite.system import ChaosSystem

GONE_S = (5.0, 15.0)
HUNG_S = (5.0, 20.0)
CUT_S = (5.0, 20.0)
TWO_GONE_S = (8.0, 15.0)


def kill(system: ChaosSystem, draw: random.Random, _load: BurstLoad) -> str:
    """kill -9, gone for a while."""
    broker, seconds = a_broker(system, draw), draw.uniform(*GONE_S)
    with broker.taken():
        broker.kill()
        time.sleep(seconds)
    return f"{broker.name} gone for {seconds:.1f} s; {_in_sync(system)}"


def stop(system: ChaosSystem, draw: random.Random, load: BurstLoad) -> str:
    """SIGTERM, and a new start."""
    return f"{stopped(a_broker)(system, draw, load)}; {_in_sync(system)}"


def pause(system: ChaosSystem, draw: random.Random, load: BurstLoad) -> str:
    """SIGSTOP for a while: its connections stay."""
    return f"{hung(a_broker, HUNG_S)(system, draw, load)}; {_in_sync(system)}"


def two_gone(system: ChaosSystem, draw: random.Random, _load: BurstLoad) -> str:
    """kill -9 for two of three: no quorum, nothing can be acknowledged."""
    members = system.brokers.members
    names, seconds = sorted(draw.sample(sorted(members), 2)), draw.uniform(*TWO_GONE_S)
    with ExitStack() as stack:
        for name in names:
            stack.enter_context(members[name].taken())
            members[name].kill()
        time.sleep(seconds)
        for name in names:
            members[name].release()
    return f"{' and '.join(names)} gone for {seconds:.1f} s; {_in_sync(system)}"


def cut(system: ChaosSystem, draw: random.Random, _load: BurstLoad) -> str:
    """No network."""
    broker, seconds = a_broker(system, draw), draw.uniform(*CUT_S)
    with broker.reserved():
        system.network.cut(broker.name)
        try:
            time.sleep(seconds)
        finally:
            system.network.mend(broker.name)
    return f"{broker.name} cut off for {seconds:.1f} s; {_in_sync(system)}"


def _in_sync(system: ChaosSystem) -> str:
    return "in sync again" if system.brokers.await_in_sync() else "not in sync yet"
