"""What was done for an entity before: it stands in for commands where the source of the acts names none."""

from collections import OrderedDict

from master_orchestrator.behaviour.acts import DAY_MS, Act, Pair

MAX_ENTITIES = 65_536
NEVER = (DAY_MS // 1000).bit_length()
"""The lag of an act that nothing else preceded within a day."""
LAGS = NEVER + 1


class Precedents:
    """Per entity the newest act, and the time of the newest one of another pair."""

    def __init__(self) -> None:
        self._newest: OrderedDict[str, tuple[Pair, int, int | None]] = OrderedDict()

    def lag(self, act: Act) -> int:
        """How long before ``act`` something else was done for its entity: the bits of the seconds, at most ``NEVER``.

        Remembers ``act``.
        """
        other_ms: int | None = None
        if (known := self._newest.pop(act.entity, None)) is not None:
            pair, at_ms, before_ms = known
            other_ms = before_ms if pair == act.pair else at_ms
        self._newest[act.entity] = (act.pair, act.at_ms, other_ms)
        if len(self._newest) > MAX_ENTITIES:
            self._newest.popitem(last=False)
        return NEVER if other_ms is None else min(NEVER, ((act.at_ms - other_ms) // 1000).bit_length())
