"""A record that the core itself fails at. Processing would fail again: it becomes a dead letter, with an alert."""

from master_orchestrator.core.rejection import Rejection
from master_orchestrator_schemas.messages import Alert, Cause
from master_orchestrator_schemas.vocabulary import AlertKind

UNPROCESSABLE = "unprocessable"
"""The dead letter's reason."""


def unprocessable(cause: Cause, at_ms: int, error: Exception) -> tuple[Rejection, Alert]:
    """Why the record is rejected, and the call for a human."""
    place = f"{cause.topic}/{cause.partition}/{cause.offset}"
    text = f"{type(error).__name__}: {error}"[:500].encode(errors="replace").decode()
    alert = Alert(
        alert_id=f"{place}/{AlertKind.RECORD_UNPROCESSABLE}",
        kind=AlertKind.RECORD_UNPROCESSABLE,
        at_ms=at_ms,
        message=f"the engine failed at the record {cause} and set it aside ({text}); its log has the traceback. "
        "Mend the engine, then redrive the dead letter",
    )
    return Rejection(UNPROCESSABLE, text), alert
