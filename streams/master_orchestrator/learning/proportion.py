"""Shares of a count, with Wilson's interval, which stays within 0 and 1 and holds for few as well."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

Z = 1.96
"""Of an interval of 95 %."""


@dataclass(frozen=True)
class Proportion:
    """``hits`` of ``total``, with its interval; None where there is nothing to count."""

    hits: int
    total: int

    @property
    def value(self) -> float | None:
        """The share itself."""
        return self.hits / self.total if self.total else None

    @property
    def interval(self) -> tuple[float, float]:
        """Where the true share is in 95 of 100 cases (Wilson, 1927); (0, 1) while nothing is known."""
        if not self.total:
            return 0.0, 1.0
        share, weight = self.hits / self.total, Z * Z / self.total
        middle = share + weight / 2
        spread = Z * math.sqrt(share * (1 - share) / self.total + weight / (4 * self.total))
        low, high = (middle - spread) / (1 + weight), (middle + spread) / (1 + weight)
        return max(0.0, min(low, share)), min(1.0, max(high, share))  # what rounding takes off an end


def by_month(events: Iterable[tuple[int, bool]]) -> dict[str, Proportion]:
    """The shares of each calendar month (UTC); an event is its time in milliseconds since 1970, and whether it hit."""
    months: dict[str, list[bool]] = {}
    for at_ms, hit in sorted(events):
        months.setdefault(f"{datetime.fromtimestamp(at_ms / 1000, UTC):%Y-%m}", []).append(hit)
    return {month: proportion_of(hits) for month, hits in months.items()}


def proportion_of(hits: Sequence[bool]) -> Proportion:
    """How many of these are true."""
    return Proportion(sum(hits), len(hits))
