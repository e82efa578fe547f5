"""What any member may suffer: it dies, stops, or hangs."""

import random
import time
from collections.abc import Callable

from chaos_suite.faults.fault import BurstLoad, Inject
from chaos_suite.members import Member
from chaos_suite.system import ChaosSystem

HUNG_S = (13.0, 18.0)
"""Longer than the session time-out of 10 s: its partitions are another's when it wakes."""

Victim = Callable[[ChaosSystem, random.Random], Member]


def killed(victim: Victim) -> Inject:
    """kill -9; the supervision starts it again."""

    def kill(system: ChaosSystem, draw: random.Random, _load: BurstLoad) -> str:
        member = victim(system, draw)
        with member.taken():
            member.kill()
        return member.name

    return kill


def stopped(victim: Victim) -> Inject:
    """SIGTERM, and a new start."""

    def stop(system: ChaosSystem, draw: random.Random, _load: BurstLoad) -> str:
        member = victim(system, draw)
        with member.taken():
            began = time.monotonic()
            by_itself = member.terminate()
        return f"{member.name} {'ended' if by_itself else 'had to be killed'} after {time.monotonic() - began:.1f} s"

    return stop


def hung(victim: Victim, for_s: tuple[float, float] = HUNG_S) -> Inject:
    """SIGSTOP for a while, by default longer than the session time-out; then it wakes, and knows nothing of it."""

    def hang(system: ChaosSystem, draw: random.Random, _load: BurstLoad) -> str:
        member, seconds = victim(system, draw), draw.uniform(*for_s)
        with member.taken():
            member.pause()
            time.sleep(seconds)
        return f"{member.name} hung for {seconds:.1f} s"

    return hang
