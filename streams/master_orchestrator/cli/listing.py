"""Which workflows are listed, in which order, and how they are written for programs."""

from __future__ import annotations

import csv
import heapq
import itertools
import json
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import typer

from master_orchestrator.cli.output import harmless_json, plain
from master_orchestrator.core.transitions import END_STATES
from master_orchestrator.readers.reports import workflow_report

if TYPE_CHECKING:
    from master_orchestrator.readers.statuses import NewestStatuses, StatusHead
    from master_orchestrator_schemas.messages import Status
    from master_orchestrator_schemas.vocabulary import Priority, State

NEVER_MS = 2**63
COLUMNS = (
    "workflow_id", "vehicle_id", "state", "priority", "reason", "step", "attempt", "attempts", "created_at",
    "updated_at", "due", "findings",
)  # fmt: skip
"""Of CSV: one line per workflow, its findings' rules in one cell."""


@dataclass(frozen=True)
class Wanted:
    """What is asked for; None and an empty prefix: any."""

    prefix: str
    state: State | None
    priority: Priority | None
    vehicle: str | None

    @property
    def is_broad(self) -> bool:
        """Whether nobody has said which workflows, so that the open ones are meant."""
        return not self.prefix and self.state is None and self.vehicle is None

    def takes(self, status: StatusHead | Status) -> bool:
        """Whether a workflow is asked for."""
        return (
            status.workflow_id.startswith(self.prefix)
            and self.state in (None, status.state)
            and self.priority in (None, status.priority)
            and self.vehicle in (None, status.vehicle_id)
        )


def select(newest: NewestStatuses[StatusHead], selection: Wanted, *, only_open: bool) -> Iterator[Status]:
    """Those that are asked for, in no order."""
    return newest.matching(lambda head: selection.takes(head) and not (only_open and head.state in END_STATES))


def first(statuses: Iterable[Status], limit: int | None) -> tuple[list[Status], int]:
    """The most urgent first, then the soonest due, then the oldest, at most ``limit``; and how many there are.

    Only that number is kept in memory.
    """
    count = itertools.count()
    counted = (status for status, _ in zip(statuses, count, strict=False))
    chosen = sorted(counted, key=_order) if limit is None else heapq.nsmallest(limit, counted, key=_order)
    return chosen, next(count)


def _order(status: Status) -> tuple[int, int, int]:
    due_ms = NEVER_MS if status.due_ms is None else status.due_ms
    return status.priority, due_ms, status.created_at_ms


def write(statuses: Iterable[Status], form: str) -> None:
    """Write them to stdout as ``json``, ``ndjson``, ``csv`` or ``name``."""
    if form == "csv":
        _write_csv(statuses)
        return
    if form == "name":
        lines = [status.workflow_id for status in statuses]
    elif form == "ndjson":
        lines = [json.dumps(plain(workflow_report(status)), ensure_ascii=False) for status in statuses]
    else:
        lines = [json.dumps([plain(workflow_report(status)) for status in statuses], ensure_ascii=False)]
    for line in lines:
        typer.echo(harmless_json(line))


def _write_csv(statuses: Iterable[Status]) -> None:
    writer = csv.DictWriter(sys.stdout, COLUMNS, extrasaction="ignore")
    writer.writeheader()
    for status in statuses:
        writer.writerow({**plain(workflow_report(status)), "findings": " ".join(status.findings)})
