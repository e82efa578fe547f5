"""How much a vehicle is used, learnt from a meter that may not be trusted: its odometer, or its engine's hours.

A reading counts once the next one confirms it. So one odd reading changes nothing; where the meter goes on from an odd
one, it has jumped, was rolled back or changed its unit. What was used meanwhile is then what the vehicle uses on
average, or, after a change of unit, what the meter says in the new one. Use is counted from the first reading on, in
``total``, so that the meter's own figures never matter again.

A meter that stands still while the vehicle is in use is stuck, and one that is not sent is missing: until it goes on,
the vehicle is taken to use what it did before.
"""

from typing import NamedTuple

import msgspec
from msgspec.structs import replace

MINUTE_MS = 60_000
DAY_MIN = 24 * 60
LEARNT_AFTER_MIN = 3 * DAY_MIN
"""From then on the use per day is known well enough to foretell by."""
SPAN_MIN = 30 * DAY_MIN
"""What is longer ago than this counts less and less."""
STUCK_AFTER = 3
"""Looks at a vehicle in use without the meter going on."""
STANDING = 0.05
UNITS = (1.0, 1.609344, 1 / 1.609344, 1000.0, 0.001)
"""By what a reading is multiplied to be in the unit of the first: the same, miles, kilometres after miles, and a
thousandth or thousandfold of it."""
REMARKS = (None, "spike", "jumped", "rolled_back", "unit_changed", "stuck")


class Gauge(NamedTuple):
    """What a kind of meter can do: ``noise`` is how far it may fall back, ``slack`` and the rates how far it may go on.

    In its unit (km, h), per hour and per day.
    """

    noise: float
    slack: float
    per_hour: float
    per_day: float


ODOMETER = Gauge(noise=2.0, slack=5.0, per_hour=250.0, per_day=1_500.0)
"""Two drivers in turns make 1,500 km a day."""
ENGINE_HOURS = Gauge(noise=0.2, slack=0.5, per_hour=1.05, per_day=24.5)


