"""What the engine counts of work that no finding asks for: campaigns, and regular service."""

import json
from collections.abc import Callable
from typing import Any

from master_orchestrator.core.decide.campaigns import SETTLED, WHY
from master_orchestrator.core.outcome import Outcome
from master_orchestrator_schemas.messages import AuditRecord
from master_orchestrator_schemas.metrics import Metrics
from master_orchestrator_schemas.vocabulary import State

ENDED = frozenset({State.COMPLETED, State.FAILED})
CAMPAIGN_EVENTS = {
    "campaign_joined": "joined",
    "campaign_remembered": "waiting",
    "campaign_closed": "closed",
}
"""The audit trail's names for what becomes of a campaign's work in an open workflow."""
SERVICE_EVENTS = {
    "workflow_opened": ("opened", "service"),
    "service_joined": ("joined", "service"),
    "service_done": ("done", "items"),
}
"""The audit trail's names for what becomes of items of regular service, and the detail that lists them."""


class WorkCounts:
    """Counts from the audit trail; ``child`` finds a metric's series."""

    def __init__(self, metrics: Metrics, child: Callable[..., Any]) -> None:
        self._metrics, self._child = metrics, child

    def expect(self) -> None:
        """Let the counts start at 0."""
        for became in ("opened", *CAMPAIGN_EVENTS.values(), *sorted(SETTLED)):
            self._child(self._metrics.campaign_work, became)
        for became, _ in SERVICE_EVENTS.values():
            self._child(self._metrics.service_items, became)

    def take(self, outcome: Outcome) -> None:
        """Count what one input led to."""
        for entry in outcome.audit:
            self._campaigns(entry, outcome)
            if entry.event in SERVICE_EVENTS:
                became, listed = SERVICE_EVENTS[entry.event]
                if f'"{listed}"' in entry.details:  # most workflows have none
                    self._child(self._metrics.service_items, became).inc(len(json.loads(entry.details).get(listed, ())))

    def _campaigns(self, entry: AuditRecord, outcome: Outcome) -> None:
        """What became of the work of campaigns; the ends that settle it too."""
        if entry.event in CAMPAIGN_EVENTS:
            became, number = _became(entry)
            self._child(self._metrics.campaign_work, became).inc(number)
        elif entry.event == "workflow_opened" and entry.reason == WHY:
            self._child(self._metrics.campaign_work, "opened").inc()
        elif entry.to_state in ENDED and entry.from_state != entry.to_state and entry.reason in SETTLED:
            for status in outcome.status:
                if status.workflow_id == entry.workflow_id:
                    self._child(self._metrics.campaign_work, entry.reason).inc(len(status.campaigns))


def _became(entry: AuditRecord) -> tuple[str, int]:
    """What became of the work of how many campaigns. What an owner is only asked about waits until they agree."""
    details = json.loads(entry.details)
    if entry.event == "campaign_joined" and details.get("campaign") in details["campaigns_waiting"]:
        return "waiting", 1
    return CAMPAIGN_EVENTS[entry.event], len(details.get("joined", (1,)))
