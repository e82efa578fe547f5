"""``python bench decisions``: what the system decides about fleets whose faults are known."""

import json
import tempfile
import time
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from bench_suite.decisions.fleets import UNSEEN_FROM, Plan, plans, write
from bench_suite.decisions.verdicts import Score, Verdict, verdict
from bench_suite.decisions.virtual_system import VirtualSystem
from master_orchestrator.ingest.command import IngestOrder, open_all, run_ingest
from master_orchestrator.ingest.opening import ReadTerms
from master_orchestrator_agents.reference.registry import reference_agents
from master_orchestrator_schemas.topology import load_topology

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


def decide(chosen: Sequence[Plan]) -> list[Verdict]:
    """The vehicles' files through ``ingest`` into the core and the reference agents, in virtual time."""
    with tempfile.TemporaryDirectory(prefix="decisions-") as folder:
        path, topology = Path(folder), load_topology()
        order = IngestOrder(tuple(write(plan, path) for plan in chosen), ReadTerms(default_start_ms=0))
        system = VirtualSystem(topology, reference_agents(path, topology=topology, seed=1))
        summary = run_ingest(order, open_all(order), system, Console(stderr=True))
        if not summary.complete:
            raise RuntimeError(f"ingest has rejected rows: {summary.rejects}")
        return [verdict(plan, system.histories[plan.vehicle_id]) for plan in chosen]


def _is_chosen(plan: Plan, kinds: Sequence[str] | None, rates_s: Sequence[float] | None) -> bool:
    is_kind = kinds is None or any(kind in plan.kind.name for kind in kinds)
    return is_kind and (rates_s is None or plan.every_s in rates_s)


def _misses(verdicts: Iterable[Verdict]) -> Table:
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


def _by_kind(verdicts: Sequence[Verdict]) -> Table:
    table = Table("kind", "vehicles", "found", "kept", "right", "alarmed", title="By kind (promised rates only)")
    for kind in dict.fromkeys(one.plan.kind for one in verdicts):
        own = [one for one in verdicts if one.plan.kind == kind and (one.is_promised or kind.subsystem is None)]
        _add(table, kind.name, own)
    return table


def _by_rate(verdicts: Sequence[Verdict]) -> Table:
    table = Table("every", "vehicles", "found", "kept", "right", "alarmed", title="By rate (promised kinds only)")
    for every_s in dict.fromkeys(one.plan.every_s for one in verdicts):
        _add(table, f"{every_s:g} s", [one for one in verdicts if one.plan.every_s == every_s and one.is_promised])
    return table


def _add(table: Table, name: str, own: Sequence[Verdict]) -> None:
    columns = zip(*((one.seen, one.kept, one.is_right, one.is_alarmed) for one in own), strict=True)
    table.add_row(name, str(len(own)), *(str(sum(column)) for column in columns))
