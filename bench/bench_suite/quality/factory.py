"""Production and claims with known faults, drawn from a seed: everything that the analysis may not rely on varies."""

import csv
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

import numpy as np
from numpy.random import Generator, default_rng
from numpy.typing import NDArray

from master_orchestrator_agents.quality.records import Batch, LotKey, WarrantyClaim

PARTS = ("water_pump", "alternator", "battery", "brake_caliper", "injector", "turbocharger", "thermostat", "gearbox")
BAD_LOTS = 4
STEP_LOTS = 7
MIN_BAD_EXPECTED = 4.0
MIN_STEP_EXPECTED = 5.0
"""Claims that a lot would have without its fault: with fewer nothing could be seen."""
MEAN_OF = 4_000
"""Units that a lot's mean claims are computed from."""
Days = NDArray[np.int64]


@dataclass
class Production:
    """Batches, claims, the data's last day, and what was put in: bad lots, the step's lots and its first month."""

    batches: list[Batch]
    claims: list[WarrantyClaim]
    until: int
    bad: set[LotKey] = field(default_factory=set)
    step: list[LotKey] = field(default_factory=list)
    step_day: int = 0


@dataclass(frozen=True)
class _Times:
    """How long it takes until vehicles are sold and claims reported, and how much the season matters."""

    sale_shape: float
    sale_days: float
    report_days: int
    amplitude: float
    peak: int
    until: int


def make(seed: int, *, units: float = 1.0, faults: bool = True) -> Production:
    """A set of claims; ``units`` scales the lots' sizes. Without ``faults`` nothing stands out."""
    rng = default_rng(seed)
    until = date(2025, int(rng.integers(1, 13)), int(rng.integers(1, 29))).toordinal()
    times = _Times(
        rng.uniform(1.0, 4.0),
        rng.uniform(20, 120),
        int(rng.integers(0, 91)),
        rng.uniform(0, 0.5),
        int(rng.integers(12)),
        until,
    )
    production = Production([], [], until)
    rates: dict[LotKey, float] = {}
    shapes = {part: rng.uniform(0.6, 2.5) for part in PARTS[: rng.integers(3, len(PARTS) + 1)]}
    for part in shapes:
        _plan(rng, part, production, rates, units)
    means = {
        batch.key: batch.units * float(known.mean())
        for batch in production.batches
        for *_, known in (_life(rng, times, batch, (shapes[batch.key.component], rates[batch.key]), MEAN_OF),)
    }
    if faults:
        _break(rng, production, rates, means)
    for batch in production.batches:
        weibull = shapes[batch.key.component], rates[batch.key]
        sold, failed, reported, known = _life(rng, times, batch, weibull, batch.units)
        for row in np.flatnonzero(known):
            production.claims.append(WarrantyClaim(batch.key, int(sold[row]), int(failed[row]), int(reported[row])))
    return production


def write(production: Production, folder: Path) -> tuple[Path, Path]:
    """The two files as `quality analyze` reads them."""
    made, claimed = folder / "production.csv", folder / "claims.csv"
    with made.open("w", newline="") as stream:
        rows = csv.writer(stream)
        rows.writerow(("lot", "component", "plant", "supplier", "build_month", "model", "units"))
        for batch in production.batches:
            month = date.fromordinal(batch.built_day).strftime("%Y-%m")
            rows.writerow(
                (batch.key.lot, batch.key.component, batch.plant, batch.supplier, month, batch.model, batch.units)
            )
    with claimed.open("w", newline="") as stream:
        rows = csv.writer(stream)
        rows.writerow(("vehicle_id", "component", "lot", "sale_date", "failure_date", "reported_date", "odometer_km"))
        for number, claim in enumerate(production.claims):
            days = (claim.sold_day, claim.failed_day, claim.reported_day)
            km = (claim.failed_day - claim.sold_day) * 40
            rows.writerow((f"v-{number}", *claim.key, *(date.fromordinal(day).isoformat() for day in days), km))
    return made, claimed


def _plan(rng: Generator, part: str, production: Production, rates: dict[LotKey, float], scale: float) -> None:
    """The lots of one part: its suppliers build one a month or so, in sizes from 50 to 5,000."""
    months, rate = int(rng.integers(24, 49)), rng.uniform(0.005, 0.06)
    spread = rng.uniform(0, 0.15)
    plants = [f"plant-{number}" for number in range(rng.integers(1, 4))]
    models = {f"model-{number}": rng.uniform(0.8, 1.25) for number in range(rng.integers(1, 4))}
    last = date.fromordinal(production.until)
    for number in range(rng.integers(1, 5)):
        level = rate * rng.uniform(0.8, 1.25)
        size = rng.uniform(200, 2_000)
        for back in range(months):
            ordinal = last.year * 12 + last.month - 1 - back
            built = date(ordinal // 12, ordinal % 12 + 1, 1).toordinal()
            key = LotKey(part, f"{part[:2].upper()}{number}-{ordinal}")
            units = int(np.clip(size * rng.lognormal(0, 0.6), 50, 5_000) * scale)
            model = str(rng.choice(list(models)))
            plant = str(rng.choice(plants))
            production.batches.append(Batch(key, plant, f"supplier-{part[:2]}{number}", model, built, max(1, units)))
            rates[key] = level * models[model] * rng.lognormal(0, spread)


def _life(
    rng: Generator, times: _Times, batch: Batch, weibull: tuple[float, float], units: int
) -> tuple[Days, Days, Days, NDArray[np.bool_]]:
    """Sale, failure and report of each unit, and whether that is known. ``weibull``: shape, failures within 3 years."""
    shape, rate = weibull
    scale = 1_095 / (-np.log1p(-min(0.9, rate))) ** (1 / shape)
    built = batch.built_day + rng.integers(0, 30, units)
    sold = (built + rng.gamma(times.sale_shape, times.sale_days / times.sale_shape, units)).astype(np.int64)
    failed = (sold + np.minimum(scale * rng.weibull(shape, units), 40_000)).astype(np.int64)
    month = (failed % 365.25) / 365.25 * 12
    kept = rng.random(units) * (1 + times.amplitude) < 1 + times.amplitude * np.cos(
        (month - times.peak) / 12 * 2 * np.pi
    )
    reported = failed + rng.integers(0, times.report_days + 1, units)
    return sold, failed, reported, kept & (reported <= times.until)


def _break(rng: Generator, production: Production, rates: dict[LotKey, float], means: dict[LotKey, float]) -> None:
    """Four bad lots, and a step of seven lots of one supplier that goes on to the end of what can be seen."""
    runs: dict[tuple[str, str], list[Batch]] = {}
    for batch in sorted(production.batches, key=lambda batch: batch.built_day):
        runs.setdefault((batch.key.component, batch.supplier), []).append(batch)
    places = [
        (run, start)
        for run in runs.values()
        for start in range(8, len(run) - STEP_LOTS + 1)
        if all(means[batch.key] >= MIN_STEP_EXPECTED for batch in run[start : start + STEP_LOTS])
    ]
    if places:
        run, start = places[rng.integers(len(places))]
        ratio = rng.uniform(1.8, 3.0)
        production.step = [batch.key for batch in run[start : start + STEP_LOTS]]
        production.step_day = run[start].built_day
        for key in production.step:
            rates[key] = min(0.9, rates[key] * ratio)
    seen = [key for key, mean in means.items() if mean >= MIN_BAD_EXPECTED and key not in production.step]
    for index in rng.choice(len(seen), BAD_LOTS, replace=False):
        production.bad.add(seen[index])
        rates[seen[index]] = min(0.9, rates[seen[index]] * rng.uniform(3, 6))
