"""Hypothesis strategies for every message of the wire: any value that its contract allows."""

import msgspec
from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from master_orchestrator_schemas.messages import (
    SIGNALS,
    Activity,
    ActorRecord,
    ActorTick,
    Alert,
    AuditRecord,
    Campaign,
    Cause,
    Command,
    Control,
    ControlledPair,
    CustomerAnswer,
    Diagnosis,
    Dtc,
    EntityStatus,
    Evidence,
    Failure,
    FindingSession,
    J1939Fault,
    LikelyCause,
    Mistake,
    OpenFinding,
    OperatorRequest,
    Reply,
    SenderFeedback,
    ServiceDue,
    ServiceEvent,
    SessionAct,
    Status,
    Telemetry,
    Timer,
    Transition,
    UebaRequest,
)
from master_orchestrator_schemas.messages.activity import MAX_COUNT
from master_orchestrator_schemas.messages.telemetry import MAX_MS
from master_orchestrator_schemas.registry import Message
from master_orchestrator_schemas.results import RESULTS
from master_orchestrator_schemas.tasks import TASKS
from master_orchestrator_schemas.vocabulary import (
    ActError,
    Action,
    ActorKind,
    ActOutcome,
    AgentType,
    AlertKind,
    Answer,
    AppointmentState,
    Channel,
    ControlLevel,
    DeniedBy,
    FailureKind,
    FindingLabel,
    OperatorAction,
    Phase,
    Priority,
    Purpose,
    Reason,
    ServiceEventKind,
    State,
    Subsystem,
    UebaAction,
    Verdict,
)

text = st.text(max_size=20)
maybe_text = st.none() | text
vehicle_ids = st.from_regex(r"\A[A-Za-z0-9._:-]{1,64}\Z")
millis = st.integers(0, MAX_MS)
longs = st.integers(-(2**63), 2**63 - 1)
counts = st.integers(0, 2**31)
finite = st.floats(allow_nan=False, allow_infinity=False)
share = st.floats(0, 1)
priorities = st.sampled_from(Priority)
subsystems = st.sampled_from(Subsystem).map(str)
json_values = st.recursive(st.none() | st.booleans() | st.integers() | text, lambda inner: st.lists(inner, max_size=3))

telemetry = st.builds(
    Telemetry,
    vehicle_id=vehicle_ids,
    ts_ms=millis,
    model=maybe_text,
    check_requested=st.booleans(),
    request_id=maybe_text,
    brake_fluid_low=st.none() | st.booleans(),
    mil_on=st.none() | st.booleans(),
    dtcs=st.lists(
        st.builds(Dtc, code=st.from_regex(r"\A[PBCU][0-9A-F]{4}\Z"), status=st.none() | st.integers(0, 255)), max_size=3
    ).map(tuple),
    j1939=st.lists(st.builds(J1939Fault, spn=st.integers(0, 524_287), fmi=st.integers(0, 31)), max_size=3).map(tuple),
    extras=st.dictionaries(text.filter(bool), finite, max_size=3),
    **{signal: st.none() | finite for signal in SIGNALS},
)
service_events = st.builds(
    ServiceEvent,
    vehicle_id=vehicle_ids,
    workflow_id=text,
    event_id=text,
    kind=st.sampled_from(ServiceEventKind),
    ts_ms=millis,
    workshop_id=maybe_text,
    confirmed_cause=maybe_text,
    confirmed_subsystem=maybe_text,
    parts_replaced=st.lists(text, max_size=3).map(tuple),
    operations=st.lists(text, max_size=3).map(tuple),
    labour_hours=st.none() | finite,
    note=maybe_text,
    start_ms=st.none() | millis,
    end_ms=st.none() | millis,
)
campaigns = st.builds(
    Campaign,
    campaign_id=st.from_regex(r"[A-Za-z0-9._-]{1,40}", fullmatch=True),
    title=st.text(max_size=80),
    operation=st.text(max_size=40),
    labour_hours=st.floats(0, 200),
    skill=st.text(max_size=40),
    bay=st.text(max_size=40),
    parts=st.lists(st.text(max_size=24), max_size=4).map(tuple),
)
operator_requests = st.builds(
    OperatorRequest,
    vehicle_id=vehicle_ids,
    workflow_id=text,
    request_id=text,
    action=st.sampled_from(OperatorAction),
    operator=text,
    priority=st.none() | priorities,
    reason=maybe_text,
    campaign=st.none() | campaigns,
)
customer_answers = st.builds(
    CustomerAnswer,
    vehicle_id=vehicle_ids,
    workflow_id=text,
    answer_id=text,
    answer=st.sampled_from(Answer),
    ts_ms=millis,
    contact_id=maybe_text,
    offer=st.none() | st.integers(1, 3),
    preferred_from_ms=st.none() | millis,
    channel=st.none() | st.sampled_from(Channel),
    purpose=st.none() | st.sampled_from(Purpose),
    csat=st.none() | st.integers(1, 5),
    nps=st.none() | st.integers(0, 10),
    fixed_right_first_time=st.none() | st.booleans(),
    comment=maybe_text,
)
timers = st.builds(Timer, vehicle_id=vehicle_ids, workflow_id=text, deadline_id=text, due_ms=longs)

