"""A reading: does it open a workflow, or join the open one?

A workflow opens for a finding that no cool-down holds back, for a check that the sender asks for, for regular service
that is due soon, or for a regular check that is due. A check takes in all that stands, and what the reading alone makes
one suspect. Triage reports a finding once; as long as it has not cleared it *stands*, and opens a workflow as soon as
no cool-down holds it back.

A reading that asks for a check leaves exactly one record that says what became of it, ``workflow_opened`` or
``check_joined``, with its ``request_id``. A late or repeated reading changes nothing else.

While the owner's feedback is awaited, the work is done: a new URGENT or HIGH finding is then another matter. It ends
the workflow as serviced, without the feedback, and opens the next one at once. What an episode that gets worse leads to
before that is in ``worsening.py``.
"""

from typing import TypeVar

from msgspec.structs import replace

from master_orchestrator.core import bounds
from master_orchestrator.core import events as ev
from master_orchestrator.core.decide import regular_service
from master_orchestrator.core.decide.campaigns import left_over
from master_orchestrator.core.decide.context import Context, Decision
from master_orchestrator.core.decide.cooldowns import cooling
from master_orchestrator.core.decide.findings import combined, evidence_details, joined, known, still_stands
from master_orchestrator.core.decide.gateways import gateway_change
from master_orchestrator.core.decide.opening import make_room, next_workflow_id
from master_orchestrator.core.decide.sent_time import impossible_time
from master_orchestrator.core.decide.share import after_reading
from master_orchestrator.core.decide.worsening import Joining, findings_joined, urgent_details
from master_orchestrator.core.rejection import Rejection
from master_orchestrator.core.servicing.record import DueItem, ServiceRecord
from master_orchestrator.core.state import KnownFinding, VehicleState, Workflow
from master_orchestrator.core.triage import Observation, Trackers, observe, odometer_of, suspicions
from master_orchestrator.core.triage.clock import Timing, is_plain, judge_time
from master_orchestrator_schemas.messages import Telemetry
from master_orchestrator_schemas.vocabulary import Priority, Reason, State

GATEWAY = "gateway"
Findings = tuple[KnownFinding, ...]
OUT_OF_TIME = Observation(accepted=False, findings=())
T = TypeVar("T")


class Observed(Context[None], frozen=True, kw_only=True, gc=False):
    """A reading that somebody may have to act on.

    ``standing``: all that has fired and not cleared. ``fresh``: those of them that no cool-down holds back.
    ``suspected``: only for a check that the sender asks for. ``due_service``: items of regular service that a look at
    the meters, which ``state`` has already, found to be due soon.
    """

    reading: Telemetry
    standing: Findings
    fresh: Findings
    suspected: Findings
    check_due: bool
    due_service: tuple[DueItem, ...]

    @property
    def to_join(self) -> Findings:
        """What a workflow takes in: a check takes all, another one what is fresh."""
        return combined(self.standing, self.suspected) if self.is_check else self.fresh

    @property
    def is_check(self) -> bool:
        """Whether the sender or the calendar asks for a check."""
        return self.reading.check_requested or self.check_due


def on_telemetry(context: Context[None], reading: Telemetry) -> Decision:
    """What a reading makes happen."""
    policy, state, at_ms = context.policy, context.state, context.input.at_ms
    if impossible := impossible_time(context, reading.ts_ms):
        return impossible
    timing = None
    if not is_plain(state.trackers, state.clock, reading.ts_ms, at_ms):
        timing = judge_time(state.trackers, state.clock, reading.ts_ms, at_ms)
    if timing is None or timing.in_time:
        trackers, seen = observe(policy.triage, timing.trackers if timing else state.trackers, reading)
    else:
        trackers, seen = state.trackers, OUT_OF_TIME
    clock = timing.clock if timing else None
    if not seen.accepted and not reading.check_requested:
        return _dropped(state, timing) if timing else []
    share = after_reading(policy.vehicle, state.share, reading, at_ms, accepted=seen.accepted)
    if isinstance(share, Rejection):
        return share
    first = state.next_check_due_ms == 0
    record: ServiceRecord | None = None
    service: tuple[DueItem, ...] = ()
    if seen.accepted and regular_service.is_look_due(policy, state, reading):
        record = regular_service.looked_at(policy, state, reading, at_ms)
        state = replace(state, service=record)
        service = regular_service.items_coming(policy, state, reading, at_ms, to_open=True)
    standing: Findings = ()
    if state.standing or seen.findings:
        standing = _standing(state, trackers, known(seen.findings))
    observed = ev.ReadingObserved(
        trackers=trackers,
        share=share,
        standing=standing,
        clock=clock,
        next_check_due_ms=at_ms + policy.episodes.regular_check_every_ms if first else None,
        model=_newer(reading.model and bounds.clip(reading.model, 40), state.model, late=not seen.accepted),
        odometer_m=_newer(odometer_of(policy.triage, reading), state.odometer_m, late=not seen.accepted),
        service=record,
    )
    idle = state.workflow is None or not state.workflow.is_open
    due = seen.accepted and idle and not first and at_ms >= state.next_check_due_ms
    happened: list[ev.Event] = [observed]
    if seen.accepted:
        happened += gateway_change(state, context.input)
    if not (standing or reading.check_requested or due or service):
        return happened
    gathered = _gathered(replace(context, state=state), reading, standing, check_due=due, service=service)
    return [*happened, *_act(gathered)]


