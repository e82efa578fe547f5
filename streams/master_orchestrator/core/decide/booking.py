"""Whether what was booked still stands, and begins in time."""

from typing import Final

from master_orchestrator.core.policy import Policy
from master_orchestrator.core.state import Appointment, Workflow
from master_orchestrator.core.transitions import REASON_NUMBERS, STATE_NUMBERS
from master_orchestrator_schemas.vocabulary import Priority, State

ENDS_BOOKING: Final = frozenset(REASON_NUMBERS[reason] for reason in ("no_show", "service_cancelled", "parts_missing"))
"""Numbers of the reasons for which a booking falls through."""


def standing(workflow: Workflow) -> Appointment | None:
    """The newest booking; None if it has fallen through and the next one is not made yet."""
    for _, state, reason in reversed(workflow.history):
        if reason in ENDS_BOOKING:
            return None
        if state == STATE_NUMBERS[State.SCHEDULED]:
            break
    return workflow.appointment


def is_too_late(policy: Policy, appointment: Appointment, priority: Priority, at_ms: int) -> bool:
    """Whether it begins later than the priority allows from now on."""
    return appointment.start_ms > at_ms + policy.due_ms(priority)
