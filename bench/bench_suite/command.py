"""The command line of ``python bench``: our own measures, and comparisons with others. See ``../README.md``."""

import signal
import sys
from collections.abc import Callable, Iterable
from typing import Annotated

import typer

from bench_suite.compare import ComparisonTerms, compare
from bench_suite.comparisons import COMPARISONS, contenders
from bench_suite.conduct.command import conduct
from bench_suite.decisions.command import app as decisions
from bench_suite.fairness import fairness
from bench_suite.measures import MEASURES, own
from bench_suite.quality.command import quality
from bench_suite.scheduling.command import app as scheduling

app = typer.Typer(
    no_args_is_help=True, add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False,
    help="Measure the system from outside, alone (own, or a measure by its name) or against other engines (compare).",
    epilog="docs/performance.md quotes the measures; bench/README.md says what is compared on which terms.",
)  # fmt: skip


@app.command("compare")
def compare_command(
    names: Annotated[list[str] | None, typer.Argument(metavar="[COMPARISON…]", help=", ".join(COMPARISONS))] = None,
    quick: Annotated[bool, typer.Option(help="One round, small loads: does it work, not how fast.")] = False,  # noqa: FBT002  typer's
    rounds: Annotated[int | None, typer.Option(min=1, help="Interleaved rounds.  [default: 3, quick: 1]")] = None,
    only: Annotated[
        list[str] | None, typer.Option(metavar="NAME", help="Peers with this in their name; may be repeated.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="A line of JSON per comparison instead of tables.")] = False,  # noqa: FBT002  typer's
) -> None:
    """Compare with other engines, in rounds interleaved; all comparisons by default.

    Peers are installed on first use, in the versions that are pinned; one that cannot be had is named, with the reason.
    The status is 0 if ours was measured in every comparison.
    """
    _known(names, COMPARISONS)
    terms = ComparisonTerms(rounds or (1 if quick else 3), quick, only or (), as_json)
    statuses = []
    for name in names or COMPARISONS:
        statuses.append(compare(name, f"{name}: {COMPARISONS[name][2]}", contenders(name), terms))
        if statuses[-1] not in {0, 1}:
            break
    raise typer.Exit(max(statuses))


@app.command("own")
def own_command(
    names: Annotated[list[str] | None, typer.Argument(metavar="[MEASURE…]", help=", ".join(MEASURES))] = None,
) -> None:
    """Measure the system alone; all measures by default."""
    _known(names, MEASURES)
    own(names or [])


def _known(names: list[str] | None, there: Iterable[str]) -> None:
    unknown = sorted(set(names or ()) - set(there))
    if unknown:
        raise typer.BadParameter(f"unknown: {', '.join(unknown)}; there are {', '.join(there)}")


def _alone(measure: str) -> Callable[[], None]:
    return lambda: own([measure])


app.command("fairness")(fairness)
app.command("conduct")(conduct)
app.command("quality")(quality)
app.add_typer(decisions, name="decisions")
app.add_typer(scheduling, name="scheduling")
for measure in MEASURES:
    app.command(measure, help=(MEASURES[measure].__doc__ or "").partition("\n")[0])(_alone(measure))


def main() -> None:
    """Run the command line; a SIGTERM ends what was started and removes its folders."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    app(prog_name="python bench")
