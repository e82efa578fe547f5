"""`ueba analyze`: user and entity behaviour analytics over recorded acts."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from master_orchestrator.cli import conduct
from master_orchestrator.cli.context import UsageError, invocation
from master_orchestrator.cli.output import JsonOption, answer
from master_orchestrator.cli.workers import judge

if TYPE_CHECKING:
    from master_orchestrator.behaviour import Analysis
    from master_orchestrator.readers.recorded_acts import ActFile
    from master_orchestrator_schemas.topology import Topology


def register(app: typer.Typer) -> None:
    """Add the group to the command line."""
    group = typer.Typer(no_args_is_help=True, help="Who did what to which data, and is it usual (UEBA).")
    group.command("run", epilog="Example: master-orchestrator ueba run --metrics-port 9466")(judge)
    group.command(epilog="Example: master-orchestrator ueba analyze acts.ndjson --learn-until 2026-03-08T00:00:00Z")(
        analyze
    )
    conduct.register(group)
    app.add_typer(group, name="ueba", rich_help_panel="Workflows")


def analyze(
    ctx: typer.Context,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="Acts as NDJSON, plain or gzip, in order of time.")],
    *,
    learn_until: Annotated[str, typer.Option(help="ISO 8601: what happened before is learnt and not judged.")],
    _charter: Annotated[
        Literal["learn"], typer.Option("--charter", help="learn: what an agent did before that time is its charter.")
    ] = "learn",
    skip_bad: Annotated[
        bool, typer.Option("--skip-bad", help="Count lines that cannot be read instead of stopping at the first.")
    ] = False,
    json: JsonOption = False,
) -> None:
    """Judge recorded acts by every rule of behaviour: findings with their explanations, and each actor's risk.

    A line has time, agent, action, resource and outcome; it may have entity, rows, seq, kind, instance, version, error,
    command and command_entity. An operator's `register charter X` lets X learn for seven days,
    `declare change_window X` doubles the ceilings of X for four hours.
    """
    from master_orchestrator.readers.analysis_report import report_text, report_value
    from master_orchestrator.readers.recorded_acts import ActFile

    source = ActFile(file, skip_bad=skip_bad)
    analysis = _analysed(source, _instant(learn_until), invocation(ctx).topology)
    answer(report_value(analysis, source), lambda: report_text(analysis, source), as_json=json)


def _analysed(source: ActFile, learn_until_ms: int, topology: Topology) -> Analysis:
    from master_orchestrator.behaviour import Analysis, AnalysisTerms
    from master_orchestrator.readers.analysis_report import criticalities

    criticality, leaves = criticalities(topology.resources)
    analysis = Analysis(AnalysisTerms(learn_until_ms=learn_until_ms, criticality=criticality, leaves=leaves))
    for act in source:
        analysis.observe(act)
    return analysis


def _instant(text: str) -> int:
    from master_orchestrator.readers.recorded_acts import parse_time

    try:
        return parse_time(text)
    except (ValueError, OverflowError) as error:
        raise UsageError(f"--learn-until {text!r} is not a time: give ISO 8601, like 2026-03-08T00:00:00Z") from error
