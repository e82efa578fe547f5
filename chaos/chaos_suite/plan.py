"""Which faults, when: all of it follows from the seed. Pure.

The faults of a lane follow each other, the lanes run side by side. A lane that is behind, since its last fault took
long, goes on with the next one at once.
"""

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from chaos_suite.faults import Fault

WARM_UP_S = 5.0
"""Load without faults at the beginning."""


@dataclass(frozen=True)
class Planned:
    """One fault of the plan: ``at_s`` seconds after the load began, its choices drawn from ``draw_seed``."""

    n: int
    lane: str
    name: str
    at_s: float
    draw_seed: str


def plan(seed: int, seconds: float, count: int, faults: Mapping[str, Fault]) -> list[Planned]:
    """``count`` faults over ``seconds``, in order of time.

    Each kind comes once before one comes twice, as often as its weight says after that.
    """
    draw = random.Random(f"{seed}/plan")
    names = _drawn(draw, count, list(faults.values()))
    by_lane: dict[str, list[str]] = {}
    for name in names:
        by_lane.setdefault(faults[name].lane, []).append(name)
    placed = sorted(
        (at_s, lane, name)
        for lane, of_lane in by_lane.items()
        for at_s, name in zip(_times(draw, seconds, len(of_lane)), of_lane, strict=True)
    )
    return [Planned(n, lane, name, at_s, f"{seed}/{n}/{name}") for n, (at_s, lane, name) in enumerate(placed)]


def _drawn(draw: random.Random, count: int, faults: Sequence[Fault]) -> list[str]:
    names = [fault.name for fault in faults]
    draw.shuffle(names)
    once = names[:count]
    more = draw.choices(faults, [fault.weight for fault in faults], k=count - len(once))
    drawn = once + [fault.name for fault in more]
    draw.shuffle(drawn)
    return drawn


def _times(draw: random.Random, seconds: float, count: int) -> list[float]:
    """One moment in each of ``count`` equal stretches of the time."""
    stretch = max(0.0, seconds - WARM_UP_S) / max(1, count)
    return [round(WARM_UP_S + stretch * (index + draw.random() / 2), 3) for index in range(count)]
