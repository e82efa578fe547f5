"""A handler that kills its own process in the middle of its work, on order.

The order is a file, named to the runners by ``CHAOS_DYING_FILE``: it says which agent's handler is to die, and at which
moment. Whichever process handles such a command next claims it, by renaming it to ``<file>.taken-<pid>``, and is gone.
"""

import os
import signal
from enum import StrEnum
from pathlib import Path

from master_orchestrator_schemas.vocabulary import AgentType

VARIABLE = "CHAOS_DYING_FILE"


class DeathMoment(StrEnum):
    """When: the command taken and nothing done; half of the handler's own bookkeeping done; all done, but no reply."""

    BEFORE = "before"
    BETWEEN = "between"
    AFTER = "after"


BETWEEN_OF = frozenset({AgentType.CUSTOMER_ENGAGEMENT, AgentType.SCHEDULING, AgentType.FEEDBACK})
"""The agents that have a BETWEEN: those that write down what they are about to do."""


def order(file: Path, agent: AgentType, moment: DeathMoment) -> None:
    """Have the next process that gets there die. ``file`` appears whole."""
    if moment is DeathMoment.BETWEEN and agent not in BETWEEN_OF:
        raise ValueError(f"{agent} has no moment {moment}: use {DeathMoment.BEFORE} or {DeathMoment.AFTER}")
    draft = file.with_name(f"{file.name}.draft")
    draft.write_text(f"{agent} {moment}", encoding="utf-8")
    draft.rename(file)


def taken_by(file: Path) -> frozenset[int]:
    """The processes that have claimed an order and died, or are about to."""
    return frozenset(int(taken.name.rpartition("-")[2]) for taken in file.parent.glob(f"{file.name}.taken-*"))


def withdraw(file: Path) -> bool:
    """Take the order back; False if it has been claimed (or was never given)."""
    try:
        file.unlink()
    except FileNotFoundError:
        return False
    return True


def die_if_ordered(agent: AgentType, moment: DeathMoment) -> None:
    """Called by the handlers: at most one process does not return from it."""
    named = os.environ.get(VARIABLE)
    if named and _claimed(Path(named), f"{agent} {moment}"):
        os.kill(os.getpid(), signal.SIGKILL)


def _claimed(file: Path, name: str) -> bool:
    try:
        if file.read_text(encoding="utf-8") != name:
            return False
        file.rename(file.with_name(f"{file.name}.taken-{os.getpid()}"))
    except FileNotFoundError:  # no order, or another process was quicker
        return False
    return True
