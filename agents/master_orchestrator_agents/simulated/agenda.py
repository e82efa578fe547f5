"""What the simulated workshops have to report, and when. Pure: the time is an argument."""

import heapq
from collections.abc import Iterator

from master_orchestrator_agents.simulated.workshop import SimulatedWorkshops
from master_orchestrator_schemas.messages import ServiceEvent, Status


class Agenda:
    """Events waiting for their time. The newest status of a workflow decides what is still to be reported of it.

    Args:
        workshops: what happens.
        speed: simulated seconds per second.
        max_wait_s: no event waits longer than this (seconds), however far ahead the appointment is.
    """

    def __init__(self, workshops: SimulatedWorkshops, *, speed: float, max_wait_s: float) -> None:
        self._workshops = workshops
        self._speed = speed
        self._max_wait_s = max_wait_s
        self._due: list[tuple[float, str]] = []
        self._waiting: dict[str, ServiceEvent] = {}
        self._of_workflow: dict[str, set[str]] = {}

    def take(self, status: Status, now_s: float) -> None:
        """A status has changed: what no longer follows from it is off, what is new is added."""
        planned = {plan.event.event_id: plan for plan in self._workshops.plan(status)}
        before = self._of_workflow.pop(status.workflow_id, set())
        for event_id in before - planned.keys():
            self._waiting.pop(event_id, None)
        if planned:
            self._of_workflow[status.workflow_id] = set(planned)
        for event_id in planned.keys() - before:
            self._waiting[event_id] = planned[event_id].event
            delay_s = min(planned[event_id].delay_ms / 1000 / self._speed, self._max_wait_s)
            heapq.heappush(self._due, (now_s + delay_s, event_id))

    def due(self, now_s: float) -> Iterator[ServiceEvent]:
        """The events whose time has come; each is given out once."""
        while self._due and self._due[0][0] <= now_s:
            _, event_id = heapq.heappop(self._due)
            event = self._waiting.pop(event_id, None)
            if event is not None:
                yield event
