"""A runner is killed by its handler."""

import random
import time
from contextlib import ExitStack
from pathlib import Path

from chaos_suite.dying import BETWEEN_OF, DeathMoment, order, taken_by, withdraw
from chaos_suite.faults.fault import BurstLoad
from chaos_suite.system import ChaosSystem
from chaos_suite.workers import runner_names
from master_orchestrator_schemas.vocabulary import AgentType

TYPES_TRIED = 4
CLAIM_S = 6.0
"""How long an order to die stands before another type is tried: perhaps no command comes."""
_POLL_S = 0.05


def dying_handler(system: ChaosSystem, draw: random.Random, _load: BurstLoad) -> str:
    """A handler kills its own process: before its work, half-way, or when all is done but the reply."""
    for kind in draw.sample(list(AgentType), TYPES_TRIED):
        moment = draw.choice(
            [moment for moment in DeathMoment if moment is not DeathMoment.BETWEEN or kind in BETWEEN_OF]
        )
        if _dies(system, kind, moment):
            return f"a runner of {kind}; {moment}"
    return "no command came"


def _dies(system: ChaosSystem, kind: AgentType, moment: DeathMoment) -> bool:
    """Whether a runner of this type died and runs again; not, if no command came to it."""
    runners = [system.runners[name] for name in runner_names(kind)]
    with ExitStack() as stack:
        for runner in runners:
            stack.enter_context(runner.reserved())
            stack.enter_context(runner.about_to_die())
        before = taken_by(system.dying_file)
        order(system.dying_file, kind, moment)
        victims = _claimed(system.dying_file, before)
        while any(runner.pid in victims for runner in runners):  # it has claimed the order, and is about to die
            time.sleep(_POLL_S)
        for runner in runners:
            runner.await_running()
    return bool(victims)


def _claimed(file: Path, before: frozenset[int]) -> frozenset[int]:
    """Who claimed the order; nobody, if no command came: then it is withdrawn."""
    deadline = time.monotonic() + CLAIM_S
    while time.monotonic() < deadline:
        if claimed := taken_by(file) - before:
            return claimed
        time.sleep(_POLL_S)
    return frozenset() if withdraw(file) else taken_by(file) - before
