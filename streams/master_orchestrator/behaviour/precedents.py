"""What was done for an entity before: it stands in for commands where the source of the acts names none."""

from collections import Counter, OrderedDict
from typing import NamedTuple

from master_orchestrator.behaviour.acts import DAY_MS, HOUR_MS, Act, Pair
from master_orchestrator.behaviour.panes import PANE_MS

MAX_ENTITIES = 65_536
MAX_DONE = 16
"""Pairs that are remembered of an entity."""
NEVER = (DAY_MS // 1000).bit_length()
"""The lag of an act that nothing else preceded within a day."""
LAGS = NEVER + 1
MAX_KINDS_OF_WORK = 64
REPEATED_MS = HOUR_MS
"""What is done again for an entity within this time is a repeat, after a failure or a crash."""


class Before(NamedTuple):
    """The newest other work for an act's entity: how long before (bits of the seconds, at most ``NEVER``), and what."""

    lag: int
    pair: Pair | None


NOTHING = Before(NEVER, None)


class _Trace:
    """What was done for one entity: the newest act of each pair with what came before it, and who did the newest."""

    __slots__ = ("actor", "done")

    def __init__(self) -> None:
        self.actor = ""
        self.done: dict[Pair, tuple[int, Before]] = {}


class Precedents:
    """What was done for each entity."""

    def __init__(self) -> None:
        self._traces: OrderedDict[str, _Trace] = OrderedDict()

    def takes_up(self, act: Act) -> tuple[str, Pair] | None:
        """The actor and the pair whose work for the entity ``act`` takes up: another's, that has just been done."""
        trace = self._traces.get(act.entity)
        if trace is None or trace.actor == act.actor:
            return None
        pair = next(reversed(trace.done))
        return (trace.actor, pair) if act.at_ms - trace.done[pair][0] <= PANE_MS else None

    def before(self, act: Act) -> Before:
        """What came before the act, other than acts of its own pair; of a repeat, what came before the first.

        Remembers ``act``.
        """
        trace = self._traces.pop(act.entity, None) or _Trace()
        self._traces[act.entity] = trace
        if len(self._traces) > MAX_ENTITIES:
            self._traces.popitem(last=False)
        own_ms, before = trace.done.pop(act.pair, (0, NOTHING))
        if act.at_ms - own_ms >= REPEATED_MS:
            before = _newest(trace, act.at_ms)
        trace.actor = act.actor
        trace.done[act.pair] = act.at_ms, before
        if len(trace.done) > MAX_DONE:
            del trace.done[next(iter(trace.done))]
        return before


def _newest(trace: _Trace, at_ms: int) -> Before:
    if not trace.done:
        return NOTHING
    pair = next(reversed(trace.done))
    lag = ((at_ms - trace.done[pair][0]) // 1000).bit_length()
    return Before(lag, pair) if lag < NEVER else NOTHING


class UsualWork:
    """What usually comes before acts of one pair, and how long before."""

    __slots__ = ("_lags", "_pairs", "acts")

    def __init__(self) -> None:
        self.acts = 0
        self._lags = [0] * LAGS
        self._pairs: Counter[Pair] = Counter()

    def learn(self, before: Before) -> None:
        """Take in what came before one more act."""
        self.acts += 1
        self._lags[before.lag] += 1
        if before.pair is not None and (before.pair in self._pairs or len(self._pairs) < MAX_KINDS_OF_WORK):
            self._pairs[before.pair] += 1

    def times(self, before: Before) -> int:
        """How many acts came at least as long after other work, or, if that is more, after work as rare as this.

        What is late after a pause, or tried again, still follows the work that it always follows.
        """
        late = sum(self._lags[before.lag :])
        if before.pair is None:
            return late
        own = self._pairs[before.pair]
        return max(late, sum(count for count in self._pairs.values() if count <= own) if own else 0)

    @property
    def alone(self) -> float:
        """The odds that nothing comes before."""
        return (self._lags[NEVER] + 1) / (self.acts + 2)
