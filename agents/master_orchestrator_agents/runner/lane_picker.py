"""Which lane goes next: weighted shares, with ageing, so that urgent overtakes a backlog and no lane starves.

Pure: time is an argument, and all the state there is are a few integers per lane.

Two rules, taken in turns where both apply:

- *Shares* (stride scheduling): of the lanes that wait, the one that has had least for its weight goes next; at equal
  shares the more urgent one. A lane that was idle starts at the present share: it has saved nothing up.
- *Ageing*: a lane whose oldest command has waited beyond the lane's ``max_wait`` goes first, the one that is most
  beyond its bound, in proportion. Two such turns never follow each other while shares would choose another lane, so a
  long-overdue ROUTINE backlog takes at most every other turn, and URGENT keeps the rest.

What follows is a bound on every command's wait, :func:`wait_bound`; ``docs/fairness.md`` argues and measures it.
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


def turns_bound(lane: Lane, lanes: Mapping[Lane, LaneTerms], picks: int = 1) -> int:
    """After how many turns at most a lane that never stops waiting has been picked ``picks`` times.

    At first it is at most one stride ahead of the present share, and each pick takes it one further: at the last pick
    it is at most ``picks`` strides ahead. Until then another lane of weight ``v``, which goes by share only while it is
    not further ahead, gets at most ``floor(picks * v / w) + 1`` such turns against this one's weight ``w``. That is the
    sum over the other lanes, plus the picks; and ageing may put one turn before each of these: twice as many in all.
    """
    return 2 * _share_turns(lane, lanes, picks)


def wait_bound(
    lane: Lane,
    lanes: Mapping[Lane, LaneTerms],
    *,
    handling_seconds: float,
    workers: int,
    ahead: int = 0,
    batch_size: int = 1,
    others_in_time: bool = False,
) -> float:
    """How long a command waits at most, in seconds, once it is fetched and its vehicle's other commands are done.

    ``ceil(turns_bound(picks) / workers) * handling_seconds``, where ``picks = ceil((ahead + 1) / batch_size)``: while
    something waits every worker is busy, and in any ``handling_seconds`` each of them takes a turn at least.

    Args:
        lane: the command's lane.
        lanes: the terms of all lanes.
        handling_seconds: the longest from when a worker takes a command, or several at once, to when it takes the next.
        workers: how many of them there are.
        ahead: commands of the same lane that came before it and still wait.
        batch_size: how many commands of this lane go out at once.
        others_in_time: no command of another lane has waited beyond its lane's ``max_wait``. Then no turn goes to the
            others by ageing, and from its own ``max_wait`` on this lane has at least every other turn.
    """
    picks = math.ceil((ahead + 1) / batch_size)
    if not others_in_time:
        return math.ceil(turns_bound(lane, lanes, picks) / workers) * handling_seconds
    by_share = math.ceil(_share_turns(lane, lanes, picks) / workers) * handling_seconds
    by_age = lanes[lane].max_wait_ms / 1000 + math.ceil(2 * picks / workers) * handling_seconds
    return min(by_share, by_age)


def _share_turns(lane: Lane, lanes: Mapping[Lane, LaneTerms], picks: int) -> int:
    own = lanes[lane].weight
    return picks + sum(picks * lanes[other].weight // own + 1 for other in BY_URGENCY if other is not lane)
