"""How the system grows: with the number of vehicles, and of engines."""

import random
import shutil
import time
from collections.abc import Callable
from itertools import cycle
from typing import Any

from bench_suite.gateway import HEALTHY, START_MS, TelemetrySender
from bench_suite.system import BenchSystem, await_that, system

FLEETS = (1_000, 100_000, 1_000_000)
ENGINES = (1, 2, 4)
PATIENCE_S = 600.0
VARIANTS = 997
"""Distinct readings in a row, beyond the reach of the compression: equal ones take a tenth of the space."""


def restore(vehicles: int = 100_000) -> dict[str, float]:
    """A new engine with an empty disk restores the table of N vehicles; and its memory with all of them."""
    with system() as own:
        engine = own.engine()
        _fill(own, vehicles, lambda number: number)
        await_that(lambda: own.lag() == 0, PATIENCE_S)
        rss = engine.rss_mb()
        own.stop(engine)
        table = own.folder / "engine"
        disk = sum(file.stat().st_size for file in table.rglob("*") if file.is_file())
        shutil.rmtree(table)
        restored = own.engine()
        records = restored.metric("master_orchestrator_restore_records_total")
        seconds = restored.metric("master_orchestrator_restore_seconds_sum")
        return {
            "records": records,
            "restore_s": seconds,
            "records_per_s": records / seconds,
            "table_bytes_per_vehicle": disk / vehicles,
            "engine_rss_mb_with_all_vehicles": rss,
            "engine_rss_mb_after_restore": restored.rss_mb(),
        }


def fleet() -> dict[str, float]:
    """The same from a thousand to a million vehicles: table, memory, restore."""
    return {f"{figure}_{vehicles}": value for vehicles in FLEETS for figure, value in restore(vehicles).items()}


def scale(count: int = 300_000, vehicles: int = 10_000) -> dict[str, float]:
    """Readings per second that open nothing, with 1, 2 and 4 engines that share the cores with the broker; their cost.

    The changelog has each vehicle once per batch, and a batch hardly meets one twice here, as with a large fleet.
    """
    return {
        f"{figure}_{engines}": value
        for engines in ENGINES
        for figure, value in _drained(engines, count, vehicles).items()
    }


def _drained(engines: int, count: int, vehicles: int) -> dict[str, float]:
    with system() as own:
        _fill(own, count, lambda number: number % vehicles, lambda number: number // vehicles)
        for number in range(engines):
            own.start_engine(f"bench-{number}")
        await_that(lambda: own.owned() == own.topology.partitions and all(e.owned() for e in own.engines.values()))
        started, left, engines_s, broker_s = time.monotonic(), own.lag(), own.engines_cpu_s(), own.broker_cpu_s()
        await_that(lambda: own.lag() == 0, PATIENCE_S)
        return {
            "readings_per_s": left / (time.monotonic() - started),
            "engines_cpu_us_per_reading": 1e6 * (own.engines_cpu_s() - engines_s) / left,
            "broker_cpu_us_per_reading": 1e6 * (own.broker_cpu_s() - broker_s) / left,
            "input_bytes_per_reading": own.log_bytes(own.topology.topic_of("Telemetry")) / count,
            "changelog_bytes_per_reading": own.log_bytes(own.topology.changelog_topic) / count,
        }


def _fill(
    own: BenchSystem, count: int, vehicle_of: Callable[[int], int], second_of: Callable[[int], int] = lambda _: 0
) -> None:
    gateway = TelemetrySender(own)
    for number, reading in zip(range(count), cycle(_varied(VARIANTS)), strict=False):
        gateway.send(vehicle_of(number), ts_ms=START_MS + second_of(number) * 1_000, **reading)
    gateway.flush()


def _varied(count: int) -> list[dict[str, Any]]:
    """Healthy readings that differ by up to a hundredth, the odometer's aside; the same at each call."""
    dice = random.Random(1)
    noisy = {signal: value for signal, value in HEALTHY.items() if signal != "odometer_m"}
    return [
        {**HEALTHY, **{signal: round(dice.uniform(0.99, 1.01) * value, 2) for signal, value in noisy.items()}}
        for _ in range(count)
    ]
