"""``python bench scheduling``: no double booking, weeks planned in three ways, demand foretold at past weeks."""

import json
import statistics
import time
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from bench_suite.machine import machine
from bench_suite.scheduling import full_books
from bench_suite.scheduling.double_booking import book_at_once, overlaps
from bench_suite.scheduling.weeks import LOADS, WAYS, compared
from master_orchestrator_agents.reference.scheduling import SchedulingStore
from master_orchestrator_schemas.interpreter import prepare_interpreter

app = typer.Typer(no_args_is_help=True, add_completion=False, help=__doc__)


@app.command("double-booking")
def double_booking(
    bookings: Annotated[int, typer.Option(help="In all.")] = 2_000,
    url: Annotated[str | None, typer.Option(help="An empty PostgreSQL database. [default: an SQLite file]")] = None,
) -> None:
    """Four processes book at once, each is killed once and started again; then overlaps are counted."""
    with TemporaryDirectory() as folder:
        where = url or str(Path(folder) / "appointments.sqlite3")
        started = time.monotonic()
        appointments = book_at_once(where, bookings, processes=4, kills=range(4))
        seconds = time.monotonic() - started
        store = SchedulingStore(where)
        double = overlaps(store.database)
        store.close()
    outcome = {"bookings": len(set(appointments)), "double": double, "kills": 4, "seconds": round(seconds, 1)}
    print(json.dumps({"measure": "double_booking", "database": "postgresql" if url else "sqlite", **outcome}))
    raise typer.Exit(int(double > 0 or len(set(appointments)) < bookings))


@app.command("offers")
def offers(
    count: Annotated[int, typer.Option(min=2, help="Of each priority.")] = 100,
    url: Annotated[str | None, typer.Option(help="An empty PostgreSQL database. [default: an SQLite file]")] = None,
) -> None:
    """Held offers, and bookings, at 48 workshops whose next two weeks are full but for gaps; one after the other."""
    prepare_interpreter()  # as a runner does
    with TemporaryDirectory() as folder:
        store = SchedulingStore(url or Path(folder) / "appointments.sqlite3")
        full_books.fill(store)
        for name, measured in (("offers", full_books.offer_times), ("bookings", full_books.booking_times)):
            for priority in full_books.DUE_MS:
                figures = _of_times(measured(store, priority, count))
                about = {"database": "postgresql" if url else "sqlite", "priority": priority.name, **machine()}
                print(json.dumps({"measure": name, **about, **figures}))
        store.close()


def _of_times(times: list[full_books.OfferTime]) -> dict[str, float]:
    walls, cpus = [each.wall_ms for each in times], [each.cpu_ms for each in times]
    figures = {"p50_ms": statistics.median(walls), "p99_ms": statistics.quantiles(walls, n=100)[98]}
    figures |= {"cpu_p50_ms": statistics.median(cpus), "cpu_p99_ms": statistics.quantiles(cpus, n=100)[98]}
    return {name: round(value, 1) for name, value in figures.items()}


@app.command("weeks")
def weeks(
    seeds: Annotated[list[int], typer.Argument(help="One set of jobs each.")],
    load: Annotated[list[str] | None, typer.Option(help=", ".join(LOADS))] = None,
) -> None:
    """Two weeks, light, full and overfull: first come first served, greedy offers, and the nightly plan too."""
    for name in load or LOADS:
        sets = [compared(name, seed) for seed in seeds]
        table = Table("figure", *WAYS, title=f"{name}, means of {len(seeds)} seeds")
        for figure in sets[0][next(iter(WAYS))]:
            means = [statistics.fmean(one[way][figure] for one in sets) for way in WAYS]
            table.add_row(figure, *(f"{mean:,.1f}" for mean in means))
            print(json.dumps({"load": name, "seeds": seeds, "figure": figure, **dict(zip(WAYS, means, strict=True))}))
        Console().print(table)


@app.command("forecast")
def forecast(
    seeds: Annotated[list[int], typer.Argument(help="One set of simulated years each.")],
    every: Annotated[int, typer.Option(min=1, help="Weeks from one forecast to the next.")] = 2,
) -> None:
    """Demand foretold on simulated years: at Mondays of the third year, 1 to 8 weeks ahead, against what came."""
    from bench_suite.scheduling import demand_backtest as backtest

    by_age: dict[int, list[backtest.BacktestPoint]] = {weeks: [] for weeks in backtest.HISTORIES}
    of_all = list[backtest.BacktestPoint]()
    for seed in seeds:
        sim = backtest.years(seed)
        of_all += backtest.points(sim, backtest.origins(every))
        for weeks in by_age:
            by_age[weeks] += backtest.points(sim, backtest.origins(4 * every), weeks)
    rows = [(f"{lead} weeks ahead", [point for point in of_all if point.lead == lead]) for lead in (1, 2, 4, 8)]
    rows = [("all", of_all), *rows, *((f"books of {weeks} weeks", points) for weeks, points in by_age.items())]
    ways = list(of_all[0].foretold)
    table = Table("", *ways, "hours in interval", "parts in interval", "width", title="error in % of the hours")
    for name, points in rows:
        wrong, within = backtest.errors(points), backtest.covered(points)
        table.add_row(
            name, *(f"{wrong[way]:.1f}" if way in wrong else "" for way in ways), *map("{:.0f}".format, within.values())
        )
        print(json.dumps({"measure": "forecast", "seeds": seeds, "of": name, "points": len(points), **wrong, **within}))
    Console().print(table)
