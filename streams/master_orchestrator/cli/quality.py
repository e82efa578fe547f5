"""`quality analyze`: which lots, and which supplier from when on, have more claims than chance."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from master_orchestrator.cli.context import UsageError
from master_orchestrator.cli.extras import needs_extra
from master_orchestrator.cli.output import JsonOption, answer

if TYPE_CHECKING:
    from master_orchestrator.quality.report import QualityReport

EXAMPLE = "Example: master-orchestrator quality analyze --production production.csv --claims claims.csv --plot charts"


def register(app: typer.Typer) -> None:
    """Add the group to the command line."""
    group = typer.Typer(no_args_is_help=True, help="Manufacturing quality: claims against production.")
    group.callback()(_quality)
    group.command(epilog=EXAMPLE)(analyze)
    app.add_typer(group, name="quality", rich_help_panel="Workflows")


def _quality() -> None:
    """Manufacturing quality: claims against production."""


def analyze(
    *,
    production: Annotated[
        Path, typer.Option(metavar="FILE", help="CSV: lot, component, plant, supplier, build_month, model, units.")
    ],
    claims: Annotated[
        Path,
        typer.Option(
            metavar="FILE",
            help="CSV: vehicle_id, component, lot, sale_date, failure_date, reported_date, odometer_km.",
        ),
    ],
    until: Annotated[
        str | None, typer.Option(metavar="DATE", help="The last day that the claims cover. (default: the last report)")
    ] = None,
    day_first: Annotated[
        bool | None,
        typer.Option("--day-first/--month-first", help="Of dates like 05/08/2026, where the files do not tell."),
    ] = None,
    plot: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Draw each component into this folder, as SVG.")
    ] = None,
    json: JsonOption = False,
) -> None:
    """Find bad lots and steps of suppliers: at equal months in service, late reports, season and chance allowed for.

    Opens no action by itself: it proposes each with its evidence and the eight disciplines (8D). Needs the extra
    `quality` of the package.
    """
    with needs_extra("quality"):
        report = _report(production, claims, until, day_first)
        if plot is not None:
            from master_orchestrator.quality.plots import draw

            draw(report.analysis, plot)
    answer(report.value() if json else None, report.text, as_json=json)


def _report(production: Path, claims: Path, until: str | None, day_first: bool | None) -> QualityReport:  # noqa: FBT001
    import lifelines  # noqa: F401  said to be missing before the files are read

    from master_orchestrator.quality.command import analyse_files

    return analyse_files(production, claims, day_first=day_first, until=_day(until))


def _day(text: str | None) -> int | None:
    from datetime import date

    if text is None:
        return None
    try:
        return date.fromisoformat(text).toordinal()
    except ValueError as error:
        raise UsageError(f"--until {text!r} is not a date: write 2026-01-31") from error
