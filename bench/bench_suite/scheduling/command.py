"""``python bench scheduling``: no double booking on both databases, and weeks planned in three ways."""

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
from bench_suite.scheduling.double_booking import book, book_at_once, overlaps
from bench_suite.scheduling.weeks import LOADS, WAYS, compared
from master_orchestrator_agents.reference.scheduling import SchedulingAgent, SchedulingStore

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
def offers(count: Annotated[int, typer.Option(help="Bookings.")] = 300, url: str | None = None) -> None:
    """How long three offers, their hold and the confirmation take at 48 workshops, one after the other."""
    with TemporaryDirectory() as folder:
        store = SchedulingStore(url or Path(folder) / "appointments.sqlite3")
        agent, times = SchedulingAgent(store), list[float]()
        for number in range(count):
            started = time.perf_counter()
            book(agent, number)
            times.append(1000 * (time.perf_counter() - started))
        store.close()
    figures = {
        "p50_ms": statistics.median(times),
        "p99_ms": statistics.quantiles(times, n=100)[98],
        "max_ms": max(times),
    }
    rounded = {name: round(value, 1) for name, value in figures.items()}
    print(json.dumps({"measure": "offers", "database": "postgresql" if url else "sqlite", **machine(), **rounded}))


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
