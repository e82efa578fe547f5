"""``python bench decisions``: what the system decides about fleets whose faults are known."""

import json
import tempfile
import time
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from bench_suite.decisions.calibration import (
    BINS,
    Claim,
    bins,
    brier,
    cases,
    claims_of_analysis,
    claims_of_diagnosis,
    claims_reported,
    fitted,
    fitted_line,
)
from bench_suite.decisions.drifts import DRIFTS, YEAR_DAYS, DriftingVehicle, forecast
from bench_suite.decisions.fleets import RATES_S, UNSEEN_FROM, PlannedVehicle, plans, write
from bench_suite.decisions.kinds import FAULTS, HEALTHY, LOOK_ALIKES
from bench_suite.decisions.reliability_plot import reliability_svg
from bench_suite.decisions.verdicts import Score, VehicleVerdict, verdict
from bench_suite.decisions.virtual_system import VehicleHistory, VirtualSystem
from master_orchestrator.core.triage import compile_rules
from master_orchestrator.ingest.command import IngestOrder, open_all, run_ingest
from master_orchestrator.ingest.opening import ReadTerms
from master_orchestrator_agents.reference.codes import CodeTable
from master_orchestrator_agents.reference.data_analysis.evidence import REPORTED, WEIGHTS
from master_orchestrator_agents.reference.registry import reference_agents
from master_orchestrator_schemas.topology import load_topology
from master_orchestrator_schemas.triage_rules import TRENDING

LINE_HEAD = (
    "# From the log-odds of a confidence to those of how often it is right: `python bench decisions calibrate`.\n"
)

app = typer.Typer(no_args_is_help=True, add_completion=False, help=__doc__)


@app.command("faults")
def faults(
    seeds: Annotated[list[int], typer.Argument(help=f"One set each; from {UNSEEN_FROM} on they are for judging only.")],
    kind: Annotated[list[str] | None, typer.Option(help="Only kinds with this in their name.")] = None,
    every: Annotated[list[float] | None, typer.Option(help="Only these times between readings (s).")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="A line of JSON instead of tables.")] = False,  # noqa: FBT002  typer's
) -> None:
    """Fleets with every fault and look-alike at every rate, through ingest, the core and the reference agents."""
    started = time.monotonic()
    chosen = [plan for seed in seeds for plan in plans(seed) if _is_chosen(plan, kind, every)]
    verdicts = decide(chosen)
    score = Score.of(verdicts)
    if as_json:
        print(json.dumps({"seeds": seeds, "vehicles": len(verdicts), "figures": score.figures}))
        return
    console = Console()
    if max(seeds) < UNSEEN_FROM:
        console.print(_misses(verdicts))
    console.print(_by_kind(verdicts))
    console.print(_by_rate(verdicts))
    for name, (count, of) in score.figures.items():
        console.print(f"{name}: {count} of {of}")
    console.print(f"{len(verdicts)} vehicles in {time.monotonic() - started:.0f} s")


@app.command("drifts")
def drifts(
    seeds: Annotated[list[int], typer.Argument(help="Twelve drifting vehicles each: six signals at two rates.")],
    healthy: Annotated[int, typer.Option(help="Number of healthy vehicles, for a year, reporting every hour.")] = 0,
    plot: Annotated[Path | None, typer.Option(help="Draw the first seed's vehicles into this SVG file.")] = None,
) -> None:
    """Vehicles that get worse for weeks: what is foretold, how far ahead, and whether its date is right."""
    rules = compile_rules(load_topology().triage)
    table = Table("signal", "a reading per", "days ahead", "date off")
    forecasts = [
        forecast(rules, DriftingVehicle(seed, every, name))
        for seed in seeds
        for name in DRIFTS
        for every in (1.0, 60.0)
    ]
    for one in forecasts:
        ahead, off = ("-", "-") if one.ahead is None or one.off is None else (f"{one.ahead:.0f}", f"{one.off:+.0%}")
        table.add_row(one.signal, f"{one.every_min:.0f} min", ahead, off)
    console = Console()
    console.print(table)
    early = [one for one in forecasts if one.ahead is not None and one.ahead >= 10]
    right = [one for one in early if one.off is not None and abs(one.off) <= 0.2]
    console.print(f"{len(early)} of {len(forecasts)} at least ten days ahead, the date of {len(right)} within a fifth")
    year = [DriftingVehicle(seed, 60.0).findings(rules, YEAR_DAYS) for seed in range(healthy)]
    false = sum(any(finding.rule.endswith(TRENDING) for finding in findings) for findings in year)
    console.print(f"{false} of {healthy} healthy vehicles with a forecast in a year")
    if plot is not None:
        from bench_suite.decisions.drift_plot import draw_drifts

        draw_drifts(rules, seeds[0], 60.0, plot)


