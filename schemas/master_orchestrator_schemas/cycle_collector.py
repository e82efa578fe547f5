"""How often Python's cycle collector runs in a process that handles many records."""

import gc

ALLOCATIONS = (50_000, 20, 50)
"""The collector's thresholds; Python's are 700, 10, 10."""


def collect_rarely() -> None:
    """For the whole process, from now on: what is there already is never looked at, and what comes seldom.

    A record makes many short-lived objects and no cycles. Looking for cycles every 700 objects took 15 % of an engine's
    time and more of a runner's.
    """
    gc.freeze()
    gc.set_threshold(*ALLOCATIONS)
