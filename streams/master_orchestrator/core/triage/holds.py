"""Persistence: how long a rule's condition has held, by the vehicle's clock, and when it has held long enough.

One reading against the run of the others changes nothing, either way: a lone value beyond the limit never fires (two
readings are needed), and a lone good value does not clear what three before it have built up.
"""

from master_orchestrator.core.triage.trackers import Hold

NEEDED = 2
"""Readings that must meet a condition before it counts."""

RUN_THAT_OUTLASTS_A_MISS = 3
"""Readings in a row that must have met a condition for a single one to the contrary to be taken for a spike."""

FIRED = Hold(since_ms=0, hits=0, fired=True)


def met(hold: Hold | None, ts_ms: int, *, max_gap_ms: int) -> Hold:
    """The hold after a reading that meets the condition; a new one after too long a gap: what lay in it is unknown."""
    if hold is None:
        return Hold(ts_ms)
    if hold.fired:
        return FIRED
    if ts_ms - hold.until_ms > max_gap_ms:
        return Hold(ts_ms)
    return Hold(hold.since_ms, ts_ms - hold.since_ms, hold.hits + 1)


def ripe(hold: Hold, hold_ms: int) -> bool:
    """Whether a pending hold has lasted long enough to fire."""
    return not hold.fired and hold.hits >= NEEDED and hold.lasted_ms >= hold_ms


def contradicted(hold: Hold, ts_ms: int, *, max_gap_ms: int, clear_after_ms: int) -> Hold | None:
    """The hold after a reading that does not meet the condition; None: cleared."""
    if hold.fired:
        return _recovering(hold, ts_ms, max_gap_ms=max_gap_ms, clear_after_ms=clear_after_ms)
    return _interrupted(hold)


def _interrupted(hold: Hold) -> Hold | None:
    outlasts = hold.hits >= RUN_THAT_OUTLASTS_A_MISS
    return Hold(hold.since_ms, hold.lasted_ms, 0) if outlasts else None


def _recovering(hold: Hold, ts_ms: int, *, max_gap_ms: int, clear_after_ms: int) -> Hold | None:
    """What fired clears when it has been contradicted long enough, so that what comes and goes is one finding."""
    if not hold.since_ms or ts_ms - hold.until_ms > max_gap_ms:
        return Hold(ts_ms, 0, 0, fired=True)
    if ts_ms - hold.since_ms >= clear_after_ms:
        return None
    return Hold(hold.since_ms, ts_ms - hold.since_ms, 0, fired=True)


def gate_shut(hold: Hold) -> Hold | None:
    """The hold after a reading to which the rule does not apply: what fired stays so, what was pending did not hold."""
    return hold if hold.fired else _interrupted(hold)
