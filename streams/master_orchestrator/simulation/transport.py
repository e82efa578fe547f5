"""What happens on the way to the broker: repeats, holes, stragglers and single wild samples."""

import random
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from heapq import heappop, heappush
from typing import NamedTuple

import msgspec

from master_orchestrator_schemas.messages import Telemetry

SPIKES: tuple[tuple[str, float], ...] = (
    ("coolant_temp_c", 215.0),
    ("battery_voltage_v", 0.0),
    ("oil_pressure_kpa", 0.0),
    ("engine_rpm", 16_383.75),
    ("tyre_fl_kpa", 0.0),
    ("gearbox_temp_c", 215.0),
)
"""Signal and the value of a garbled sample: mostly the ends of the J1979 ranges."""
SPIKES_APART_MS = 60_000


class Emission(NamedTuple):
    """A reading and when the gateway hands it on (milliseconds since 1970 UTC, simulated time)."""

    at_ms: int
    reading: Telemetry


@dataclass(frozen=True)
class Transport:
    """How bad the way is; shares are probabilities per reading.

    ``gap`` starts a hole of up to ``gap_up_to_s`` in which readings are lost; ``late`` holds one back for up to
    ``late_up_to_s``; ``spike`` garbles one signal of one sample.
    """

    duplicate: float = 0.01
    gap: float = 0.001
    gap_up_to_s: float = 12.0
    late: float = 0.005
    late_up_to_s: float = 20.0
    spike: float = 0.003


PERFECT = Transport(duplicate=0, gap=0, late=0, spike=0)
"""Every reading arrives, once, in order, as measured."""


def carried(readings: Iterable[Telemetry], rng: random.Random, transport: Transport) -> Iterator[Emission]:
    """The readings of one vehicle as they arrive, in order of arrival. ``readings`` are in order of ``ts_ms``."""
    held: list[tuple[int, int, Telemetry]] = []
    for number, reading in enumerate(_garbled(_with_holes(readings, rng, transport), rng, transport)):
        yield from _released(held, upto_ms=reading.ts_ms)
        delay_ms = rng.uniform(0, transport.late_up_to_s) * 1000 if rng.random() < transport.late else 0
        heappush(held, (reading.ts_ms + int(delay_ms), number, reading))
        if rng.random() < transport.duplicate:
            heappush(held, (reading.ts_ms + rng.randrange(3_000), -number - 1, reading))
    yield from _released(held, upto_ms=None)


def _released(held: list[tuple[int, int, Telemetry]], *, upto_ms: int | None) -> Iterator[Emission]:
    while held and (upto_ms is None or held[0][0] < upto_ms):
        at_ms, _, reading = heappop(held)
        yield Emission(at_ms, reading)


def _with_holes(readings: Iterable[Telemetry], rng: random.Random, transport: Transport) -> Iterator[Telemetry]:
    silent_until_ms: int | None = None
    for reading in readings:
        if silent_until_ms is None and rng.random() < transport.gap:
            silent_until_ms = reading.ts_ms + int(rng.uniform(1, transport.gap_up_to_s) * 1000)
        if silent_until_ms is None or reading.ts_ms >= silent_until_ms:
            silent_until_ms = None
            yield reading


def _garbled(readings: Iterable[Telemetry], rng: random.Random, transport: Transport) -> Iterator[Telemetry]:
    calm_until_ms = 0
    for reading in readings:
        if reading.ts_ms >= calm_until_ms and rng.random() < transport.spike:
            calm_until_ms = reading.ts_ms + SPIKES_APART_MS
            signal, value = rng.choice(SPIKES)
            yield msgspec.structs.replace(reading, **{signal: value})
        else:
            yield reading
