"""`workflows --watch`: the table, drawn again as statuses come."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from rich.live import Live

from master_orchestrator.cli.context import Invocation, UsageError
from master_orchestrator.cli.output import Harmless, console_for_people
from master_orchestrator.cli.progress import reading
from master_orchestrator.readers.statuses import NewestStatuses, StatusHead
from master_orchestrator.readers.topics import TopicReader

if TYPE_CHECKING:
    from rich.console import RenderableType

REFRESH_S = 2.0


def refuse_to_watch(form: str) -> None:
    """A table that is drawn over and over is for people. Raises :class:`UsageError`."""
    if form not in {"table", "wide"}:
        raise UsageError("--watch draws a table; programs can follow 'audit tail --json' or repeat the command")
    if not sys.stdout.isatty():
        raise UsageError("--watch needs a terminal: leave it out, or follow 'audit tail'")


def watch(call: Invocation, table: Callable[[NewestStatuses[StatusHead]], RenderableType]) -> None:
    """Draw ``table`` of the newest statuses every two seconds, until Ctrl-C."""
    kafka, topology = call.reachable_kafka("Status"), call.topology
    newest = NewestStatuses(kafka, topology, StatusHead)
    with TopicReader(kafka, [topology.topic_of("Status")], range(topology.partitions)) as reader:
        with reading("statuses") as progress:
            newest.take(reader.catch_up(progress))
        with Live(Harmless(table(newest)), console=console_for_people(), auto_refresh=False) as live:
            while True:
                live.update(Harmless(table(newest)), refresh=True)
                time.sleep(REFRESH_S)
                newest.take(reader.catch_up())
