"""New findings join an open workflow; where they make the episode worse, it is diagnosed and the owner told again.

It gets worse if a new finding is more urgent than the workflow, or is HIGH or above in a subsystem that no finding of
that urgency was known of. What follows depends on how far the workflow has come (``WORSE``):

- before the owner was asked, the outstanding command is issued again, with the new findings in its task;
- from then on, it goes back to DIAGNOSIS, and from there to the owner and to a new appointment;
- a car in the workshop's hands stays there, and a human tells the workshop.

Of an URGENT finding that makes nothing worse (the owner knows of another in its subsystem) a human is told.

Each finding joins once, so this ends; after ``max_escalations`` times a human is called instead.
"""

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType

from master_orchestrator.core import events as ev
from master_orchestrator.core.decide import calls
from master_orchestrator.core.decide.context import Context
from master_orchestrator.core.decide.executions import next_revision
from master_orchestrator.core.decide.findings import evidence_details
from master_orchestrator.core.decide.priority import change_priority
from master_orchestrator.core.state import Execution, KnownFinding, Workflow
from master_orchestrator.core.transitions import BEFORE_CONTACT, REASON_NUMBERS
from master_orchestrator_schemas.vocabulary import AgentType, Priority, State

Findings = tuple[KnownFinding, ...]


class Joining(Context[Workflow], frozen=True, kw_only=True, gc=False):
    """``findings`` are all of the workflow from now on, ``new`` those of them that it did not know."""

    findings: Findings
    new: Sequence[KnownFinding]

    @property
    def priority(self) -> Priority:
        """The most urgent of the new ones."""
        return min(finding.priority for finding in self.new)

    @property
    def is_raised(self) -> bool:
        """Whether one of them is more urgent than the workflow."""
        return self.priority < self.workflow.priority

    @property
    def is_worse(self) -> bool:
        """Whether the episode got worse by them."""
        return self.is_raised or any(f.priority <= Priority.HIGH and not self._covers(f) for f in self.new)

    @property
    def unheard(self) -> list[KnownFinding]:
        """The new ones, without those that were suspected and have lasted: what follows has been done already."""
        known = {(f.rule, f.priority) for f in self.workflow.findings if not f.dismissed}
        return [finding for finding in self.new if (finding.rule, finding.priority) not in known]

    def _covers(self, finding: KnownFinding) -> bool:
        """Whether something as urgent is known of the finding's subsystem."""
        return any(
            known.subsystem is finding.subsystem and known.priority <= finding.priority and not known.dismissed
            for known in self.workflow.findings
        )

    def join(self, execution: Execution | None = None, called: tuple[ev.Call, ...] = ()) -> list[ev.Event]:
        """They join the workflow."""
        rules, added = [f.rule for f in self.findings], [f.rule for f in self.new]
        details = {
            "findings": rules,
            "added": added,
            "evidence": evidence_details(self.new),
            **urgent_details(self.unheard),
        }
        head = self.noting(**details).head("finding")
        return [ev.FindingsFolded(**head, findings=self.findings, execution=execution, calls=called)]

    def prioritised(self) -> list[ev.Event]:
        """The workflow is as urgent as the most urgent of them."""
        return change_priority(self, self.priority, "finding") if self.is_raised else []


def findings_joined(joining: Joining) -> list[ev.Event]:
    """What new findings lead to."""
    if joining.is_worse:
        return WORSE[joining.workflow.state](joining)
    if urgent_details(joining.unheard) and _was_asked(joining.workflow):
        return _told_to_a_human(joining)
    return joining.join()


def _was_asked(workflow: Workflow) -> bool:
    """Whether the owner has been asked already, or is being asked."""
    return AgentType.CUSTOMER_ENGAGEMENT.value in workflow.executions and (
        workflow.execution is None or workflow.execution.step not in BEFORE_CONTACT
    )


def urgent_details(findings: Sequence[KnownFinding]) -> dict[str, dict[str, int]]:
    """The URGENT ones among findings and the vehicle's time of each, for the audit trail."""
    urgent = {finding.rule: finding.at_ms for finding in findings if finding.priority is Priority.URGENT}
    return {"urgent": urgent} if urgent else {}


def _goes_on(joining: Joining) -> list[ev.Event]:
    """DIAGNOSIS has them in its task. In FEEDBACK, what is HIGH or above has opened the next workflow instead."""
    return joining.join() + joining.prioritised()


def _asked_again(joining: Joining) -> list[ev.Event]:
    """The command is issued again, as its next revision, with the new findings in its task; so it is where raised."""
    execution = joining.workflow.execution
    if joining.is_raised or execution is None:
        return _goes_on(joining)
    priority = joining.workflow.priority
    return joining.join(next_revision(joining.policy, execution, priority, joining.at_ms))


def _diagnosed_again(joining: Joining) -> list[ev.Event]:
    """Back to DIAGNOSIS; a human is called where that has been done often enough."""
    before = joining.workflow
    if before.escalations >= joining.policy.episodes.max_escalations:
        return _told_to_a_human(joining)
    priority = min(joining.priority, before.priority)
    worse = joining.noting(from_priority=before.priority.name)
    return joining.join() + worse.enter(AgentType.DIAGNOSIS, "worsened", priority=priority, escalated=True)


def _told_to_a_human(joining: Joining) -> list[ev.Event]:
    called = calls.worsened(joining.vehicle_id, joining.workflow, joining.unheard or joining.new)
    return joining.join(called=called) + joining.prioritised()


def _in_service(joining: Joining) -> list[ev.Event]:
    """Only a workshop's report says that the car is there; by the clock alone it may be on the road."""
    *_, reason = joining.workflow.history[-1]  # of the move to IN_SERVICE
    is_there = joining.policy.service.workshop_feed or reason == REASON_NUMBERS["checked_in"]
    return _told_to_a_human(joining) if is_there else _diagnosed_again(joining)


def _retrying(joining: Joining) -> list[ev.Event]:
    """Of a step before the contact, the next execution has the new findings in its task."""
    execution = joining.workflow.execution
    if execution is None or execution.step in BEFORE_CONTACT:
        return _goes_on(joining)
    return _diagnosed_again(joining)


WORSE: Mapping[State, Callable[[Joining], list[ev.Event]]] = MappingProxyType(
    {
        State.DATA_ANALYSIS: _goes_on,
        State.DIAGNOSIS: _asked_again,
        State.CUSTOMER_ENGAGEMENT: _diagnosed_again,
        State.SCHEDULING: _diagnosed_again,
        State.SCHEDULED: _diagnosed_again,
        State.IN_SERVICE: _in_service,
        State.FEEDBACK: _goes_on,
        State.RETRY: _retrying,
    }
)
"""What an episode that got worse leads to, by the state that its workflow rests in."""
