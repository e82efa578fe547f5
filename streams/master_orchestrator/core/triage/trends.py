"""Where a signal is heading, told from one value a day, and when it gets to a limit.

The line is Theil and Sen's: the median of the slopes of all pairs, which a third of wild days does not move. Its
uncertainty comes from how far the days lie off the line, and is larger where neighbouring days err alike (a week of
frost is one piece of evidence, not seven). Noise is always estimated from the days themselves.

A trend is told of what is like the newest days: a step (a repair, another unit, another sensor) begins a new
series, and where the older days do not lie on the newest ones' line, they are left out.
"""

import math
from collections.abc import Sequence
from itertools import combinations, pairwise
from statistics import fmean, median
from typing import NamedTuple

from master_orchestrator.core.triage.memory import DayValue, middle

MIN_POINTS = 4
WINDOWS = (21, 14, 7)
"""Newest days to fall back to, where all of them do not lie on one line."""
Z_80 = 1.2816
"""Of a two-sided interval of 80 %."""
STEP_NOISES, STEP_SHARE = 6.0, 0.04
"""A step is larger than that many times the noise, and than that share of the value."""
RESOLUTION = 2.0**-11
"""Of the memory's floats, as a share of the value."""
MAX_ALIKE = 0.8
WEATHER_ALIKE = 0.75
"""How much of a day's weather is that of the day before."""
OFF_THE_LINE = 1.5
"""The newest days lie on the line if their median is no more noises away from it."""


class Trend(NamedTuple):
    """A line through the newest days.

    ``level``: its value now; ``per_day``: its slope; ``level_error``, ``per_day_error``: standard errors; ``noise``: of
    one day; ``last_off``: how far the newest day lies off the line; ``span``: days between the first and the newest.
    """

    points: int
    span: float
    level: float
    per_day: float
    level_error: float
    per_day_error: float
    noise: float
    last_off: float


class Crossing(NamedTuple):
    """Days until a limit is reached, with an interval of 80 %; ``high`` is infinite if it may never be."""

    days: float
    low: float
    high: float


def trend_of(points: Sequence[DayValue]) -> Trend | None:
    """The trend of a series, the oldest first; None: too few days since its last step."""
    series = _since_last_step(points)
    if len(series) < MIN_POINTS:
        return None
    noise = _noise(series)
    fits = [series, *(fit for days in WINDOWS if MIN_POINTS <= len(fit := _newest(series, days)) < len(series))]
    trends = [_line(fit, noise) for fit in fits]
    return next((trend for trend, off in trends if abs(off) <= OFF_THE_LINE * trend.noise), trends[-1][0])


def trend_beside(points: Sequence[DayValue], fellows: Sequence[DayValue], season_per_day: float) -> Trend | None:
    """The trend of a signal that the weather moves as it moves its fellows; None: too few days that both have.

    How it moves against them is seen early and sharply. What they do together goes on as far as it is a season, and
    not a week of frost: that depends on how long it has been seen, and on how fast a season can be.
    """
    common = dict(fellows)
    own = trend_of([(at, value - common[at]) for at, value in points if at in common])
    if own is None:
        return None
    mean_at, level, per_day, spread, moment = _weather(fellows)
    error = spread / math.sqrt(moment)
    usual = season_per_day / 2
    goes_on = usual**2 / (usual**2 + error**2) if usual else 0.0
    return own._replace(
        level=own.level + level - goes_on * per_day * mean_at,
        per_day=own.per_day + goes_on * per_day,
        level_error=math.hypot(own.level_error, spread / math.sqrt(len(fellows))),
        per_day_error=math.hypot(own.per_day_error, math.sqrt(goes_on) * error),
    )


