"""Triage: what a vehicle's readings, one after the other, give reason to suspect.

Theory of operation. Each rule of the topology has a gate, a condition and a time. :func:`observe` takes the trackers of
a vehicle and one reading, and answers with the new trackers and the findings that fired. It keeps to the vehicle's own
clock, refuses what is not newer than the last reading, and lets no single reading start, end or hide anything. What it
remembers is sparse (``trackers.py``); how long is long enough is in ``holds.py``; when a rule applies, in
``engine_state.py``. It knows nothing of workflows and cool-downs.
"""

from master_orchestrator.core.triage.blindness import blinded
from master_orchestrator.core.triage.observe import QUIET, Observation, observe, odometer_of, suspicions
from master_orchestrator.core.triage.rules import TriageRules, compile_rules
from master_orchestrator.core.triage.summaries import summaries
from master_orchestrator.core.triage.trackers import Trackers, active_dtcs, new_trackers
from master_orchestrator.core.triage.trending import trends

__all__ = [
    "QUIET",
    "Observation",
    "Trackers",
    "TriageRules",
    "active_dtcs",
    "blinded",
    "compile_rules",
    "new_trackers",
    "observe",
    "odometer_of",
    "summaries",
    "suspicions",
    "trends",
]