class UsageMeter(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """What is known of one meter. Times are minutes since 1970 by the vehicle's clock; amounts in the first unit.

    Args:
        at_min: of the newest confirmed reading, ``value``.
        first: the first reading.
        total: what has been used since the first reading.
        per_day: learnt over ``learnt_min`` minutes, 30 days at most.
        newest_min, newest: the newest reading as it came, which the next one may confirm.
        unit: its place in ``UNITS``.
        idle: looks in use without going on.
        unread_min: for how long it could not be read, before the use per day was known; counted once it is.
        remark: what was odd last, its place in ``REMARKS``; ``remark_min``: when.
    """

    at_min: int
    value: float
    first: float
    newest_min: int
    newest: float
    total: float = 0.0
    per_day: float = 0.0
    learnt_min: int = 0
    unit: int = 0
    idle: int = 0
    unread_min: int = 0
    remark: int = 0
    remark_min: int = 0

    @property
    def is_learnt(self) -> bool:
        """Whether the use per day is known."""
        return self.learnt_min >= LEARNT_AFTER_MIN

    @property
    def is_stuck(self) -> bool:
        """Whether it stands still while the vehicle is in use."""
        return self.idle >= STUCK_AFTER

    def usual(self, minutes: int) -> float:
        """What the vehicle uses in that time, as far as is known."""
        return self.per_day * minutes / DAY_MIN if self.is_learnt else 0.0


def read_on(meter: UsageMeter | None, gauge: Gauge, at_min: int, reading: float, *, in_use: bool) -> UsageMeter:
    """The meter after a reading; ``in_use``: the vehicle moves, or its engine runs."""
    if meter is None:
        return UsageMeter(at_min, reading, reading, at_min, reading)
    if at_min <= meter.newest_min:  # of the same minute; or the vehicle's clock was put back
        return meter if at_min == meter.newest_min else replace(meter, at_min=at_min, newest_min=at_min)
    at = _Point(meter.at_min, meter.value)
    before = _Point(meter.newest_min, meter.newest * UNITS[meter.unit])
    now = _Point(at_min, reading * UNITS[meter.unit])
    after = replace(meter, newest_min=at_min, newest=reading)
    plausible = _follows(gauge, meter, at, before)
    if plausible and _follows(gauge, meter, before, now):
        idle = meter.idle + (in_use and now.value <= meter.value + STANDING)
        return _confirmed(meter, after, before, idle)
    if _follows(gauge, meter, at, now):
        return _remarked(after, "spike")
    if not plausible:
        unit = _unit_of_newest(gauge, meter)
        before = _Point(meter.newest_min, meter.newest * UNITS[unit])
        if _follows(gauge, meter, before, _Point(at_min, reading * UNITS[unit])):
            return _went_on(meter, after, before, unit)
    return after


def expected_total(meter: UsageMeter, gauge: Gauge, at_min: int) -> float:
    """What has been used by then: what the meter said last, and what the vehicle usually uses since."""
    newest = _Point(meter.newest_min, meter.newest * UNITS[meter.unit])
    if not meter.is_stuck and _follows(gauge, meter, _Point(meter.at_min, meter.value), newest):
        usual = meter.usual(newest.at_min - meter.at_min)
        gone = min(max(0.0, newest.value - meter.value), usual)  # more than usual has to be confirmed
        return meter.total + gone + meter.usual(max(0, at_min - newest.at_min))
    return meter.total + meter.usual(max(0, at_min - meter.at_min))


class _Point(NamedTuple):
    at_min: int
    value: float


def _follows(gauge: Gauge, meter: UsageMeter, earlier: _Point, later: _Point) -> bool:
    """Whether the meter can have gone from the one to the other."""
    hours = (later.at_min - earlier.at_min) / 60
    most = min(gauge.per_hour * hours, gauge.per_day * (1 + hours / 24))
    if meter.is_learnt:
        most = min(most, gauge.per_day + 3 * meter.usual(later.at_min - earlier.at_min))
    return -gauge.noise <= later.value - earlier.value <= most + gauge.slack


def _confirmed(meter: UsageMeter, after: UsageMeter, before: _Point, idle: int) -> UsageMeter:
    gone, minutes = before.value - meter.value, before.at_min - meter.at_min
    if gone > STANDING:
        used = max(gone, meter.usual(minutes)) if meter.is_stuck else gone
        moved = replace(after, at_min=before.at_min, value=before.value, total=meter.total + used, idle=0)
        return moved if meter.is_stuck else _learnt(moved, gone, minutes)
    if idle:  # in use, or stuck: what it uses shows when the meter goes on
        waiting = replace(after, idle=min(idle, STUCK_AFTER))
        return _remarked(waiting, "stuck") if waiting.is_stuck and not meter.is_stuck else waiting
    return _learnt(replace(after, at_min=before.at_min), 0.0, minutes)


def _unit_of_newest(gauge: Gauge, meter: UsageMeter) -> int:
    """The unit in which the newest reading goes on from the confirmed one; the present one, if none fits."""
    usual = meter.usual(meter.newest_min - meter.at_min)
    near = gauge.slack + 0.005 * meter.value + 3 * usual
    if near > meter.value / 10:
        return meter.unit
    fits = (abs(meter.newest * factor - meter.value - usual) <= near for factor in UNITS)
    return next((unit for unit, fit in enumerate(fits) if fit), meter.unit)


def _went_on(meter: UsageMeter, after: UsageMeter, before: _Point, unit: int) -> UsageMeter:
    """The meter goes on from an odd reading."""
    gone, usual = before.value - meter.value, meter.usual(before.at_min - meter.at_min)
    moved = replace(after, at_min=before.at_min, value=before.value, unit=unit, idle=0)
    if unit != meter.unit:
        return _remarked(replace(moved, total=meter.total + max(gone, 0.0)), "unit_changed")
    moved = replace(moved, total=meter.total + usual)
    if not meter.is_learnt:
        moved = replace(moved, unread_min=meter.unread_min + before.at_min - meter.at_min)
    return _remarked(moved, "jumped" if gone > 0 else "rolled_back")


def _learnt(meter: UsageMeter, used: float, minutes: int) -> UsageMeter:
    """The use per day: the mean of the first 30 days, and from then on one in which they fade."""
    if minutes <= 0:
        return meter
    span = min(meter.learnt_min, SPAN_MIN)
    per_day = (meter.per_day * span + used * DAY_MIN) / (span + minutes)
    learnt = replace(meter, per_day=per_day, learnt_min=min(span + minutes, SPAN_MIN))
    if learnt.unread_min and learnt.is_learnt:
        return replace(learnt, total=learnt.total + learnt.usual(learnt.unread_min), unread_min=0)
    return learnt


def _remarked(meter: UsageMeter, remark: str) -> UsageMeter:
    return replace(meter, remark=REMARKS.index(remark), remark_min=meter.newest_min)
