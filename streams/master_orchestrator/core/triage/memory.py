"""A vehicle's long memory: one value per signal and day, for a few weeks, from which trends are told.

Values are comparable from day to day only under the same conditions (coolant while warm, voltage while charging), the
gates of ``trends:``. Each signal is looked at once per ``LOOK_MS`` at most. Of what the gate lets through, a day keeps
a few values that stand for all of them (a reservoir: each has the same chance to stay; chance is drawn from the
reading's time, so that a replay draws the same), and at the day's end the mean of their middle half.

All is packed, as in ``summaries.py``: 16-bit floats tell a coolant temperature to 0.06 degrees, a voltage to 8 mV.
"""

import math
from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise
from statistics import fmean, median
from struct import Struct

import msgspec
from msgspec.structs import replace

from master_orchestrator.core.triage.trackers import NEVER, Memory

DAY_MS, HOUR_MS = 86_400_000, 3_600_000
LOOK_MS = 300_000
"""How often a signal is looked at."""
KEPT_A_DAY = 15
MAX_ROWS = 21
NEIGHBOURS_H = 36
MAX_AGE_H = 35 * 24
"""What is older is not part of a trend: after a long stop, another begins."""
MAX_COUNT = 65_535
LARGEST = 65_504.0
"""Of 16-bit floats."""

Key = int | str
MemoryRow = tuple[int, tuple[float, ...]]
"""Hours since 1970, and a value per signal: of a day, or of two where there would be too many rows."""

DayValue = tuple[float, float]
"""Days before now (negative), and a value."""

_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(Memory).decode
_TODAY = Struct(f"<H{KEPT_A_DAY}e")
_KEPT = Struct("<e")
_TIME = Struct("<I")


def unpacked(packed: bytes) -> Memory:
    """The memory that the trackers hold as bytes."""
    return _decode(packed) if packed else Memory()


def packed(memory: Memory) -> bytes:
    """The inverse of :func:`unpacked`."""
    return _encode(memory)


def day_over(memory: Memory, ts_ms: int) -> bool:
    """Whether a reading of this time is the first of another day than what is gathered."""
    return memory.from_ms != NEVER and ts_ms // DAY_MS != memory.from_ms // DAY_MS


