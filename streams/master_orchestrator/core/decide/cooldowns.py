"""Cool-downs: the same finding does not reopen within the time that belongs to its priority.

It counts from the end of the workflow that saw the finding, however that ended: a FAILED one has called a human, and a
new workflow per reading would help nobody. A finding that has become more urgent is not held back, and neither is one
that arrived too late for DATA_ANALYSIS and DIAGNOSIS to see it. What was only suspected, on one reading, holds nothing
back unless the owner was told of it.
"""

from collections.abc import Iterable

from master_orchestrator.core import bounds
from master_orchestrator.core.policy import Policy
from master_orchestrator.core.state import Cooldown, Workflow
from master_orchestrator_schemas.vocabulary import Priority


def cooling(cooldowns: Iterable[Cooldown], rule: str, priority: Priority, at_ms: int) -> Cooldown | None:
    """The cool-down that holds this finding back, if there is one; one whose owner is told rather than another."""
    held = None
    for cooldown in cooldowns:
        if cooldown.rule == rule and cooldown.priority <= priority and at_ms < cooldown.until_ms:
            if cooldown.told:
                return cooldown
            held = cooldown
    return held


def after_the_end(
    policy: Policy, cooldowns: tuple[Cooldown, ...], workflow: Workflow, at_ms: int, *, told: bool
) -> tuple[Cooldown, ...]:
    """The vehicle's cool-downs once this workflow has ended; of too many, those that last longest are kept."""
    now = {(c.rule, c.priority): c for c in cooldowns if at_ms < c.until_ms}
    for finding in workflow.findings:
        if finding.seen and (told or not finding.suspected):
            until_ms = at_ms + policy.cooldown_ms(finding.priority)
            now[finding.rule, finding.priority] = Cooldown(finding.rule, finding.priority, until_ms, told)
    lasting = sorted(now.values(), key=lambda c: (-c.until_ms, c.priority, c.rule))
    return tuple(lasting[: bounds.MAX_COOLDOWNS])
