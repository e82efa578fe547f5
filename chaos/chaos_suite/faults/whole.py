"""What hits the whole system: a lossy network, a rolling restart, a burst of load."""

import random
import time

from chaos_suite.faults.fault import BurstLoad
from chaos_suite.network import Network
from chaos_suite.system import VISITOR, ChaosSystem

LOSSY_S = (8.0, 15.0)
FLAP_S = 0.15
"""Seconds a link is down, then up: packets are lost, and what arrives is late."""
BURST_S = (5.0, 10.0)


def slow_network(system: ChaosSystem, draw: random.Random, _load: BurstLoad) -> str:
    """Several links lose half of their packets."""
    links = sorted({*system.brokers.members, *system.engines} - {VISITOR})
    names, seconds = sorted(draw.sample(links, draw.randint(2, 3))), draw.uniform(*LOSSY_S)
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        _flap(system.network, names)
    return f"{', '.join(names)} for {seconds:.1f} s"


def rolling_restart(system: ChaosSystem, _draw: random.Random, _load: BurstLoad) -> str:
    """Every worker and broker, one after the other, by SIGTERM."""
    began, killed = time.monotonic(), []
    workers = [engine for engine in system.engines.values() if engine.name != VISITOR]
    workers += [*system.judges.values(), *system.runners.values()]
    for member in (*workers, *system.brokers.members.values()):
        with member.taken():
            if not member.terminate():
                killed.append(member.name)
        if member.name in system.brokers.members:
            system.brokers.await_in_sync()
    return f"in {time.monotonic() - began:.0f} s; had to be killed: {', '.join(killed) or 'none'}"


def burst(_system: ChaosSystem, draw: random.Random, load: BurstLoad) -> str:
    """Ten times the load."""
    seconds = draw.uniform(*BURST_S)
    load.burst(seconds)
    return f"for {seconds:.1f} s"


def _flap(network: Network, names: list[str]) -> None:
    cut: list[str] = []
    try:
        for name in names:
            network.cut(name)
            cut.append(name)
        time.sleep(FLAP_S)
    finally:
        for name in cut:
            network.mend(name)
    time.sleep(FLAP_S)