@app.command("calibrate")
def calibrate(
    seeds: Annotated[list[int], typer.Argument(help="Sets that the weights are fitted on.")],
    judge: Annotated[list[int], typer.Option(help=f"Sets that they are judged on, from {UNSEEN_FROM} on.")],
    every: Annotated[list[float] | None, typer.Option(help="Only these times between readings (s).")] = None,
    write_to: Annotated[Path | None, typer.Option("--write", help="Write the fitted line to this file.")] = None,
    plot: Annotated[Path | None, typer.Option(help="Draw predicted against confirmed into this SVG file.")] = None,
) -> None:
    """Fit the weights of DATA_ANALYSIS' evidence, and the line from a confidence to what is reported of it.

    Says how far probabilities are true, before and after.
    """
    codes = CodeTable(load_topology().triage.dtcs)
    kinds = FAULTS + HEALTHY + LOOK_ALIKES
    lived = {seed: live(list(plans(seed, kinds, every or RATES_S))) for seed in [*seeds, *judge]}
    known = [case for seed in seeds for plan, history in lived[seed] for case in cases(plan, history, codes)]
    unseen = [case for seed in judge for plan, history in lived[seed] for case in cases(plan, history, codes)]
    weights = fitted(known, WEIGHTS)
    lines = "".join(f"{kind} = {weight:.2f}\n" for kind, weight in weights.items())
    line = fitted_line(known, WEIGHTS)
    line_text = "".join(f"{name} = {value:.2f}\n" for name, value in line.items())
    panels = {
        "DATA_ANALYSIS: confidence": {
            "as weighed": claims_of_analysis(unseen, WEIGHTS),
            "other weights, fitted now": claims_of_analysis(unseen, weights),
            "as reported": claims_reported(unseen, WEIGHTS, REPORTED),
        },
        "DIAGNOSIS: probability": {
            "as it stands": [
                claim for seed in judge for plan, history in lived[seed] for claim in claims_of_diagnosis(plan, history)
            ]
        },
    }
    _say(panels, f"{len(known)} findings fitted, {len(unseen)} judged\n{lines}\n{line_text}")
    if write_to is not None:
        write_to.write_text(LINE_HEAD + line_text, encoding="utf-8")
    if plot is not None:
        drawn = {
            title: {f"{name}, Brier {brier(claims):.3f}": bins(claims) for name, claims in curves.items()}
            for title, curves in panels.items()
        }
        plot.write_text(reliability_svg(drawn), encoding="utf-8")


def _say(panels: Mapping[str, Mapping[str, Sequence[Claim]]], head: str) -> None:
    """Per curve: how many claims, their Brier score, and by tenths which share was so, and of how many."""
    console = Console(width=160)
    console.print(head)
    for title, curves in panels.items():
        table = Table("", "claims", "Brier", *(f"{tenth / BINS:g}+" for tenth in range(BINS)), title=title)
        for name, claims in curves.items():
            shown = ["" if one is None else f"{one.right:.2f}/{one.claims}" for one in bins(claims)]
            table.add_row(name, str(len(claims)), f"{brier(claims):.3f}", *shown)
        console.print(table)


def decide(chosen: Sequence[PlannedVehicle]) -> list[VehicleVerdict]:
    """What came of each vehicle, compared with what is true of it."""
    return [verdict(plan, history) for plan, history in live(chosen)]


def live(chosen: Sequence[PlannedVehicle]) -> list[tuple[PlannedVehicle, VehicleHistory]]:
    """The vehicles' files through ``ingest`` into the core and the reference agents, in virtual time."""
    with tempfile.TemporaryDirectory(prefix="decisions-") as folder:
        path, topology = Path(folder), load_topology()
        order = IngestOrder(tuple(write(plan, path) for plan in chosen), ReadTerms(default_start_ms=0))
        system = VirtualSystem(topology, reference_agents(path, topology=topology, seed=1))
        summary = run_ingest(order, open_all(order), system, Console(stderr=True))
        if not summary.complete:
            raise RuntimeError(f"ingest has rejected rows: {summary.rejects}")
        return [(plan, system.histories[plan.vehicle_id]) for plan in chosen]


def _is_chosen(plan: PlannedVehicle, kinds: Sequence[str] | None, rates_s: Sequence[float] | None) -> bool:
    is_kind = kinds is None or any(kind in plan.kind.name for kind in kinds)
    return is_kind and (rates_s is None or plan.every_s in rates_s)


def _misses(verdicts: Iterable[VehicleVerdict]) -> Table:
    """What is not as it should be, vehicle by vehicle: for tuning, never of the unseen sets."""
    table = Table("vehicle", "kind", "every", "priority", "rules", "dismissed", title="Not as it should be")
    for one in verdicts:
        wrong = (one.is_promised and not one.is_right) or one.is_forbidden or one.untold or one.open_workflows
        if wrong or (one.plan.kind.subsystem is None and one.is_alarmed):
            table.add_row(
                one.plan.vehicle_id,
                one.plan.kind.name,
                f"{one.plan.every_s:g} s",
                "-" if one.priority is None else one.priority.name,
                " ".join(one.rules),
                " ".join(one.dismissed),
            )
    return table


def _by_kind(verdicts: Sequence[VehicleVerdict]) -> Table:
    table = Table("kind", "vehicles", "found", "kept", "right", "alarmed", title="By kind (promised rates only)")
    for kind in dict.fromkeys(one.plan.kind for one in verdicts):
        own = [one for one in verdicts if one.plan.kind == kind and (one.is_promised or kind.subsystem is None)]
        _add(table, kind.name, own)
    return table


def _by_rate(verdicts: Sequence[VehicleVerdict]) -> Table:
    table = Table("every", "vehicles", "found", "kept", "right", "alarmed", title="By rate (promised kinds only)")
    for every_s in dict.fromkeys(one.plan.every_s for one in verdicts):
        _add(table, f"{every_s:g} s", [one for one in verdicts if one.plan.every_s == every_s and one.is_promised])
    return table


def _add(table: Table, name: str, own: Sequence[VehicleVerdict]) -> None:
    columns = zip(*((one.seen, one.kept, one.is_right, one.is_alarmed) for one in own), strict=True)
    table.add_row(name, str(len(own)), *(str(sum(column)) for column in columns))
