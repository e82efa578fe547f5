"""What the rules are judged against: one reading, and what is known of the vehicle at its time."""

from typing import Any, NamedTuple

from master_orchestrator.core.triage.rules import RuleSet
from master_orchestrator.core.triage.slots import Slot
from master_orchestrator.core.triage.summaries import has_shown_other
from master_orchestrator.core.triage.trackers import Engine, Summary
from master_orchestrator_schemas.messages import Telemetry

Values = tuple[Any, ...]


class Moment(NamedTuple):
    """``values`` by column of the rule set; ``coded``: a trouble code is active."""

    rules: RuleSet
    reading: Telemetry
    engine: Engine
    values: Values
    summary: Summary
    coded: bool


def counts(moment: Moment, slot: Slot) -> bool:
    """Whether the signal's value is one of the vehicle, and not one that its sensor shows without one."""
    value = slot.value_of(moment.reading)
    if value == slot.range.asleep:
        return has_shown_other(moment.summary, slot.signal, value)
    return slot.range.holds(value)
