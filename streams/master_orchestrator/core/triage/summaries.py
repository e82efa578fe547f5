"""What is remembered of each numeric signal: newest value, recent range and trend, and the vehicle's own past.

All decay with the vehicle's time, so nothing is kept but seven numbers per signal. They are packed as 32-bit floats:
half the size of the state's other numbers, and untouched bytes for readings that are not taken in.
"""

from collections.abc import Set
from functools import cache
from operator import attrgetter
from struct import Struct

from master_orchestrator.core.triage.ranges import Range
from master_orchestrator.core.triage.rules import RuleSet
from master_orchestrator.core.triage.trackers import SLOTS, Summary, Trackers
from master_orchestrator_schemas.facts import SignalSummary
from master_orchestrator_schemas.messages import Telemetry

RECENT_MS = 600_000.0
"""Time constant of the trend and of the recent range."""
OWN_PAST_MS = 72_000_000.0
"""Time constant of mean and spread: twenty hours of readings."""
ENOUGH = 1e6
"""Samples are counted up to here."""
MS_PER_H = 3_600_000.0

SummaryRow = tuple[float, ...]
Values = tuple[float | None, ...]

_read = attrgetter(*SLOTS)
_ROW = Struct("<7f")
"""Newest, lowest, highest, recent mean, mean, spread, samples."""
MEAN, SAMPLES = 4, 6
_EMPTY = _ROW.pack(*(0.0,) * 7)


def absorb(rules: RuleSet, summary: Summary, reading: Telemetry, suspect: Set[int] = frozenset()) -> Summary:
    """The summary with one more reading in it. Signals of which it has no value that counts stay as they are.

    ``suspect``: slots of the signals for which a rule holds: what may be a fault is not part of the vehicle's own past.
    A reading without any such value does not take the place of the next one.
    """
    values = _counted(rules, summary, _read(reading))
    if values.count(None) == len(values):
        return summary
    summary, sample = _with_room_for(summary, values)
    elapsed_ms = (reading.ts_ms - summary.at_ms) or rules.summary_every_ms  # of the same time: another signal's message
    recent = elapsed_ms / (RECENT_MS + elapsed_ms)
    awake_ms = min(elapsed_ms, rules.max_gap_ms)  # silence teaches nothing about the vehicle's past
    slow = awake_ms / (OWN_PAST_MS + awake_ms)
    try:
        figures = _moved(sample, summary.rows, recent, slow)
        if suspect:
            _keep_past(figures, summary, suspect)
        rows = _packing(len(sample)).pack(*figures)
    except OverflowError:  # a value beyond 32-bit floats is not a measurement
        rows = summary.rows
    return Summary(reading.ts_ms, summary.slots, rows)


def _counted(rules: RuleSet, summary: Summary, values: Values) -> Values:
    """The values, without those that do not count. All but a few readings have none of these."""
    if not rules.all_count(*values):
        return values
    return tuple(
        None if value is None or not _counts(one, summary, signal, value) else value
        for signal, value, one in zip(SLOTS, values, rules.summarised, strict=True)
    )


def _counts(one: Range, summary: Summary, signal: str, value: float) -> bool:
    return one.holds(value) and (value != one.asleep or has_shown_other(summary, signal, value))


def has_shown_other(summary: Summary, signal: str, value: float | None) -> bool:
    """Whether the vehicle has sent another value of this signal before."""
    place = summary.slots.find(SLOTS.index(signal)) if signal in SLOTS else -1
    if place < 0:
        return False
    figures = _ROW.unpack_from(summary.rows, place * _ROW.size)
    return any(figure != value for figure in figures[1:5])


def _with_room_for(summary: Summary, values: Values) -> tuple[Summary, list[float | None]]:
    """The summary with empty rows for signals that are new, and the values in the order of its slots."""
    slots, rows = summary.slots, summary.rows
    sample = [values[slot] for slot in slots]
    if len(sample) - sample.count(None) == len(values) - values.count(None):
        return summary, sample
    new = bytes(slot for slot, value in enumerate(values) if value is not None and slot not in slots)
    return Summary(summary.at_ms, slots + new, rows + _EMPTY * len(new)), sample + [values[slot] for slot in new]


def _moved(sample: list[float | None], rows: bytes, recent: float, slow: float) -> list[float]:
    """All figures after these values. The range closes in on the recent mean; young means are plain averages.

    Inlined and without calls: this is the hottest path of a reading that fires nothing.
    """
    figures: list[float] = []
    young = min(1 / slow, ENOUGH)
    for value, row in zip(sample, _ROW.iter_unpack(rows), strict=True):
        if value is None:
            figures += row
            continue
        _, low, high, near, mean, spread, count = row
        if not count:
            figures += (value, value, value, value, value, 0.0, 1.0)
            continue
        low += recent * (near - low)
        high += recent * (near - high)
        weight = 1 / (count + 1) if count < young else slow
        off = value - mean
        figures += (
            value,
            value if value < low else low,  # noqa: FURB136 (min is a call, three times as dear)
            value if value > high else high,  # noqa: FURB136
            near + recent * (value - near),
            mean + weight * off,
            spread + weight * ((off if off > 0 else -off) - spread),
            count + 1 if count < ENOUGH else count,
        )
    return figures


def _keep_past(figures: list[float], summary: Summary, suspect: Set[int]) -> None:
    """Put mean, spread and samples of these slots back to what they were, if they were anything."""
    for place, (slot, row) in enumerate(zip(summary.slots, _ROW.iter_unpack(summary.rows), strict=True)):
        if slot in suspect and row[SAMPLES]:
            figures[len(row) * place + MEAN : len(row) * (place + 1)] = row[MEAN:]


@cache
def _packing(signals: int) -> Struct:
    return Struct(f"<{7 * signals}f")


def summaries(trackers: Trackers) -> tuple[SignalSummary, ...]:
    """The summaries of all signals that this vehicle has sent, in the order in which they first came."""
    summary = trackers.summary
    rows = _ROW.iter_unpack(summary.rows)
    return tuple(_summary(SLOTS[slot], row) for slot, row in zip(summary.slots, rows, strict=True) if slot < len(SLOTS))


def _summary(signal: str, row: SummaryRow) -> SignalSummary:
    last, low, high, near, mean, spread, count = (float(f"{figure:.6g}") for figure in row)
    return SignalSummary(
        signal=signal,
        last=last,
        minimum=low,
        maximum=high,
        mean=mean,
        spread=spread,
        slope_per_h=float(f"{(last - near) / RECENT_MS * MS_PER_H:.6g}"),
        samples=int(count),
    )