def crossing(trend: Trend, limit: float) -> Crossing | None:
    """When the trend gets to a limit; None: it moves away from it, or not at all, or is beyond it."""
    sign = 1 if limit > trend.level else -1
    left, rate = sign * (limit - trend.level), sign * trend.per_day
    if left <= 0 or rate <= 0:
        return None
    slowest = rate - Z_80 * trend.per_day_error
    off = Z_80 * trend.level_error
    low = max(0.0, left - off) / (rate + Z_80 * trend.per_day_error)
    return Crossing(left / rate, low, (left + off) / slowest if slowest > 0 else math.inf)


def _newest(series: Sequence[DayValue], days: int) -> list[DayValue]:
    return [point for point in series if point[0] > series[-1][0] - days]


def _since_last_step(points: Sequence[DayValue]) -> Sequence[DayValue]:
    """The days since the value last jumped: two days before are on the old level, and two after on the new one."""
    if len(points) < MIN_POINTS:
        return points
    rate = median((b - a) / (t - s) for (s, a), (t, b) in pairwise(points))
    offs = [b - a - rate * (t - s) for (s, a), (t, b) in pairwise(points)]
    usual = 1.4826 * median(abs(off) for off in offs)
    for index in range(len(offs) - 2, -1, -1):
        jump = offs[index]
        least = max(STEP_NOISES * usual, STEP_SHARE * abs(points[index][1]))
        around = (jump, jump + offs[index + 1], jump + (offs[index - 1] if index else 0.0))
        if min(around) > least or max(around) < -least:
            return points[index + 1 :]
    return points


def _noise(series: Sequence[DayValue]) -> float:
    """Of one day: how far each lies off the line through its neighbours, which neither slope nor bend changes."""
    offs = [
        abs(b - a - (c - a) * (t - s) / (u - s))
        for (s, a), (t, b), (u, c) in zip(series, series[1:], series[2:], strict=False)
    ]
    return max(1.4826 * median(offs) / math.sqrt(1.5), RESOLUTION * abs(series[-1][1]))


def _line(series: Sequence[DayValue], noise: float) -> tuple[Trend, float]:
    """The line through these days, and how far the newest three lie off it."""
    per_day = median([(b - a) / (t - s) for (s, a), (t, b) in combinations(series, 2)])
    level = middle([value - per_day * at for at, value in series])
    offs = [value - level - per_day * at for at, value in series]
    spread = max(1.2533 * fmean(map(abs, offs)), RESOLUTION * abs(level) / 2)
    mean_at = fmean(at for at, _ in series)
    moment = sum((at - mean_at) ** 2 for at, _ in series)
    count = len(series)
    spread *= math.sqrt(_repeats(offs)) * (1 + 1 / (count - 2))
    per_day_error = spread / math.sqrt(moment)
    level_error = math.hypot(spread / math.sqrt(count), mean_at * per_day_error)
    trend = Trend(count, series[-1][0] - series[0][0], level, per_day, level_error, per_day_error, noise, offs[-1])
    return trend, median(offs[-3:])


def _weather(days: Sequence[DayValue]) -> tuple[float, float, float, float, float]:
    """The middle of the days and the level then; the slope; the noise of a day, as if each erred for itself; and the
    sum of squared distances from the middle.
    """
    mean_at = fmean(at for at, _ in days)
    per_day = median([(b - a) / (t - s) for (s, a), (t, b) in combinations(days, 2)])
    level = middle([value - per_day * (at - mean_at) for at, value in days])
    spread = 1.2533 * fmean(abs(value - level - per_day * (at - mean_at)) for at, value in days)
    spread *= math.sqrt((1 + WEATHER_ALIKE) / (1 - WEATHER_ALIKE))
    return mean_at, level, per_day, spread, sum((at - mean_at) ** 2 for at, _ in days)


def _repeats(offs: Sequence[float]) -> float:
    """How many days err alike, as one would count them: 1 if each errs for itself."""
    power = sum(off * off for off in offs)
    if not power:
        return 1.0
    alike = sum(a * b for a, b in pairwise(offs)) / power
    alike = min(MAX_ALIKE, max(0.0, alike + (1 + 3 * alike) / len(offs)))  # few days look less alike than they are
    return (1 + alike) / (1 - alike)
