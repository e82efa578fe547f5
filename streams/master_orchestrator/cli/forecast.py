"""`schedule forecast`: the hours and parts that each workshop will need, against what it has."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from master_orchestrator.cli.books import DatabaseOption, books_of
from master_orchestrator.cli.context import Invocation, UsageError, invocation
from master_orchestrator.cli.extras import needs_extra
from master_orchestrator.cli.output import JsonOption, answer

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.console import RenderableType

    from master_orchestrator_agents.reference.scheduling.demand.records import DemandBooks, DemandWeek, Estimate
    from master_orchestrator_agents.reference.scheduling.network import Workshop
    from master_orchestrator_schemas.messages import Status

ALL = "all workshops"
YOUNG_WEEKS = 8
"""Books younger than this are said to be young."""
PARTS_SHOWN = 3


def forecast(
    ctx: typer.Context,
    weeks: Annotated[int, typer.Option(min=1, max=13, help="How many whole weeks, from next Monday on.")] = 8,
    workshop: Annotated[str | None, typer.Option(help="Only this one, week by week. (default: all)")] = None,
    plot: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Draw the workshop, or all as one, into a file .svg or .png."),
    ] = None,
    database: DatabaseOption = None,
    *,
    read_workflows: Annotated[
        bool, typer.Option("--workflows/--no-workflows", help="Count what open workflows will need; reads Kafka.")
    ] = True,
    json: JsonOption = False,
) -> None:
    """Foretell hours of work and parts per workshop and week, with intervals of 80 %, against technician hours.

    From what is booked, from open workflows (a trend with its date), and from what has come in so far. Needs the extra
    `forecast` of the package.
    """
    call = invocation(ctx)
    _check_plot(plot)
    with needs_extra("forecast"):
        from master_orchestrator_agents.reference.scheduling.demand.plot import draw

        statuses = _statuses(call) if read_workflows else []
        report = _Report(call, database, statuses, weeks, workshop)
        if plot is not None:
            draw(report.drawn(), report.capacity_of_drawn(), plot)
    value = {**report.value(), "open_workflows": len(report.books.cases) if read_workflows else None}
    answer(value, lambda: _text(value, workshop), as_json=json)


def _check_plot(plot: Path | None) -> None:
    if plot is None:
        return
    if plot.suffix.lower() not in {".svg", ".png"}:
        raise UsageError(f"--plot {plot}: name a file that ends in .svg or .png")
    if not plot.parent.is_dir():
        raise UsageError(f"--plot {plot}: there is no folder {plot.parent}")


def _statuses(call: Invocation) -> Sequence[Status]:
    from master_orchestrator.cli.progress import reading
    from master_orchestrator.readers.statuses import read_statuses

    kafka = call.reachable_kafka("Status")
    with call.on_record("read", "workflow"), reading("statuses") as progress:
        return list(read_statuses(kafka, call.topology, progress))


class _Report:
    def __init__(
        self, call: Invocation, database: str | None, statuses: Sequence[Status], weeks: int, workshop: str | None
    ) -> None:
        from master_orchestrator_agents.reference.scheduling.demand.books import read_books
        from master_orchestrator_agents.reference.scheduling.demand.forecast import forecast as foretell
        from master_orchestrator_agents.reference.scheduling.demand.forecast import history_weeks
        from master_orchestrator_agents.reference.scheduling.demand.records import week_of
        from master_orchestrator_agents.reference.scheduling.network import load_network

        now_ms = _now_ms()
        with books_of(call, database) as open_books, open_books.read() as sql:
            network = load_network(sql)
            self.books: DemandBooks = read_books(sql, network, statuses, now_ms, weeks)
        chosen = [each for each in network if workshop in (None, each.workshop_id)]
        if not chosen:
            raise UsageError(f"there is no workshop {workshop!r} in the books")
        now = week_of(now_ms, "UTC")
        self._history = history_weeks(self.books.jobs, now)
        ids = {each.workshop_id for each in chosen}
        self.weeks = [each for each in foretell(self.books, now, weeks) if each.workshop_id in ids]
        self.network = foretell(self.books.as_one(ALL), now, weeks) if workshop is None else []
        self._capacity = _capacity(chosen, self.weeks)
        for each in self.network:
            of_all = sum(self._capacity[name, each.week] for name in ids)
            self._capacity[ALL, each.week] = of_all

    def value(self) -> dict[str, Any]:
        """What `--json` answers."""
        from master_orchestrator_agents.reference.scheduling.demand.records import SHARE

        names = dict.fromkeys(each.workshop_id for each in (*self.weeks, *self.network))
        return {
            "interval": SHARE,
            "history_weeks": self._history,
            "workshops": [{"workshop": name, "weeks": [self._week(each) for each in self._of(name)]} for name in names],
            "notes": self._notes(),
        }

    def drawn(self) -> list[DemandWeek]:
        """The weeks of all workshops as one, or of the only one."""
        return self.network or self.weeks

    def capacity_of_drawn(self) -> list[float]:
        """The technician hours of these weeks."""
        return [self._capacity[each.workshop_id, each.week] for each in self.drawn()]

    def _of(self, name: str) -> list[DemandWeek]:
        return [each for each in (*self.weeks, *self.network) if each.workshop_id == name]

    def _week(self, each: DemandWeek) -> dict[str, Any]:
        from master_orchestrator_agents.reference.scheduling.demand.records import monday

        capacity_h = self._capacity[each.workshop_id, each.week]
        return {
            "week": monday(each.week).isoformat(),
            "hours": _rounded(each.hours),
            "booked_h": round(each.booked_h, 1),
            "open_h": round(each.open_h, 1),
            "new_h": round(each.new_h, 1),
            "capacity_h": capacity_h,
            "load": round(each.hours.expected / capacity_h, 3) if capacity_h else None,
            "all_parts": _rounded(each.all_parts),
            "parts": {part: _rounded(estimate) for part, estimate in each.parts.items()},
        }

    def _notes(self) -> list[str]:
        if not self._history:
            return ["The books hold no complete week yet: what comes besides the known work is not foretold."]
        if self._history < YOUNG_WEEKS:
            age = "1 week" if self._history == 1 else f"{self._history} weeks"
            return [f"The books are {age} old: the intervals are wide, and neither season nor trend is known."]
        return []


def _capacity(network: Sequence[Workshop], weeks: Sequence[DemandWeek]) -> dict[tuple[str, int], float]:
    from master_orchestrator_agents.reference.scheduling.demand.books import capacity_h
    from master_orchestrator_agents.reference.scheduling.opening import OpeningHours

    opening, by_id = OpeningHours(), {each.workshop_id: each for each in network}
    return {(each.workshop_id, each.week): capacity_h(by_id[each.workshop_id], each.week, opening) for each in weeks}


def _rounded(estimate: Estimate) -> dict[str, float | None]:
    high = None if estimate.high is None else round(estimate.high, 1)
    return {"expected": round(estimate.expected, 1), "low": round(estimate.low, 1), "high": high}


def _text(value: dict[str, Any], workshop: str | None) -> RenderableType:
    from rich.console import Group

    table = _network_table(value) if workshop is None else _weeks_table(value["workshops"][0]["weeks"])
    cases = value["open_workflows"]
    known = "workflows were not read" if cases is None else f"{cases} open workflows without an appointment"
    head = f"History: {value['history_weeks']} weeks; {known}; intervals of {value['interval']:.0%}."
    return Group(head, table, *value["notes"])


def _network_table(value: dict[str, Any]) -> RenderableType:
    """Share of the technician hours: expected, and the interval below."""
    from master_orchestrator.cli.tables import plain_table

    weeks = [each["week"][5:] for each in value["workshops"][0]["weeks"]]
    table = plain_table("workshop", *weeks)
    for row in value["workshops"]:
        table.add_row(row["workshop"], *(_load(each) for each in row["weeks"]))
    return table


def _load(each: dict[str, Any]) -> str:
    capacity_h, hours = each["capacity_h"], each["hours"]
    if not capacity_h:
        return f"{hours['expected']:.0f} h\nclosed"
    low = f"{100 * hours['low'] / capacity_h:.0f}"
    interval = f"from {low}" if hours["high"] is None else f"{low}-{100 * hours['high'] / capacity_h:.0f}"
    return f"{each['load']:.0%}\n{interval}"


def _weeks_table(weeks: Sequence[dict[str, Any]]) -> RenderableType:
    from master_orchestrator.cli.tables import plain_table

    table = plain_table("week", "hours", "interval", "booked", "open", "new", "capacity", "share", "parts", "most of")
    for each in weeks:
        hours, parts = each["hours"], each["all_parts"]
        most = sorted(each["parts"], key=lambda part: -each["parts"][part]["expected"])[:PARTS_SHOWN]
        table.add_row(
            each["week"],
            f"{hours['expected']:.0f}",
            _interval(hours),
            *(f"{each[name]:.0f}" for name in ("booked_h", "open_h", "new_h", "capacity_h")),
            "-" if each["load"] is None else f"{each['load']:.0%}",
            f"{parts['expected']:.0f} ({_interval(parts)})",
            ", ".join(most),
        )
    return table


def _interval(of: dict[str, float | None]) -> str:
    return f"from {of['low']:.0f}" if of["high"] is None else f"{of['low']:.0f}-{of['high']:.0f}"


def _now_ms() -> int:
    return time.time_ns() // 1_000_000
