"""User and entity behaviour analytics, pure: what an actor does, compared with its charter and its own past.

``Analysis.observe`` takes one act and gives the findings that it raises or grows. Nothing here reads a clock or a file.
"""

from master_orchestrator.behaviour.acts import Act
from master_orchestrator.behaviour.analysis import Analysis, AnalysisTerms
from master_orchestrator.behaviour.findings import ALERT_SEVERITY, BehaviourFinding, Rule
from master_orchestrator.behaviour.risk import Band, band_of

__all__ = [
    "ALERT_SEVERITY",
    "Act",
    "Analysis",
    "AnalysisTerms",
    "Band",
    "BehaviourFinding",
    "Rule",
    "band_of",
]
