"""Python's own settings in a process that handles many records, in several threads."""

import gc
import sys

ALLOCATIONS = (50_000, 20, 50)
"""The cycle collector's thresholds; Python's are 700, 10, 10."""
SWITCH_S = 0.001
"""How long a thread may compute while others wait for the interpreter; Python's is 5 ms."""


def prepare_interpreter() -> None:
    """For the whole process, from now on: look for cycles rarely, and change threads soon.

    A record makes many short-lived objects and no cycles: looking for them every 700 objects took 15 % of an engine's
    time and 20 % of a runner's; what is there already is never looked at. A thread that comes back from a broker needs
    the interpreter, several times per transaction, while another one computes.
    """
    gc.freeze()
    gc.set_threshold(*ALLOCATIONS)
    sys.setswitchinterval(SWITCH_S)
