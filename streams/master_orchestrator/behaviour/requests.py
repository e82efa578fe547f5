"""Operators' requests about an actor: acknowledge, control, release, declare work. All of them go on the record."""

from master_orchestrator.behaviour.conduct import MAX_NAME, NEVER_CONTROLLED, Conduct
from master_orchestrator.behaviour.findings import BehaviourFinding, Rule
from master_orchestrator.behaviour.settling import impose, release
from master_orchestrator.behaviour.trail import Turn, finding_id
from master_orchestrator_schemas.messages import Control, UebaRequest
from master_orchestrator_schemas.messages.telemetry import MAX_MS
from master_orchestrator_schemas.vocabulary import ActorKind, ControlLevel, UebaAction, Verdict

REFUSED, REPEATED = "request_refused", "request_repeated"


def answer(conduct: Conduct, turn: Turn, request: UebaRequest) -> None:
    """Do what is asked, or refuse it; both with who and why. A repeat does nothing, and is on record as one."""
    if not turn.state.repeats.is_new(f"request/{request.request_id}"):
        turn.outcome.repeated = True
        turn.note(REPEATED, {"request_id": request.request_id}, by=_by(request), finding_id=request.finding_id)
        return
    refusal = _ANSWERS[request.action](conduct, turn, request)
    if refusal is not None:
        details = {
            "request_id": request.request_id,
            "action": request.action.value,
            "why": refusal,
            "reason": request.reason,
        }
        turn.note(REFUSED, details, by=_by(request), finding_id=request.finding_id)


def _by(request: UebaRequest) -> str:
    name = request.by if ":" in request.by else f"{ActorKind.OPERATOR.value}:{request.by}"
    return name[:MAX_NAME]


def _concerns_itself(request: UebaRequest) -> str | None:
    if _by(request) == request.actor:
        return f"{request.actor} may not decide about itself: have somebody else ask"
    return None


def _acknowledge(_conduct: Conduct, turn: Turn, request: UebaRequest) -> str | None:
    state = turn.state
    finding = next((f for f in state.findings if finding_id(state, f) == request.finding_id), None)
    if (own := _concerns_itself(request)) is not None:
        return own
    if finding is None:
        return f"{state.name} has no finding {request.finding_id}: `ueba findings` lists those that are open"
    if request.verdict is None:
        return "a verdict is missing: BENIGN or CONFIRMED"
    if finding.verdict is not None:
        return f"{request.finding_id} is closed: it was acknowledged as {finding.verdict.value} before"
    finding.verdict = request.verdict
    state.changed.add("findings")
    if request.verdict is Verdict.BENIGN:
        _learn(turn, finding)
    details = {"request_id": request.request_id, "verdict": request.verdict.value, "reason": request.reason}
    turn.note("acknowledged", details, by=_by(request), finding_id=request.finding_id)
    return None


def _learn(turn: Turn, finding: BehaviourFinding) -> None:
    """What was unusual is usual from now on."""
    actor = turn.state.actor
    pair = actor.state_of((finding.action, finding.resource))
    meters = {Rule.RATE: pair.rate, Rule.VOLUME: pair.volume, Rule.PROBING: pair.probing}
    if (meter := meters.get(finding.rule)) is not None:
        meter.learn_benign(finding.last_ms, finding.observed, finding.window, actor.kind)
    elif finding.rule is Rule.ROWS:
        pair.greatest_rows = max(pair.greatest_rows, finding.observed)
    elif finding.rule is Rule.PER_COMMAND:
        pair.greatest_in_task = max(pair.greatest_in_task, finding.observed)


def _control(_conduct: Conduct, turn: Turn, request: UebaRequest) -> str | None:
    if turn.state.actor.kind in NEVER_CONTROLLED:
        return f"what a {turn.state.actor.kind.value} sends is never stopped: it is alerted"
    if request.level is None or request.level is ControlLevel.OBSERVE:
        return "a level is missing: THROTTLE or BLOCK; to end a control, release it"
    if (own := _concerns_itself(request)) is not None:
        return own
    until_ms = None if request.duration_ms is None else min(MAX_MS, turn.at_ms + request.duration_ms)
    impose(
        turn,
        Control(
            actor=request.actor, level=request.level, instance=request.instance, pairs=request.pairs,
            since_ms=turn.at_ms, until_ms=until_ms, finding_id=request.finding_id, by=_by(request),
            reason=request.reason,
        ),
    )  # fmt: skip
    return None


def _release(_conduct: Conduct, turn: Turn, request: UebaRequest) -> str | None:
    if (own := _concerns_itself(request)) is not None:
        return own
    if turn.state.control is None:
        return f"{turn.state.name} is not controlled"
    release(turn, by=_by(request), reason=request.reason, finding=request.finding_id)
    return None


def _window(_conduct: Conduct, turn: Turn, request: UebaRequest) -> str | None:
    if request.duration_ms is None:
        return "a duration is missing"
    if (own := _concerns_itself(request)) is not None:
        return own
    turn.state.actor.window_until_ms = turn.at_ms + request.duration_ms
    details = {"request_id": request.request_id, "until_ms": turn.state.actor.window_until_ms, "reason": request.reason}
    turn.note("window_declared", details, by=_by(request))
    return None


_ANSWERS = {
    UebaAction.ACKNOWLEDGE: _acknowledge,
    UebaAction.CONTROL: _control,
    UebaAction.RELEASE: _release,
    UebaAction.WINDOW: _window,
}