def _dropped(state: VehicleState, timing: Timing) -> list[ev.Event]:
    """What is remembered of a reading that is dropped for its time; nothing of a repeat or one just out of order."""
    if timing.clock == state.clock:
        return []
    return [ev.ReadingDropped(clock=timing.clock, letter=timing.letter)]


def _newer(told: T | None, before: T | None, *, late: bool) -> T | None:
    """What is new in a reading; None from a late one, which takes nothing back."""
    return None if late or told == before else told


def _standing(state: VehicleState, trackers: Trackers, fired: Findings) -> Findings:
    """What has fired and not cleared, without what the open workflow knows already."""
    stands = combined(fired, (finding for finding in state.standing if still_stands(trackers, finding.rule)))
    if state.workflow is None or not state.workflow.is_open:
        return stands
    _, new = joined(state.workflow.findings, stands)
    return tuple(new)


def _gathered(
    context: Context[None],
    reading: Telemetry,
    standing: Findings,
    *,
    check_due: bool,
    service: tuple[DueItem, ...],
) -> Observed:
    policy, state, at_ms = context.policy, context.state, context.at_ms
    suspected: Findings = ()
    if reading.check_requested:
        suspected = known(suspicions(policy.triage, state.trackers, reading), suspected=True)
    return Observed(
        policy=policy,
        state=state,
        input=context.input,
        workflow=None,
        actor=GATEWAY,
        reading=reading,
        standing=standing,
        fresh=tuple(f for f in standing if cooling(state.cooldowns, f.rule, f.priority, at_ms) is None),
        suspected=suspected,
        check_due=check_due,
        due_service=service,
    )


def _act(observed: Observed) -> list[ev.Event]:
    workflow = observed.state.workflow
    if workflow is None or not workflow.is_open:
        return _open(observed)
    if workflow.stage is State.FEEDBACK and any(_is_another_matter(workflow, finding) for finding in observed.to_join):
        return _supersede(observed, workflow)
    return _join(observed, workflow)


def _open(observed: Observed) -> list[ev.Event]:
    reading, priority = observed.reading, Priority.ROUTINE
    if observed.fresh:
        reason = "finding"
    elif reading.check_requested:
        reason, priority = "check_requested", observed.policy.episodes.check_requested_priority
    elif observed.due_service:
        reason = "service_due"
    elif observed.check_due:
        reason = "regular_check"
    else:
        return []
    findings, left = observed.to_join, left_over(observed.state.workflow)
    service = regular_service.items_coming(observed.policy, observed.state, reading, observed.at_ms, to_open=False)
    if service:
        priority = min(priority, regular_service.priority_of(service))
    request = {"request_id": reading.request_id} if reading.check_requested else {}
    opened = ev.WorkflowOpened(
        workflow_id=next_workflow_id(observed.vehicle_id, observed.state),
        at_ms=observed.at_ms,
        actor=GATEWAY,
        reason=reason,
        details={
            **request,
            "findings": [finding.rule for finding in findings],
            "evidence": evidence_details(findings),
            **urgent_details(findings),
            **regular_service.details_of_items(service),
        },
        priority=min([priority, *(finding.priority for finding in findings), *(work.priority for work in left)]),
        findings=findings,
        traceparent=bounds.clip_optional(observed.input.traceparent, bounds.TRACEPARENT_BYTES),
        campaigns=left,
        service=service,
    )
    return [*make_room(observed), opened]


def _join(observed: Observed, workflow: Workflow) -> list[ev.Event]:
    events = list[ev.Event]()
    findings, new = joined(workflow.findings, observed.to_join)
    if new:
        joining = Joining(
            policy=observed.policy,
            state=observed.state,
            input=observed.input,
            workflow=workflow,
            actor=GATEWAY,
            findings=findings,
            new=new,
        )
        events += findings_joined(joining)
    if observed.due_service and regular_service.may_join(workflow):
        events += _service_joined(observed, workflow)
    if observed.reading.check_requested:
        requested = observed.about(workflow, GATEWAY, {"request_id": observed.reading.request_id})
        events.append(ev.CheckJoined(**requested.head("check_requested")))
    return events


def _service_joined(observed: Observed, workflow: Workflow) -> list[ev.Event]:
    known = {item.item for item in workflow.service}
    new = [item for item in observed.due_service if item.item not in known]
    if not new:
        return []
    joined = observed.about(workflow, GATEWAY, regular_service.details_of_items(new))
    return [ev.ServiceJoined(**joined.head("service_due"), service=(*workflow.service, *new))]


def _is_another_matter(workflow: Workflow, finding: KnownFinding) -> bool:
    if finding.priority > Priority.HIGH:
        return False
    return not any(
        noted.seen and noted.rule == finding.rule and noted.priority <= finding.priority for noted in workflow.findings
    )


def _supersede(observed: Observed, workflow: Workflow) -> list[ev.Event]:
    superseded = observed.about(
        workflow, GATEWAY, {"superseded_by": next_workflow_id(observed.vehicle_id, observed.state)}
    )
    left = regular_service.left_open(observed.policy, observed.state.service, workflow, observed.at_ms)
    state = observed.state if left is None else replace(observed.state, service=left)
    return superseded.complete(Reason.SERVICED) + _open(replace(observed, state=state))
