"""Who is hit."""

import random
from collections.abc import Mapping

from chaos_suite.members import Member
from chaos_suite.system import VISITOR, ChaosSystem


def an_engine(system: ChaosSystem, draw: random.Random) -> Member:
    """One of those that always run."""
    return _one({name: engine for name, engine in system.engines.items() if name != VISITOR}, draw)


def a_runner(system: ChaosSystem, draw: random.Random) -> Member:
    """One of the twelve."""
    return _one(system.runners, draw)


def a_judge(system: ChaosSystem, draw: random.Random) -> Member:
    """One of the two ueba workers."""
    return _one(system.judges, draw)


def a_broker(system: ChaosSystem, draw: random.Random) -> Member:
    """One of the three."""
    return _one(system.brokers.members, draw)


def _one(members: Mapping[str, Member], draw: random.Random) -> Member:
    return members[draw.choice(sorted(members))]
