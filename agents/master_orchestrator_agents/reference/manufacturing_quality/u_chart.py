"""A one-sided u-chart: does one build month have more claims per vehicle than the others explain by chance? Pure.

For the month m with c claims of n vehicles, against all other months with C claims of N vehicles:

    u_bar = (C + 1) / N          the + 1 keeps an empty history from making any claim a signal
    UCL   = u_bar + 3 * sqrt(u_bar / n)
    signal if c / n > UCL, and the guard for small lots holds: n >= MIN_LOT and c >= MIN_CLAIMS

Claims are Poisson for rare defects; three sigma, upper side only: a month better than the others raises no alarm.
Months in service are not yet taken into account: a young month has fewer claims, which hides a signal but makes none.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass

SIGMAS = 3.0
MIN_LOT = 50
MIN_CLAIMS = 5


@dataclass(frozen=True)
class Point:
    """One month on the chart: claims, vehicles built, claims per vehicle, its upper control limit, and the verdict."""

    month: str
    claims: int
    built: int
    rate: float
    limit: float
    signal: bool


def point(month: str, claims: Mapping[str, int], volumes: Mapping[str, int]) -> Point:
    """Where ``month`` stands against the other months of its model."""
    own, built = claims.get(month, 0), volumes.get(month, 0)
    others = sum(count for other, count in claims.items() if other != month)
    other_built = sum(count for other, count in volumes.items() if other != month)
    if built == 0 or other_built == 0:
        return Point(month, own, built, 0.0, math.inf, signal=False)
    mean = (others + 1) / other_built
    limit = mean + SIGMAS * math.sqrt(mean / built)
    out = own / built > limit and built >= MIN_LOT and own >= MIN_CLAIMS
    return Point(month, own, built, own / built, limit, signal=out)
