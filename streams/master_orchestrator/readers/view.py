"""The newest status of every workflow, in memory, for many threads at once."""

import threading
from collections import defaultdict
from collections.abc import Callable
from concurrent.futures import Future

from master_orchestrator_schemas.messages import Status

Condition = Callable[[Status], bool]
Watch = tuple[Condition, "Future[Status]"]


class WorkflowsView:
    """Fed with status records by one thread, asked and watched by any."""

    def __init__(self) -> None:
        self._newest: dict[str, Status] = {}
        self._watches: defaultdict[str, list[Watch]] = defaultdict(list)
        self._lock = threading.Lock()

    def apply(self, status: Status) -> None:
        """Take a status record; an older one than is known changes nothing."""
        with self._lock:
            known = self._newest.get(status.workflow_id)
            if known is not None and known.seq > status.seq:
                return
            self._newest[status.workflow_id] = status
            settled = self._take_settled(status)
        for future in settled:
            if future.set_running_or_notify_cancel():
                future.set_result(status)

    def find(self, workflow_id: str) -> Status | None:
        """The newest status of a workflow, None if there is none."""
        with self._lock:
            return self._newest.get(workflow_id)

    def all(self) -> tuple[Status, ...]:
        """The newest status of every workflow, in order of their first appearance."""
        with self._lock:
            return tuple(self._newest.values())

    def watch(self, workflow_id: str, holds: Condition) -> "Future[Status]":
        """The first status for which ``holds``: the present one or a later one. Cancel it to stop watching."""
        future: Future[Status] = Future()
        with self._lock:
            status = self._newest.get(workflow_id)
            if status is None or not holds(status):
                going_on = [watch for watch in self._watches[workflow_id] if not watch[1].cancelled()]
                self._watches[workflow_id] = [*going_on, (holds, future)]
                return future
        future.set_result(status)
        return future

    def _take_settled(self, status: Status) -> list["Future[Status]"]:
        """Remove and return the futures that this status settles; cancelled ones go as well."""
        watches = self._watches.pop(status.workflow_id, [])
        if going_on := [watch for watch in watches if not watch[1].cancelled() and not watch[0](status)]:
            self._watches[status.workflow_id] = going_on
        return [future for holds, future in watches if (holds, future) not in going_on]
