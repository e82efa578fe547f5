"""What an actor is held to for now: the newest control of it, and whether an act may begin. No clock, no broker."""

import threading
from collections.abc import Callable

from master_orchestrator_schemas.messages import Control
from master_orchestrator_schemas.vocabulary import Action, ControlLevel

BLOCKED_RETRY_S = 3_600.0
"""What a block stops is tried again after this time; a block of three hours ends no workflow by it."""

MIN_PER_MINUTE = 1.0
"""Of a throttled pair whose usual rate is not known."""


class HeldTo:
    """The control of one actor's instance. Thread-safe; the guard asks it before each act.

    Args:
        instance: the instance that asks; a control of another one does not concern it.
        now_ms: the time, in milliseconds since 1970 UTC.
    """

    def __init__(self, instance: str, now_ms: Callable[[], int]) -> None:
        self._instance, self._now_ms = instance, now_ms
        self._control: Control | None = None
        self._tokens: dict[tuple[str, str], tuple[float, int]] = {}
        self._lock = threading.Lock()

    @property
    def level(self) -> ControlLevel:
        """The level in force."""
        control = self._control
        return ControlLevel.OBSERVE if control is None or not self._concerns(control) else control.level

    def hold(self, control: Control) -> None:
        """From now on the actor is held to this; one of level OBSERVE ends the one before."""
        with self._lock:
            self._control = control
            self._tokens.clear()

    def refused_for_s(self, action: Action, resource: str) -> float | None:
        """None: the act may begin. Else the seconds after which it may be tried again."""
        control = self._control
        if control is None or control.level is ControlLevel.OBSERVE or not self._concerns(control):
            return None
        pair = (action.value, resource)
        rates = {(each.action, each.resource): each.per_minute for each in control.pairs}
        if rates and pair not in rates:
            return None
        if control.level is ControlLevel.BLOCK:
            return BLOCKED_RETRY_S
        return self._throttled_s(pair, rates.get(pair) or MIN_PER_MINUTE)

    def _concerns(self, control: Control) -> bool:
        over = control.until_ms is not None and self._now_ms() >= control.until_ms
        return not over and control.instance in (None, self._instance)

    def _throttled_s(self, pair: tuple[str, str], per_minute: float) -> float | None:
        """Take a token of the pair's bucket, which holds what comes in a minute; the wait for one if it is empty."""
        now_ms, per_ms, most = self._now_ms(), per_minute / 60_000, max(1.0, per_minute)
        with self._lock:
            tokens, since_ms = self._tokens.get(pair, (most, now_ms))
            tokens = min(most, tokens + (now_ms - since_ms) * per_ms)
            self._tokens[pair] = (tokens - 1 if tokens >= 1 else tokens, now_ms)
        return None if tokens >= 1 else (1 - tokens) / per_ms / 1000