def closed(memory: Memory, ts_ms: int, keys: Iterable[Key]) -> Memory:
    """The memory with the day's values added, at the time of ``ts_ms``. Of other ``keys`` than these it forgets."""
    wanted = tuple(keys)
    kept = [place for place, key in enumerate(memory.keys) if key in wanted]
    today = tuple(_of_day(row) for row in _TODAY.iter_unpack(memory.today))
    rows = [*_rows(memory), (_middle_h(memory), today)]
    rows = [(at_h, tuple(row[place] for place in kept)) for at_h, row in rows if ts_ms // HOUR_MS - at_h <= MAX_AGE_H]
    rows = _fitting([row for row in rows if not all(map(math.isnan, row[1]))])
    packing = _packing(len(kept))
    return Memory(
        keys=tuple(memory.keys[place] for place in kept),
        today=bytes(_TODAY.size * len(kept)),
        times=b"".join(_TIME.pack(at_h) for at_h, _ in rows),
        days=b"".join(packing.pack(*row) for _, row in rows),
    )


def _fitting(rows: list[MemoryRow]) -> list[MemoryRow]:
    """As many rows as there is room for: of the oldest two that are of neighbouring days becomes one."""
    while len(rows) > MAX_ROWS:
        near = (index for index, ((at_h, _), (next_h, _)) in enumerate(pairwise(rows)) if next_h - at_h <= NEIGHBOURS_H)
        index = next(near, None)
        if index is None:
            return rows[-MAX_ROWS:]
        (at_h, row), (next_h, other) = rows[index : index + 2]
        both = tuple(
            b if math.isnan(a) else a if math.isnan(b) else (a + b) / 2 for a, b in zip(row, other, strict=True)
        )
        rows = [*rows[:index], ((at_h + next_h) // 2, both), *rows[index + 2 :]]
    return rows


def without_today(memory: Memory, keys: Iterable[Key]) -> Memory:
    """The memory as if these signals had not been seen in the day that is gathered."""
    today = bytearray(memory.today)
    for key in set(memory.keys).intersection(keys):
        start = memory.keys.index(key) * _TODAY.size
        today[start : start + _TODAY.size] = bytes(_TODAY.size)
    return replace(memory, today=bytes(today))


def gathered(memory: Memory, ts_ms: int, values: Iterable[tuple[Key, float]]) -> Memory:
    """The memory with these values of one reading taken into the day."""
    keys, days, today = memory.keys, memory.days, bytearray(memory.today)
    for key, value in values:
        if not -LARGEST <= value <= LARGEST:
            continue
        if key not in keys:
            days = _widened(days, len(keys))
            keys = (*keys, key)
            today += bytes(_TODAY.size)
        _take(today, keys.index(key) * _TODAY.size, ts_ms, value)
    from_ms = ts_ms if memory.from_ms == NEVER else memory.from_ms
    return replace(memory, from_ms=from_ms, at_ms=ts_ms, keys=keys, days=days, today=bytes(today))


def points(memory: Memory, key: Key, now_ms: int) -> list[DayValue]:
    """What is remembered of a signal, the oldest first, one value per time; the last one of the day that is not over.

    A clock that is set far back brings days to the same hour.
    """
    if key not in memory.keys:
        return []
    place = memory.keys.index(key)
    samples = {at_h: row[place] for at_h, row in _rows(memory) if not math.isnan(row[place])}
    if not math.isnan(value := _of_day(_TODAY.unpack_from(memory.today, place * _TODAY.size))):
        samples[_middle_h(memory)] = value
    now_h = now_ms / HOUR_MS
    return [((at_h - now_h) / 24, value) for at_h, value in samples.items() if now_h - at_h <= MAX_AGE_H]


def points_of_fellows(memory: Memory, fellows: Iterable[Key], now_ms: int) -> list[DayValue]:
    """What moves most of these signals alike: the median of each day that at least two of them have."""
    days: dict[float, list[float]] = {}
    for fellow in fellows:
        for at, value in points(memory, fellow, now_ms):
            days.setdefault(at, []).append(value)
    return [(at, median(values)) for at, values in days.items() if len(values) > 1]


def count_today(memory: Memory, key: Key) -> int:
    """How many values of a signal the day has had that is gathered."""
    if key not in memory.keys:
        return 0
    return int(_TODAY.unpack_from(memory.today, memory.keys.index(key) * _TODAY.size)[0])


def moved(memory: Memory, by_ms: int) -> Memory:
    """The memory with all its times moved, for a vehicle's clock that was corrected."""
    by_h = round(by_ms / HOUR_MS)
    times = [max(0, at_h + by_h) for (at_h,) in _TIME.iter_unpack(memory.times)]
    at = {name: at if (at := getattr(memory, name)) == NEVER else at + by_ms for name in ("from_ms", "at_ms")}
    return replace(memory, **at, times=b"".join(map(_TIME.pack, times)))


def middle(values: Sequence[float]) -> float:
    """The mean of the middle half: a wild value does not move it, and it is nearer the truth than the median."""
    cut = (len(values) + 1) // 4
    return fmean(sorted(values)[cut : len(values) - cut])


def _take(today: bytearray, offset: int, ts_ms: int, value: float) -> None:
    count = int.from_bytes(today[offset : offset + 2], "little")
    place = count if count < KEPT_A_DAY else (ts_ms // 1000 * 2_654_435_761 >> 7) % (count + 1)
    if place < KEPT_A_DAY:
        _KEPT.pack_into(today, offset + 2 + 2 * place, value)
    if count < MAX_COUNT:
        today[offset : offset + 2] = (count + 1).to_bytes(2, "little")


def _of_day(row: tuple[float, ...]) -> float:
    """What a day's values so far come to; not a number if there is none."""
    count = min(int(row[0]), KEPT_A_DAY)
    return middle(row[1 : 1 + count]) if count else math.nan


def _middle_h(memory: Memory) -> int:
    """The time that a day's value stands for, hours since 1970."""
    return max(0, round((memory.from_ms + memory.at_ms) / 2 / HOUR_MS))


def _rows(memory: Memory) -> Iterator[MemoryRow]:
    """What is over, the oldest first."""
    if not memory.keys:
        return iter(())
    rows = _packing(len(memory.keys)).iter_unpack(memory.days)
    return ((at_h, row) for (at_h,), row in zip(_TIME.iter_unpack(memory.times), rows, strict=True))


def _widened(days: bytes, width: int) -> bytes:
    """The days with room for one more signal."""
    nothing = _KEPT.pack(math.nan)
    size = width * _KEPT.size
    return b"".join(days[start : start + size] + nothing for start in range(0, len(days), size)) if size else days


def _packing(signals: int) -> Struct:
    return Struct(f"<{signals}e")
