"""Which values count: those that the quantity can have in a vehicle, and that do not mean "no value" in an encoding.

Everything else counts as missing, whatever rule or summary would look at it: the value is the sensor's.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise

from master_orchestrator_schemas.triage_rules import RangeTerms


@dataclass(frozen=True, slots=True)
class Range:
    """One signal's range. ``gaps``: what is not available inside it, both ends included."""

    low: float = -math.inf
    high: float = math.inf
    gaps: tuple[tuple[float, float], ...] = ()
    asleep: float | None = None

    def holds(self, value: float) -> bool:
        """Whether the value counts. False for NaN."""
        if not self.low <= value <= self.high:
            return False
        return not self.gaps or not any(low <= value <= high for low, high in self.gaps)

    def counted(self, value: float | None) -> float | None:
        """The value, or None if it does not count."""
        return value if value is not None and self.holds(value) else None

    @property
    def quiet(self) -> tuple[float, float]:
        """Strictly between these, every value counts and none is a sleeping sensor's: the widest part without a gap."""
        low = self.low if self.asleep == self.low else math.nextafter(self.low, -math.inf)
        ends = [low, *sorted(end for gap in self.gaps for end in gap), math.nextafter(self.high, math.inf)]
        parts = [part for part in pairwise(ends) if self.holds((part[0] + part[1]) / 2)]
        return max(parts, key=lambda part: part[1] - part[0], default=(low, low)) if self.gaps else (low, ends[-1])


ANY = Range()


def compile_ranges(terms: Mapping[str, RangeTerms]) -> dict[str, Range]:
    """The section of the topology in the form that is asked per value."""
    return {signal: _range(one) for signal, one in terms.items()}


def _range(terms: RangeTerms) -> Range:
    gaps = tuple(one if isinstance(one, tuple) else (one, one) for one in terms.not_available)
    return Range(*terms.physical, gaps, terms.asleep)