_finding = st.fixed_dictionaries(
    {"rule": text, "subsystem": subsystems, "priority": priorities, "at_ms": millis},
    optional={"signal": maybe_text, "value": st.none() | finite, "threshold": st.none() | finite, "held_s": share}
    | dict.fromkeys(("crossing_ms", "crossing_low_ms", "crossing_high_ms"), st.none() | millis),
)
_summary = st.fixed_dictionaries(
    {"signal": text, **dict.fromkeys(("last", "minimum", "maximum", "mean", "spread"), finite)},
    optional={"slope_per_h": finite, "samples": counts},
)
_trend = st.fixed_dictionaries(
    {"signal": text, "days": counts, **dict.fromkeys(("level", "per_day", "per_day_low", "per_day_high"), finite)},
    optional={"limit": st.none() | finite, **dict.fromkeys(("hours", "hours_low", "hours_high"), st.none() | share)},
)
_anomaly = text | st.fixed_dictionaries(
    {"description": text}, optional={"subsystem": subsystems, "severity": share, "evidence": text, "rule": maybe_text}
)
_cause = text | st.fixed_dictionaries(
    {"component": text}, optional={"subsystem": subsystems, "probability": share, "dtc": maybe_text}
)
_operation = text | st.fixed_dictionaries(
    {"name": text}, optional={"labour_hours": share, "skill": text, "bay": text, "parts": st.lists(text, max_size=2)}
)
_offer = st.fixed_dictionaries({"workshop_id": text, "start_ms": millis, "end_ms": millis, "held_until_ms": millis})
_label = st.fixed_dictionaries({"rule": text, "label": st.sampled_from(FindingLabel).map(str)})


def _few(item: SearchStrategy[object]) -> SearchStrategy[list[object]]:
    return st.lists(item, max_size=2)


_due_service = st.fixed_dictionaries(
    {
        "item": text,
        "due_ms": millis,
        "by": st.sampled_from(("distance", "engine_hours", "date")),
        "used": counts,
        "every": counts,
        "per_day": finite,
        "overdue": st.booleans(),
    }
)
_FIELDS: dict[str, SearchStrategy[object]] = {
    "findings": _few(_finding),
    "signals": _few(_summary),
    "trends": _few(_trend),
    "anomalies": _few(_anomaly),
    "causes": _few(_cause),
    "operations": _few(_operation),
    "offers": _few(_offer),
    "chosen": st.none() | _offer,
    "turn": counts,
    "tried": _few(text),
    "heard": st.none() | st.sampled_from(Answer).map(str),
    "heard_contact": maybe_text,
    "opted_out": _few(text),
    "campaigns": _few(st.fixed_dictionaries({"campaign_id": text, "title": text})),
    "waits_until_ms": st.none() | millis,
    "labels": _few(_label),
    "dtcs": _few(text),
    "dismissed": _few(text),
    "service": _few(_due_service),
    "parts_replaced": _few(text),
    "priority": priorities,
    "safe_to_drive": st.booleans(),
    "fixed_right_first_time": st.booleans(),
    "signal": st.booleans(),
    "due_by_ms": millis,
    "repaired_at_ms": millis,
    "preferred_from_ms": millis,
    "start_ms": millis,
    "end_ms": millis,
    "severity": share,
    "probability": share,
    "time_to_failure_h": share,
    "time_to_failure_low_h": share,
    "time_to_failure_high_h": share,
    "odometer_m": finite,
    "answer": st.sampled_from(Answer).map(str),
    "status": st.sampled_from(AppointmentState).map(str),
    "contacts": st.integers(0, 100),
    "claims": counts,
    "csat": st.integers(1, 5),
    "nps": st.integers(0, 10),
}
_NEEDED = ("priority", "due_by_ms", "repaired_at_ms")


