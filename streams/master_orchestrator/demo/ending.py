"""When the demo is over. Pure: the time is an argument."""

from dataclasses import dataclass

GRACE_S = 2.0
"""After the engine has read everything, the last of its effects may take this long to be seen."""


@dataclass
class Ending:
    """Says when all is done: the fleet has sent everything, the engine has read it, and no workflow is open.

    ``deadline_s``: when the demo gives up (seconds, as ``now_s``).
    """

    deadline_s: float
    _settled: tuple[float, int] | None = None

    def ended(self, now_s: float, *, fleet_done: bool, unread: int, open_workflows: int, changes: int) -> bool:
        """Whether it is over, and has been for :data:`GRACE_S` without a change of any workflow."""
        if not fleet_done or unread or open_workflows:
            self._settled = None
            return False
        if self._settled is None or self._settled[1] != changes:
            self._settled = now_s, changes
        return now_s - self._settled[0] >= GRACE_S

    def overdue(self, now_s: float) -> bool:
        """Whether the demo has to give up."""
        return now_s >= self.deadline_s
