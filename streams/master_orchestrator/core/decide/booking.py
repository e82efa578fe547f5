"""Whether what was booked begins in time."""

from master_orchestrator.core.policy import Policy
from master_orchestrator.core.state import Appointment
from master_orchestrator_schemas.vocabulary import Priority


def is_too_late(policy: Policy, appointment: Appointment, priority: Priority, at_ms: int) -> bool:
    """Whether it begins later than the priority allows from now on."""
    return appointment.start_ms > at_ms + policy.due_ms(priority)
