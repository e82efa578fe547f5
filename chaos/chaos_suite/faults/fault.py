"""What a fault is."""

import random
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, Protocol

from chaos_suite.system import ChaosSystem

FaultLane = Literal["engine", "kafka", "agents", "judge"]


class BurstLoad(Protocol):
    """What faults may do with the load."""

    def burst(self, seconds: float) -> None:
        """Send ten times as much for a while."""
        ...


Inject = Callable[[ChaosSystem, random.Random, BurstLoad], str]


@dataclass(frozen=True)
class Fault:
    """One kind of fault. The faults of a ``lane`` follow each other, the lanes run side by side.

    ``weight``: how often it is drawn, compared with the others; ``disturbs``: what may be late because of it;
    ``inject`` does it with choices drawn from the given source, returns a line about it once it is lifted.
    """

    name: str
    lane: FaultLane
    inject: Inject
    weight: float = 1.0
    needs_namespace: bool = False
    disturbs: frozenset[str] = frozenset()