def _values(names: set[str]) -> SearchStrategy[dict[str, object]]:
    """Any choice of the named fields; the needed ones always."""
    strategies = {name: _FIELDS.get(name, text) for name in sorted(names)}
    needed = {name: strategies.pop(name) for name in _NEEDED if name in strategies}
    return st.fixed_dictionaries(needed, optional=strategies)


@st.composite
def commands(draw: st.DrawFn) -> Command:
    """A command with a payload of its agent."""
    agent = draw(st.sampled_from(AgentType))
    model = TASKS[agent]
    payload = model.model_validate(draw(_values(set(model.model_fields)))).model_dump(mode="json")
    return Command(
        command_id=draw(text),
        workflow_id=draw(text),
        vehicle_id=draw(vehicle_ids),
        agent=agent,
        priority=draw(priorities),
        step=draw(text),
        attempt=draw(counts),
        revision=draw(counts),
        issued_at_ms=draw(longs),
        deadline_ms=draw(longs),
        payload=payload,
    )


_failures = st.builds(
    Failure,
    kind=st.sampled_from(FailureKind),
    error=text,
    message=text,
    retry_after_ms=st.none() | st.integers(0, 3_600_000),
)


@st.composite
def replies(draw: st.DrawFn) -> Reply:
    """A reply with a result of its agent, extras included, or a failure."""
    agent = draw(st.sampled_from(AgentType))
    reply = Reply(
        command_id=draw(text),
        workflow_id=draw(text),
        vehicle_id=draw(vehicle_ids),
        agent=agent,
        worker=draw(text),
        handled_in_ms=draw(counts),
        failure=draw(_failures),
    )
    if draw(st.booleans()):
        return reply
    model = RESULTS[agent]
    answer = draw(_values(set(model.model_fields))) | draw(
        st.dictionaries(st.from_regex(r"\Ax_[a-z]{1,5}\Z"), json_values, max_size=3)
    )
    return msgspec.structs.replace(reply, failure=None, result=model.model_validate(answer).to_wire())


audit_records = st.builds(
    AuditRecord,
    workflow_id=text,
    vehicle_id=vehicle_ids,
    seq=counts,
    at_ms=longs,
    event=text,
    actor=text,
    from_state=st.none() | st.sampled_from(State),
    to_state=st.sampled_from(State),
    priority=priorities,
    reason=maybe_text,
    attempt=counts,
    details=text,
    cause=st.builds(Cause, topic=text, partition=counts, offset=longs),
    positions=st.dictionaries(text, longs, max_size=5),
    prev_hash=text,
    hash=text,
)
statuses = st.builds(
    Status,
    workflow_id=text,
    vehicle_id=vehicle_ids,
    state=st.sampled_from(State),
    priority=priorities,
    reason=st.none() | st.sampled_from(Reason),
    step=maybe_text,
    attempt=counts,
    attempts=counts,
    findings=_few(text).map(tuple),
    campaigns=_few(text).map(tuple),
    campaigns_waiting=_few(text).map(tuple),
    created_at_ms=longs,
    updated_at_ms=longs,
    seq=counts,
    history=st.lists(
        st.builds(Transition, at_ms=longs, state=st.sampled_from(State), reason=maybe_text), max_size=3
    ).map(tuple),
    appointment_start_ms=st.none() | longs,
    appointment_end_ms=st.none() | longs,
    appointment_id=maybe_text,
    workshop_id=maybe_text,
    service=_few(st.builds(ServiceDue, item=text, due_ms=longs, by=text, used=longs, every=longs, per_day=finite)).map(
        tuple
    ),
    evidence=st.lists(
        st.builds(
            Evidence,
            rule=text,
            subsystem=st.sampled_from(Subsystem),
            priority=priorities,
            at_ms=longs,
            signal=maybe_text,
            value=st.none() | finite,
            limit=st.none() | finite,
            suspected=st.booleans(),
            dismissed=st.booleans(),
        ),
        max_size=2,
    ).map(tuple),
    diagnosis=st.none()
    | st.builds(
        Diagnosis,
        causes=st.lists(
            st.builds(LikelyCause, component=text, subsystem=text, probability=finite, dtc=maybe_text), max_size=2
        ).map(tuple),
        severity=finite,
        probability=finite,
        time_to_failure_h=st.none() | finite,
        safe_to_drive=st.booleans(),
    ),
    due_ms=st.none() | longs,
)
alerts = st.builds(
    Alert,
    alert_id=text,
    kind=st.sampled_from(AlertKind),
    at_ms=longs,
    message=text,
    vehicle_id=maybe_text,
    workflow_id=maybe_text,
    priority=st.none() | priorities,
    details=text,
)

