"""The figures of all workflows, folded from the newest status record of each."""

from collections import Counter
from collections.abc import Iterable
from typing import TypedDict

from master_orchestrator.core.transitions import END_STATES
from master_orchestrator_schemas.messages import Status
from master_orchestrator_schemas.vocabulary import Priority, State


class Statistics(TypedDict):
    """Counts of workflows.

    ``urgent_handled``: those that reached COMPLETED as URGENT; ``workflows_by_state`` names all twelve states;
    ``average_completion_time``: seconds from opening to COMPLETED, 0.0 as long as none has.
    """

    total_workflows: int
    completed: int
    failed: int
    urgent_handled: int
    active_workflows: int
    workflows_by_state: dict[str, int]
    average_completion_time: float


def has_ended(status: Status) -> bool:
    """Whether the workflow is over (a FAILED one until an operator redrives it)."""
    return status.state in END_STATES


def fold_statistics(statuses: Iterable[Status]) -> Statistics:
    """The figures of the given newest statuses, one per workflow."""
    newest = tuple(statuses)
    by_state = Counter(status.state for status in newest)
    completed = [status for status in newest if status.state is State.COMPLETED]
    durations = [_ended_at_ms(status) - status.created_at_ms for status in completed]
    return Statistics(
        total_workflows=len(newest),
        completed=len(completed),
        failed=by_state[State.FAILED],
        urgent_handled=sum(status.priority is Priority.URGENT for status in completed),
        active_workflows=sum(not has_ended(status) for status in newest),
        workflows_by_state={state.value: by_state[state] for state in State},
        average_completion_time=sum(durations) / len(durations) / 1000 if durations else 0.0,
    )


def _ended_at_ms(status: Status) -> int:
    """When the workflow reached its end; a side task may touch its record later."""
    return status.history[-1].at_ms if status.history else status.updated_at_ms
