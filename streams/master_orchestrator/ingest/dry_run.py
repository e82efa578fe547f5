"""Triage without Kafka: which workflows some readings would open, and why."""

from collections.abc import Mapping
from typing import NamedTuple

from master_orchestrator.core.triage import Trackers, TriageRules, new_trackers, observe
from master_orchestrator.ingest.producer import Delivered
from master_orchestrator_schemas.facts import Finding
from master_orchestrator_schemas.messages import Telemetry
from master_orchestrator_schemas.vocabulary import Priority


class Opening(NamedTuple):
    """A finding that would open a workflow, or join an open one, of a vehicle."""

    vehicle_id: str
    finding: Finding

    def as_json(self) -> dict[str, object]:
        """The opening for ``--json``."""
        wire = self.finding.model_dump(mode="json")
        return {"vehicle_id": self.vehicle_id, **wire, "priority": self.finding.priority.name}


class TriageSink:
    """Runs readings through triage as the engine would; no agent answers, so only cool-downs hold findings back."""

    def __init__(self, rules: TriageRules, cooldown_ms: Mapping[Priority, int]) -> None:
        self._rules = rules
        self._cooldown_ms = cooldown_ms
        self._trackers: dict[str, Trackers] = {}
        self._fired_ms: dict[tuple[str, str], int] = {}
        self.openings: list[Opening] = []
        self.dropped = 0

    def send(self, reading: Telemetry, delivered: Delivered) -> None:
        """Let triage see a reading; duplicates and late ones are counted in ``dropped``."""
        trackers = self._trackers.get(reading.vehicle_id) or new_trackers()
        self._trackers[reading.vehicle_id], seen = observe(self._rules, trackers, reading)
        self.dropped += not seen.accepted
        for finding in seen.findings:
            self._take(reading.vehicle_id, finding)
        delivered(None)

    def _take(self, vehicle_id: str, finding: Finding) -> None:
        key = vehicle_id, finding.rule
        fired_ms = self._fired_ms.get(key)
        if fired_ms is None or finding.at_ms - fired_ms >= self._cooldown_ms[finding.priority]:
            self._fired_ms[key] = finding.at_ms
            self.openings.append(Opening(vehicle_id, finding))

    def close(self) -> None:
        """Nothing is outstanding."""
