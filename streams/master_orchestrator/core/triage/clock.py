"""The vehicle's clock: which readings are in time, and when a clock that has jumped is believed.

A reading's time is the vehicle's. One reading proves nothing about a clock either: a jump, ahead or back, is believed
when further readings bear it out. Until then they are dropped for their time, and the vehicle says so.

- Ahead of the broker's clock, and of the vehicle's own so far: believed with the second reading in a row.
- Back, where the clock so far was ahead of the broker's: believed with the second.
- Back by half a year or more (GPS week rollover, a reset): believed with the tenth in a row.
- Back by less: believed when readings have kept pace with the broker's clock for five minutes. A backlog that is
  uploaded late comes faster than that, and stays late.
"""

from typing import NamedTuple

import msgspec
from msgspec.structs import replace

from master_orchestrator.core.triage.memory import moved as moved_memory
from master_orchestrator.core.triage.memory import packed, unpacked
from master_orchestrator.core.triage.trackers import NEVER, Trackers

TOLERANCE_MS = 60_000
"""Clocks and networks differ by so much."""
JUMP_MS = 120_000
"""A step of the vehicle's clock by less is a pause between readings, or readings out of order."""
HALF_A_YEAR_MS = 180 * 86_400_000
FAR_BACK_READINGS, AHEAD_READINGS, PACE_READINGS = 10, 2, 5
PACE_MS = 300_000
PACE_OFF = 0.2
HOUR_MS = 3_600_000


class Clock(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """A run of readings that are out of time, and how many were dropped.

    ``first_ms``, ``first_at_ms``: of the run's first reading, by the vehicle's and the broker's clock; ``last_ms``: of
    its last; ``dropped``: since the last letter, which was written in ``letter_hour`` (hours since 1970, broker's).
    ``lead_ms``: how far ahead of the broker's clock the vehicle's is believed to be.
    """

    first_ms: int = NEVER
    first_at_ms: int = NEVER
    last_ms: int = NEVER
    readings: int = 0
    dropped: int = 0
    letter_hour: int = NEVER
    lead_ms: int = 0


NO_CLOCK = Clock()


class Timing(NamedTuple):
    """``trackers`` as the reading is to be judged against; ``in_time``: whether it is to be taken in.

    ``letter``: what the dead letter says of readings that were dropped for their time, once an hour at most.
    """

    trackers: Trackers
    clock: Clock | None
    in_time: bool = True
    letter: str | None = None


def is_plain(trackers: Trackers, clock: Clock | None, ts_ms: int, at_ms: int) -> bool:
    """Whether nothing is odd about the time, as for all but a few readings."""
    return clock is None and NEVER < trackers.ts_ms <= ts_ms <= at_ms + TOLERANCE_MS


def judge_time(trackers: Trackers, clock: Clock | None, ts_ms: int, at_ms: int) -> Timing:
    """Whether a reading of the time ``ts_ms``, which the broker took at ``at_ms``, is in time. Pure."""
    newest, before = trackers.ts_ms, clock or NO_CLOCK
    if newest == NEVER or newest <= ts_ms <= max(at_ms + before.lead_ms + TOLERANCE_MS, newest + JUMP_MS):
        lead_ms = before.lead_ms if newest != NEVER else ts_ms - at_ms
        return Timing(trackers, _run_over(before, lead_ms if ts_ms > at_ms + TOLERANCE_MS else 0))
    if newest - TOLERANCE_MS <= ts_ms < newest:
        return Timing(trackers, clock, in_time=False)
    run = _run(before, newest, ts_ms, at_ms)
    if _believed(run, newest, ts_ms, at_ms):
        moved = shifted(trackers, run.first_ms - 1 - newest) if ts_ms < newest else trackers
        return Timing(moved, _run_over(run, max(0, ts_ms - at_ms)))
    if run.letter_hour == at_ms // HOUR_MS:
        return Timing(trackers, run, in_time=False)
    told = replace(run, dropped=0, letter_hour=at_ms // HOUR_MS)
    return Timing(trackers, told, in_time=False, letter=_letter(run, newest, ts_ms))


def _run_over(clock: Clock, lead_ms: int) -> Clock | None:
    """What is kept of a clock whose readings are in time; None: nothing."""
    kept = Clock(dropped=clock.dropped, letter_hour=clock.letter_hour, lead_ms=lead_ms)
    return None if kept == NO_CLOCK else kept


def _run(clock: Clock, newest: int, ts_ms: int, at_ms: int) -> Clock:
    """The run with this reading; a new one if it is not after the run's last, or on the other side of the clock."""
    dropped = clock.dropped + 1
    if clock.readings and ts_ms > clock.last_ms and (ts_ms > newest) == (clock.last_ms > newest):
        return replace(clock, last_ms=ts_ms, readings=clock.readings + 1, dropped=dropped)
    return replace(clock, first_ms=ts_ms, first_at_ms=at_ms, last_ms=ts_ms, readings=1, dropped=dropped)


def _believed(run: Clock, newest: int, ts_ms: int, at_ms: int) -> bool:
    if ts_ms > newest or newest > at_ms + TOLERANCE_MS >= ts_ms:
        return run.readings >= AHEAD_READINGS
    if newest - ts_ms >= HALF_A_YEAR_MS:
        return run.readings >= FAR_BACK_READINGS
    took_ms = at_ms - run.first_at_ms
    off_ms = abs(ts_ms - run.first_ms - took_ms)
    return run.readings >= PACE_READINGS and took_ms >= PACE_MS and off_ms <= PACE_OFF * took_ms


def _letter(run: Clock, newest: int, ts_ms: int) -> str:
    side, off_s = ("ahead of", ts_ms - newest) if ts_ms > newest else ("behind", newest - ts_ms)
    return (
        f"ts_ms {ts_ms} is {off_s // 1000} s {side} the newest reading's, {newest}; {run.dropped} readings were "
        "dropped for their time since the last such letter: check the vehicle's clock, or send readings in their order"
    )


def shifted(trackers: Trackers, by_ms: int) -> Trackers:
    """The trackers with all their times moved: durations stay, so that a corrected clock ends nothing that lasts."""

    def moved(at_ms: int) -> int:
        return at_ms if at_ms == NEVER else at_ms + by_ms

    engine, tyres = trackers.engine, trackers.tyres
    times = ("since_ms", "seen_ms", "other_ms", "coolant_ms", "dip_ms", "peak_ms", "rpm_ms", "load_ms", "speed_ms")
    holds = trackers.holds.items()
    return replace(
        trackers,
        ts_ms=moved(trackers.ts_ms),
        engine=replace(engine, **{name: moved(getattr(engine, name)) for name in times}),
        tyres=tyres and replace(tyres, heat_ms=tyres.heat_ms + by_ms, anchor_ms=tyres.anchor_ms + by_ms),
        holds={key: replace(hold, since_ms=hold.since_ms and hold.since_ms + by_ms) for key, hold in holds},
        codes={name: replace(code, at_ms=code.at_ms + by_ms) for name, code in trackers.codes.items()},
        summary=replace(trackers.summary, at_ms=moved(trackers.summary.at_ms)),
        present=0,
        memory=packed(moved_memory(unpacked(trackers.memory), by_ms)),
        due_ms=moved(trackers.due_ms),
    )
