"""Statuses as readers find them on their topic."""

from typing import Any

from master_orchestrator_schemas.messages import Status
from master_orchestrator_schemas.vocabulary import Priority, State


def status(workflow_id: str, state: State, **fields: Any) -> Status:
    """The status of a workflow of priority HIGH that was opened at 0, but for ``fields``."""
    return Status(
        **{
            "workflow_id": workflow_id,
            "vehicle_id": workflow_id.partition("~")[0],
            "state": state,
            "priority": Priority.HIGH,
            "reason": None,
            "step": "DIAGNOSIS",
            "attempt": 0,
            "attempts": 1,
            "findings": (),
            "created_at_ms": 0,
            "updated_at_ms": 5,
            "seq": 1,
            "history": (),
            **fields,
        }
    )
