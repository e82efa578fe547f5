"""No URGENT finding rests untold: the owner is asked, a human is called, or an agent says that it is nothing."""

from collections.abc import Sequence

from chaos_checker.records import Audit
from chaos_checker.rules.trails import by_workflow
from chaos_checker.violation import RuleViolation, violations_of

RESTING = frozenset({"SCHEDULING", "SCHEDULED", "IN_SERVICE", "FEEDBACK", "COMPLETED", "FAILED"})
"""States in which nobody is on the way to tell the owner."""
NOTHING = frozenset({"nothing_found", "duplicate"})
NAMES_NONE = frozenset({"SERVICE_OVERDUE"})
"""Calls that are not about findings."""


def all_told(audit: Sequence[Audit]) -> list[RuleViolation]:
    """Every URGENT finding of a trail has been told of when its workflow comes to rest."""
    return violations_of("urgent-told", [wrong for trail in by_workflow(audit).values() for wrong in _untold(trail)])


def _untold(trail: Sequence[Audit]) -> list[tuple[str, str]]:
    violations, untold = [], dict[str, int]()
    for index, record in enumerate(trail):
        untold |= record.facts.get("urgent", {})
        if _tells(record):
            untold.clear()
        for rule in record.facts.get("dismissed") or ():
            untold.pop(rule, None)
        if untold and record.to_state in RESTING and _is_last_of_its_cause(trail, index):
            violations.append(
                (record.where, f"nobody was told of {', '.join(sorted(untold))} before {record.to_state}")
            )
            untold.clear()
    return violations


def _tells(record: Audit) -> bool:
    """Whether owner or human hear of all that is open, or it turns out to be nothing."""
    engages = "/CUSTOMER_ENGAGEMENT/" in str(record.facts.get("issued", ""))
    called = set(record.facts.get("called", ())) - NAMES_NONE
    return engages or bool(called) or record.reason in NOTHING


def _is_last_of_its_cause(trail: Sequence[Audit], index: int) -> bool:
    return index + 1 == len(trail) or trail[index + 1].cause != trail[index].cause
