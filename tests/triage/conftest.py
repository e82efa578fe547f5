"""A vehicle that sends readings to triage, second by second."""

from collections.abc import Callable
from typing import Any

import pytest

from master_orchestrator.core.triage import Trackers, TriageRules, compile_rules, new_trackers, observe
from master_orchestrator_schemas.facts import Finding
from master_orchestrator_schemas.messages import Telemetry
from master_orchestrator_schemas.topology import Topology

START_MS = 1_750_000_000_000

HEALTHY = {
    "coolant_temp_c": 90.0,
    "engine_rpm": 2000.0,
    "oil_pressure_kpa": 320.0,
    "battery_voltage_v": 14.0,
    "engine_load_pct": 40.0,
    "speed_kmh": 50.0,
    "gearbox_temp_c": 85.0,
    "ltft_b1_pct": 1.0,
    "ambient_temp_c": 20.0,
    "hv_temp_max_c": 30.0,
    **dict.fromkeys(("tyre_fl_kpa", "tyre_fr_kpa", "tyre_rl_kpa", "tyre_rr_kpa"), 240.0),
    **dict.fromkeys(("brake_pad_wear_fl_pct", "brake_pad_wear_fr_pct"), 30.0),
    **dict.fromkeys(("brake_fluid_low", "abs_error", "esc_error", "mil_on", "mil_flashing", "red_stop_lamp"), False),
}


class Drive:
    """Keeps one vehicle's trackers, its clock, and all findings so far."""

    def __init__(self, rules: TriageRules, model: str | None = None) -> None:
        self.rules = rules
        self.model = model
        self.trackers: Trackers = new_trackers()
        self.ts_ms = START_MS
        self.findings: list[Finding] = []

    def send(self, **signals: Any) -> list[Finding]:
        """One reading of exactly these signals, now; what it set off."""
        reading = Telemetry(vehicle_id="v1", ts_ms=self.ts_ms, model=self.model, **signals)
        self.trackers, observation = observe(self.rules, self.trackers, reading)
        self.findings += observation.findings
        return list(observation.findings)

    def run(self, seconds: float, *, every_s: float = 1.0, **signals: Any) -> list[Finding]:
        """A healthy vehicle but for ``signals``: its first reading now, its last ``seconds`` later."""
        findings: list[Finding] = []
        for _ in range(int(seconds / every_s) + 1):
            findings += self.send(**{**HEALTHY, **signals})
            self.ts_ms += int(every_s * 1000)
        return findings

    def fired(self) -> list[str]:
        """The rules that have fired, in order."""
        return [finding.rule for finding in self.findings]


@pytest.fixture(scope="session")
def rules(topology: Topology) -> TriageRules:
    return compile_rules(topology.triage)


@pytest.fixture
def drive(rules: TriageRules) -> Drive:
    return Drive(rules)


@pytest.fixture
def drive_under() -> Callable[..., Drive]:
    """A vehicle under rules, and of a model, of the test's own."""
    return Drive
