"""The figures of all workflows, as the dict that users get."""

from collections.abc import Iterable
from typing import TypedDict

from master_orchestrator.core.fold import Figured, statistics
from master_orchestrator_schemas.vocabulary import State


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


def statistics_of(statuses: Iterable[Figured]) -> Statistics:
    """The figures of the given newest statuses, one per workflow."""
    figures = statistics(statuses)
    return Statistics(
        total_workflows=figures.total_workflows,
        completed=figures.completed,
        failed=figures.failed,
        urgent_handled=figures.urgent_handled,
        active_workflows=figures.active_workflows,
        workflows_by_state={state.value: figures.workflows_by_state.get(state.value, 0) for state in State},
        average_completion_time=figures.average_completion_time,
    )
