"""What the demo says at its end: figures, one workflow's timeline, what audit verify finds. Pure."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from master_orchestrator.demo.board import Board
from master_orchestrator.demo.conduct import ActorConduct, conduct_table
from master_orchestrator.demo.render import timeline
from master_orchestrator.readers.audit_verdict import AuditVerdict
from master_orchestrator.readers.statistics import statistics_of
from master_orchestrator.simulation.gateway import GatewayTally
from master_orchestrator_schemas.headers import rfc3339
from master_orchestrator_schemas.messages import AuditRecord

VIOLATIONS_SHOWN = 10


@dataclass(frozen=True)
class DemoVerdict:
    """How it went.

    Args:
        audit: what ``audit verify`` found, on the whole cluster.
        told: the audit trail of one workflow, in order, to be shown.
        conduct: by actor, what it did and at which risk.
        silent: faulty vehicles for which nothing was opened, with their faults.
        stopped: why the demo ended before everything had, None if it did not.
        first_completed_s: from the demo's start to the first COMPLETED, None without one.
    """

    board: Board
    tally: GatewayTally
    audit: AuditVerdict
    told: Sequence[AuditRecord]
    conduct: Mapping[str, ActorConduct]
    silent: Sequence[str]
    stopped: str | None
    first_completed_s: float | None

    @property
    def good(self) -> bool:
        """Whether every fault was found, everything ended and was acknowledged, and the audit trail is clean."""
        wrong = self.stopped or self.silent or self.board.open or self.audit.outcome != "whole"
        return not wrong and self.tally.acknowledged == self.tally.sent

    def as_text(self) -> RenderableType:
        """Statistics, a timeline, and the verdict."""
        told: list[RenderableType] = [Text(), timeline(self.told)] if self.told else []
        conduct: list[RenderableType] = [Text(), conduct_table(self.conduct)] if self.conduct else []
        return Group(self._figures(), *told, *conduct, Text(), *self._lines())

    def as_json(self) -> dict[str, object]:
        """The same for ``--json``, without the timeline."""
        return {
            "good": self.good,
            "stopped": self.stopped,
            "silent": list(self.silent),
            "first_completed_s": self.first_completed_s,
            "readings_sent": self.tally.sent,
            "readings_acknowledged": self.tally.acknowledged,
            "retries": self.board.retries,
            "audit_records": self.audit.records,
            "audit_violations": [f"{v.workflow_id}/{v.seq} {v.kind}: {v.text}" for v in self.audit.violations],
            "actors": {actor: vars(done) for actor, done in self.conduct.items()},
            "open": [status.workflow_id for status in self.board.open],
            "statistics": statistics_of(self.board.statuses),
        }

    def _figures(self) -> Table:
        figures = statistics_of(self.board.statuses)
        table = Table(box=None, pad_edge=False, show_header=False)
        table.add_row("readings sent, acknowledged", f"{self.tally.sent:,}, {self.tally.acknowledged:,}")
        table.add_row("workflows opened", str(figures["total_workflows"]))
        table.add_row("completed, failed", f"{figures['completed']}, {figures['failed']}")
        table.add_row("ended by reason", ", ".join(f"{why} {count}" for why, count in self.board.reasons().items()))
        for line in self._serviced():
            table.add_row("regular service", line)
        table.add_row("urgent handled", str(figures["urgent_handled"]))
        table.add_row("retries", str(self.board.retries))
        table.add_row("mean time to COMPLETED", f"{figures['average_completion_time']:.1f} s")
        first = "none" if self.first_completed_s is None else f"after {self.first_completed_s:.1f} s"
        table.add_row("first COMPLETED", first)
        return table

    def _serviced(self) -> Iterator[str]:
        """Each item of regular service that a workflow was to do, and how that ended."""
        for status in self.board.statuses:
            for due in status.service:
                ended = status.reason or status.state
                yield f"{due.item} of {status.vehicle_id}, due {rfc3339(due.due_ms)[:10]}: {ended}"

    def _lines(self) -> list[Text]:
        wrong = [f"the demo stopped early: {self.stopped}"] if self.stopped else []
        wrong += [f"still open: {status.workflow_id} in {status.state}" for status in self.board.open]
        wrong += [f"nothing was opened for {vehicle}" for vehicle in self.silent if not self.stopped]
        shown = self.audit.violations[:VIOLATIONS_SHOWN]
        wrong += [f"audit: {v.workflow_id}/{v.seq} {v.kind}: {v.text}" for v in shown]
        wrong += [f"audit: cannot be told: {gap.text}" for gap in self.audit.untold[:VIOLATIONS_SHOWN]]
        outcome = self.audit.outcome
        audited = f"audit verify: {self.audit.records:,} records of {self.audit.workflows} workflows, {outcome}"
        style = "green" if outcome == "whole" else "red"
        return [*(Text(line, style="red") for line in wrong), Text(audited, style=style)]
