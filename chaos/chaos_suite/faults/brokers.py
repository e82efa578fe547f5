"""A broker dies, stops, or hangs; two at once; leaders move."""

import random
import time

from chaos_suite.faults.fault import Load
from chaos_suite.faults.victims import a_broker
from chaos_suite.system import System


def kill(system: System, draw: random.Random, _load: Load) -> str:
    """kill -9, gone for a while."""
    broker, gone_s = a_broker(system, draw), draw.uniform(5, 15)
    with broker.taken():
        broker.kill()
        time.sleep(gone_s)
    return f"{broker.name} gone for {gone_s:.1f} s; {_in_sync(system)}"


def _in_sync(system: System) -> str:
    return "in sync again" if system.brokers.await_in_sync() else "not in sync yet"