mistakes = st.builds(
    Mistake,
    code=text,
    topic=text,
    name=maybe_text,
    count=longs,
    first_at_ms=longs,
    newest_at_ms=longs,
    message=text,
    remedy=text,
    key=text,
    partition=st.integers(0, 2**31 - 1),
    offset=longs,
)
feedback = st.builds(SenderFeedback, sender=text, at_ms=longs, mistakes=st.lists(mistakes, max_size=3).map(tuple))

actors = st.text(min_size=1, max_size=20)
limited = st.integers(0, MAX_COUNT)
acts = st.builds(
    SessionAct,
    action=st.sampled_from(Action),
    resource=text,
    outcome=st.sampled_from(ActOutcome),
    error=st.sampled_from(ActError),
    entity=maybe_text,
    count=limited,
    rows=limited,
    max_rows=limited,
    denied_by=st.none() | st.sampled_from(DeniedBy),
    override=maybe_text,
)
activities = st.builds(
    Activity,
    activity_id=text,
    actor=actors,
    kind=st.sampled_from(ActorKind),
    instance=text,
    start_ms=millis,
    version=maybe_text,
    charter=maybe_text,
    seq=limited,
    session=maybe_text,
    workflow_id=maybe_text,
    entity=maybe_text,
    priority=st.none() | priorities,
    phase=st.sampled_from(Phase),
    at_ms=millis,
    took_ms=limited,
    outcome=st.sampled_from(ActOutcome),
    acts=st.lists(acts, max_size=3).map(tuple),
    goodbye=st.booleans(),
    details=maybe_text,
)
pairs = st.lists(
    st.builds(ControlledPair, action=text, resource=text, per_minute=st.none() | st.floats(0, 1e9)), max_size=3
).map(tuple)
ueba_requests = st.builds(
    UebaRequest,
    actor=actors,
    request_id=text,
    action=st.sampled_from(UebaAction),
    by=actors,
    reason=text,
    finding_id=maybe_text,
    verdict=st.none() | st.sampled_from(Verdict),
    level=st.none() | st.sampled_from(ControlLevel),
    instance=maybe_text,
    pairs=pairs,
    duration_ms=st.none() | st.integers(1, 31_622_400_000),
)
actor_ticks = st.builds(ActorTick, actor=actors, deadline_id=text, due_ms=longs)
actor_records = st.builds(
    ActorRecord,
    actor=actors,
    seq=counts,
    at_ms=longs,
    event=text,
    by=text,
    finding_id=maybe_text,
    score=finite,
    band=text,
    details=text,
    cause=st.builds(Cause, topic=text, partition=counts, offset=longs),
    positions=st.dictionaries(text, longs, max_size=3),
    prev_hash=text,
    hash=text,
)
open_findings = st.builds(
    OpenFinding,
    finding_id=text,
    rule=text,
    severity=finite,
    action=text,
    resource=text,
    entity=maybe_text,
    first_at_ms=longs,
    newest_at_ms=longs,
    count=limited,
    explanation=text,
    verdict=st.none() | st.sampled_from(Verdict),
    heaviest=st.lists(
        st.builds(FindingSession, session=text, workflow_id=maybe_text, instance=text, acts=limited), max_size=2
    ).map(tuple),
)
entity_statuses = st.builds(
    EntityStatus,
    actor=actors,
    kind=st.sampled_from(ActorKind),
    score=finite,
    band=text,
    updated_at_ms=longs,
    seq=st.integers(-1, 2**31),
    sessions=limited,
    findings=st.lists(open_findings, max_size=2).map(tuple),
    level=st.sampled_from(ControlLevel),
    control_until_ms=st.none() | longs,
)
controls = st.builds(
    Control,
    actor=actors,
    level=st.sampled_from(ControlLevel),
    instance=maybe_text,
    pairs=pairs,
    since_ms=millis,
    until_ms=st.none() | millis,
    finding_id=maybe_text,
    by=text,
    reason=text,
)

STRATEGIES: dict[type[msgspec.Struct], SearchStrategy[Message]] = {
    Telemetry: telemetry,
    ServiceEvent: service_events,
    OperatorRequest: operator_requests,
    CustomerAnswer: customer_answers,
    Timer: timers,
    Command: commands(),
    Reply: replies(),
    AuditRecord: audit_records,
    Status: statuses,
    Alert: alerts,
    SenderFeedback: feedback,
    Activity: activities,
    UebaRequest: ueba_requests,
    ActorTick: actor_ticks,
    ActorRecord: actor_records,
    EntityStatus: entity_statuses,
    Control: controls,
}
"""Message class -> any message of it."""
