"""Which rules a vehicle's rate of reporting makes blind: what they are about may happen, and they cannot tell."""

import math

from master_orchestrator.core.triage.engine_state import SERVED_MS, TOO_FAR_MS, UNBROKEN_MS
from master_orchestrator.core.triage.rules import TriageRules
from master_orchestrator.core.triage.slots import Slot
from master_orchestrator.core.triage.trackers import Trackers


def blinded(rules: TriageRules, before: Trackers, after: Trackers) -> tuple[str, ...]:
    """The rules that became blind from ``before`` to ``after``, by name; none of a vehicle that became no slower."""
    was, now = before.engine.reach_ms, after.engine.reach_ms
    if now <= was:
        return ()
    ruleset = rules.models.get(after.model or "", rules.other)
    slots = [*ruleset.cranking, *ruleset.by_key.values()]
    return tuple(sorted({slot.rule for slot in slots if was < _blind_from(slot) <= now}))


def _blind_from(slot: Slot) -> float:
    """The ``reach_ms`` from which a rule cannot tell.

    A start takes seconds, so that slow readings miss it; what an engine must have done for longer than a minute is not
    known between readings so far apart that it may have been off; and readings too far apart for one drive add up only
    where the rule has a longer ``max_gap`` of its own.
    """
    if slot.repeats:
        return 1
    waits_ms = 0 if slot.gate.engine == "any" else slot.gate.for_ms
    if waits_ms > SERVED_MS:
        return UNBROKEN_MS + 1
    return TOO_FAR_MS if slot.max_gap_ms < TOO_FAR_MS else math.inf
