"""`top`: the whole system on one screen, live."""

from __future__ import annotations

import re
import sys
import time
from typing import TYPE_CHECKING, Annotated

import typer

from master_orchestrator.cli.context import UsageError
from master_orchestrator.cli.up import METRICS_PORT

if TYPE_CHECKING:
    from rich.console import RenderableType

    from master_orchestrator.supervision.overview import Overview

HOST = re.compile(r"[A-Za-z0-9._:%-]+")
REFRESH_S = 2.0
BAR = 20
PATH = (
    "PENDING", "DATA_ANALYSIS", "DIAGNOSIS", "URGENCY_ASSESSMENT", "CUSTOMER_ENGAGEMENT", "SCHEDULING", "SCHEDULED",
    "IN_SERVICE", "FEEDBACK",
)  # fmt: skip
"""The states of a workflow that meets no trouble, in order."""


def register(app: typer.Typer) -> None:
    """Add the command to the command line."""
    app.command(rich_help_panel="Workflows", epilog="Example: master-orchestrator top --once")(top)


def top(
    addresses: Annotated[
        list[str] | None,
        typer.Argument(metavar="[ADDRESS]...", help="Where processes serve metrics; those of `up` by default."),
    ] = None,
    *,
    once: Annotated[bool, typer.Option("--once", help="Show it once, and end.")] = False,
) -> None:
    """Show the workflows by state, lanes against their bounds, agents and alerts, every two seconds until Ctrl-C."""
    from rich.live import Live

    from master_orchestrator.cli.output import console_for_people, plain_width

    urls = [_url(address) for address in addresses or [f"127.0.0.1:{METRICS_PORT + n}" for n in (0, 1)]]
    if once:
        console_for_people(width=plain_width()).print(_screen(urls, once=True))
        return
    if not sys.stdout.isatty():
        raise UsageError("top draws on a terminal: add --once")
    with Live(_screen(urls), console=console_for_people(), auto_refresh=False, screen=True) as live:
        while True:
            time.sleep(REFRESH_S)
            live.update(_screen(urls), refresh=True)


def _url(address: str) -> str:
    """The address as a URL. Raises :class:`UsageError` for what cannot be one."""
    from urllib.parse import urlsplit

    url = address.rstrip("/") if address.startswith(("http://", "https://")) else f"http://{address}"
    try:
        parts = urlsplit(url)
        host = (parts.hostname or "").encode("idna").decode()
        good = parts.port != 0 and HOST.fullmatch(host) and not (parts.path or parts.query or parts.fragment)
    except ValueError:  # UnicodeError is one
        good = None
    if not good:
        raise UsageError(f"{address!r} is not an address: say HOST:PORT, where a process serves its metrics")
    return url


def _screen(addresses: list[str], *, once: bool = False) -> RenderableType:
    """What is seen now. ``once``: raises :class:`MetricsSilentError` where nobody answers, instead of zeros."""
    from master_orchestrator.cli.output import Harmless
    from master_orchestrator.errors import MetricsSilentError
    from master_orchestrator.supervision.overview import overview

    seen, silent = overview(addresses)
    if once and len(silent) == len(addresses):
        raise MetricsSilentError(silent)
    return Harmless(screen(seen, silent))


def screen(seen: Overview, silent: list[str]) -> RenderableType:
    """The overview for people; ``silent``: addresses that do not answer."""
    from rich.console import Group
    from rich.text import Text

    parts: list[RenderableType] = [Text(f"no answer from {address}", style="bold red") for address in silent]
    return Group(*parts, _graph(seen), Text(), _lanes(seen), Text(), _agents(seen), Text(), _alerts(seen))


def _graph(seen: Overview) -> RenderableType:
    """The states in the order of the way, with how many workflows are in each; where they end, since the start."""
    from rich.console import Group
    from rich.text import Text

    states, ends = seen.by("workflows", "state"), seen.by("workflows_ended_total", "state")
    way = " → ".join(f"{state}({states[state]:,})" for state in PATH)
    urgent, behind = seen.total("workflows", priority="URGENT"), seen.total("input_lag_records")
    head = f"{states.total():,} workflows open, {urgent:,} of them URGENT; {behind:,} inputs behind"
    return Group(
        Text(head, style="bold"),
        Text(f"{way} → COMPLETED({ends['COMPLETED']:,})"),
        Text(f"off this path: RETRY {states['RETRY']:,}, FAILED {ends['FAILED']:,} (ends since the engines' start)"),
    )


def _lanes(seen: Overview) -> RenderableType:
    """Open commands; the bar is the oldest one's age against the lane's bound."""
    from rich.table import Table
    from rich.text import Text

    table = Table("agent", "lane", "open", "oldest", "of its bound", box=None, pad_edge=False)
    for lane in seen.lanes():
        share = None if lane.bound_s is None else lane.oldest_s / lane.bound_s
        style = "" if share is None or share < 0.5 else "yellow" if share < 1 else "bold red"
        bar = "waits for people" if share is None else f"{'█' * min(BAR, round(share * BAR)):░<{BAR}} {share:.0%}"
        table.add_row(lane.agent, lane.lane, f"{lane.open:,}", f"{lane.oldest_s:.1f} s", Text(bar, style=style))
    return table if table.rows else Text("No command waits for a reply.")


def _agents(seen: Overview) -> RenderableType:
    from rich.table import Table

    table = Table("agent", "busy", "workers", "replies", "failures", box=None, pad_edge=False)
    for agent in seen.agents():
        counts = (agent.busy, agent.workers, agent.results + agent.failures, agent.failures)
        table.add_row(agent.agent, *map("{:,}".format, counts), style="" if agent.workers else "red")
    return table


def _alerts(seen: Overview) -> RenderableType:
    from rich.text import Text

    raised = {kind: count for kind, count in sorted(seen.by("alerts_total", "kind").items()) if count}
    told = ", ".join(f"{kind} {count:,}" for kind, count in raised.items()) or "none"
    return Text(f"calls for a human since the engines' start: {told}", style="bold" if raised else "")
