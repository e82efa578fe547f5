"""Which lane goes next: weighted shares, with ageing, so that urgent overtakes a backlog and no lane starves.

Pure: time is an argument, and all the state there is are a few integers per lane.

Two rules, taken in turns where both apply:

- *Shares* (stride scheduling): of the lanes that wait, the one that has had least for its weight goes next; at equal
  shares the more urgent one. A lane that was idle starts at the present share: it has saved nothing up.
- *Ageing*: a lane whose oldest command has waited beyond the lane's ``max_wait`` goes first, the one that is most
  beyond its bound, in proportion. Two such turns never follow each other while shares would choose another lane, so a
  long-overdue ROUTINE backlog takes at most every other turn, and URGENT keeps the rest.
"""

import math
from collections.abc import Mapping

from master_orchestrator_schemas.topology import LaneTerms
from master_orchestrator_schemas.vocabulary import Lane

BY_URGENCY = tuple(Lane)
"""Most urgent first."""


class LanePicker:
    """Chooses lanes one turn at a time. Not thread-safe: its owner holds a lock."""

    def __init__(self, lanes: Mapping[Lane, LaneTerms]) -> None:
        """``lanes``: weight and longest wait of each lane, from the topology."""
        whole = math.lcm(*(terms.weight for terms in lanes.values()))
        self._stride = {lane: whole // lanes[lane].weight for lane in BY_URGENCY}
        self._max_wait_ms = {lane: lanes[lane].max_wait_ms for lane in BY_URGENCY}
        self._used = dict.fromkeys(BY_URGENCY, 0)
        self._share_now = 0
        self._aged_last = False

    def pick(self, now_ms: int, waiting: Mapping[Lane, int]) -> Lane | None:
        """The lane whose turn it is, or None when nothing waits.

        Args:
            now_ms: the present time, of the same clock as the times in ``waiting``.
            waiting: for each lane that has a command that may start now, since when the oldest of them has waited (ms).
        """
        if not waiting:
            return None
        by_share = min((lane for lane in BY_URGENCY if lane in waiting), key=self._share)
        overdue = self._most_overdue(now_ms, waiting)
        if overdue not in (None, by_share) and not self._aged_last:
            self._aged_last = True
            return overdue
        self._aged_last = False
        self._share_now = self._share(by_share)
        self._used[by_share] = self._share_now + self._stride[by_share]
        return by_share

    def _share(self, lane: Lane) -> int:
        return max(self._used[lane], self._share_now)

    def _most_overdue(self, now_ms: int, waiting: Mapping[Lane, int]) -> Lane | None:
        lateness = {lane: (now_ms - since) / self._max_wait_ms[lane] for lane, since in waiting.items()}
        late = [lane for lane in BY_URGENCY if lateness.get(lane, 0.0) > 1.0]
        return max(late, key=lateness.__getitem__, default=None)


def turns_bound(lane: Lane, lanes: Mapping[Lane, LaneTerms]) -> int:
    """After at most how many turns, its own included, a waiting ``lane`` is picked, whatever else waits.

    A lane is at most one stride ahead of the present share. Until the others have caught up, another lane of weight
    ``v`` gets at most ``floor(v / w) + 1`` turns against this one's weight ``w``; that is the sum over the other lanes,
    plus its own turn; and ageing may put one turn before each of these: twice as many in all.
    """
    own = lanes[lane].weight
    return 2 * (1 + sum(lanes[other].weight // own + 1 for other in BY_URGENCY if other is not lane))


def wait_bound(
    lane: Lane, lanes: Mapping[Lane, LaneTerms], *, handling_seconds: float, workers: int, ahead: int = 0
) -> float:
    """How long a command of ``lane`` waits at most, in seconds, from when its vehicle has no other one in flight.

    ``ceil((ahead + 1) * turns_bound / workers) * handling_seconds``: while something waits, every worker is busy, and
    in any ``handling_seconds`` each of the ``workers`` ends a command and takes a turn.

    Args:
        lane: the command's lane.
        lanes: the terms of all lanes.
        handling_seconds: the longest a handler takes for one command.
        workers: how many commands are handled at once.
        ahead: commands of the same lane that came before it and still wait.
    """
    return math.ceil((ahead + 1) * turns_bound(lane, lanes) / workers) * handling_seconds
