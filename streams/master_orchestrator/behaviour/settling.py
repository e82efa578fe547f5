"""After each input: the band, the controls that follow from it, and what readers are told."""

from master_orchestrator.behaviour.actor_state import ActorState
from master_orchestrator.behaviour.acts import DAY_MS, HOUR_MS, MINUTE_MS
from master_orchestrator.behaviour.conduct import LEVELS, NEVER_CONTROLLED, Conduct
from master_orchestrator.behaviour.findings import ALERT_SEVERITY, BehaviourFinding, Rule
from master_orchestrator.behaviour.panes import PANE_MS
from master_orchestrator.behaviour.risk import HALF_LIFE_MS, Band, band_of, band_start, score
from master_orchestrator.behaviour.trail import UEBA, Turn, finding_id
from master_orchestrator_schemas.messages import Control, ControlledPair, EntityStatus, FindingSession, OpenFinding
from master_orchestrator_schemas.messages.telemetry import MAX_MS
from master_orchestrator_schemas.vocabulary import Action, ControlLevel, Verdict

CONTROL_MS = 3 * HOUR_MS
"""How long a control lasts that is set by itself. What it stops is tried again after an hour, three times at most, so
no workflow ends by it."""

STRONG = 70
"""Two rules with a finding of this severity within a day, and a critical score, block."""
BLOCKING_CRITICALITY = 8

PANES_PER_MINUTE = PANE_MS / 60_000
MIN_PER_MINUTE = 1.0

MAX_FADING_STEPS = 40
SHOWN = 32


TELL_EVERY_MS = MINUTE_MS
"""How old what readers know of an actor's sessions may be."""


def settle(conduct: Conduct, turn: Turn) -> None:
    """Bring band, control and status in line with the findings.

    That readers are told changes nothing that a later record of the trail depends on: a replay may tell them at other
    times.
    """
    state = turn.state
    before = state.actor.band
    band = band_of(score(state.findings, turn.at_ms))
    may_rise = turn.acted or turn.outcome.trail  # a replay, which applies activity before ticks, would find it higher
    if band is not before and (may_rise or band_start(band) < band_start(before)):
        state.actor.band = band
        turn.note("band_changed", {"from": before.value, "to": band.value})
    if turn.outcome.findings:
        state.trim()
        _respond(conduct, turn)
    pane = turn.at_ms // PANE_MS
    if turn.acted and pane != state.trimmed_pane:
        state.trimmed_pane = pane
        state.trim()
    tell_ms = tells_at(state)
    if turn.outcome.trail or (tell_ms is not None and turn.at_ms >= tell_ms):
        state.told_ms, state.told_sessions = turn.at_ms, state.sessions
        turn.outcome.status = status_of(state, turn.at_ms)


def tells_at(state: ActorState) -> int | None:
    """When readers are to be told of sessions that they do not know of; None where there are none."""
    if state.sessions == state.told_sessions:
        return None
    return 0 if state.told_ms < 0 else state.told_ms + TELL_EVERY_MS


def fades_at(state: ActorState) -> int | None:
    """When the score will have faded into a lower band; None where it will not.

    All parts fade by the same half-life but those that are confirmed, so it is found by halving the time between.
    """
    band = state.actor.band
    if band is Band.QUIET or not state.findings:
        return None
    newest = max(finding.last_ms for finding in state.findings)
    early, late = newest, newest + 8 * HALF_LIFE_MS
    if score(state.findings, late) >= band_start(band):
        return None
    while late - early > 1_000:
        middle = (early + late) // 2
        if score(state.findings, middle) >= band_start(band):
            early = middle
        else:
            late = middle
    return late


def end_control(turn: Turn) -> None:
    """Release a control whose time is over."""
    control = turn.state.control
    if control is not None and control.until_ms is not None and turn.at_ms >= control.until_ms:
        release(turn, by=UEBA, reason="its time is over")


def release(turn: Turn, *, by: str, reason: str, finding: str | None = None) -> None:
    """End the control in force."""
    state = turn.state
    state.control = None
    state.changed.add("findings")
    turn.note("control_released", {"reason": reason}, by=by, finding_id=finding)
    turn.outcome.controls.append(
        Control(
            actor=state.name, level=ControlLevel.OBSERVE, since_ms=turn.at_ms, finding_id=finding, by=by, reason=reason
        )
    )


def impose(turn: Turn, control: Control) -> None:
    """Put a control in force."""
    state = turn.state
    state.control = control
    state.changed.add("findings")
    details = {
        "level": control.level.value, "until_ms": control.until_ms, "instance": control.instance,
        "pairs": [[pair.action, pair.resource, pair.per_minute] for pair in control.pairs], "reason": control.reason,
    }  # fmt: skip
    turn.note("control_set", details, by=control.by, finding_id=control.finding_id)
    turn.outcome.controls.append(control)
    turn.alert(
        f"{state.name}/{state.seq}/control",
        f"{state.name} is held to {control.level.value} by {control.by}: {control.reason}. "
        f"`ueba release {state.name}` ends it",
        {"rule": "control", "level": control.level.value},
    )


def _respond(conduct: Conduct, turn: Turn) -> None:
    """Set the control that the risk asks for, where it is stronger than the one in force."""
    state = turn.state
    if state.actor.kind in NEVER_CONTROLLED:
        return
    level = conduct.capped(_level(conduct, state, turn.at_ms))
    if LEVELS.index(level) <= LEVELS.index(state.level):
        return
    worst = max(_open(state), key=lambda finding: (finding.severity, finding.number))
    value = score(state.findings, turn.at_ms)
    impose(
        turn,
        Control(
            actor=state.name,
            level=level,
            pairs=_pairs(state, turn.at_ms) if level is ControlLevel.THROTTLE else (),
            since_ms=turn.at_ms,
            until_ms=min(MAX_MS, turn.at_ms + CONTROL_MS),
            finding_id=finding_id(state, worst),
            by=UEBA,
            reason=f"its risk is {value:g} ({state.actor.band.value}); the severest finding: {worst.explanation}"[
                :1_000
            ],
        ),
    )


def _level(conduct: Conduct, state: ActorState, at_ms: int) -> ControlLevel:
    band, findings = state.actor.band, _open(state)
    if band is Band.CRITICAL:
        strong = {f.rule for f in findings if f.severity >= STRONG and at_ms - f.last_ms < DAY_MS}
        grave = any(
            f.rule is Rule.OUTSIDE_CHARTER and conduct.criticality_of(f.resource) >= BLOCKING_CRITICALITY
            for f in findings
        )
        if len(strong) > 1 or grave:
            return ControlLevel.BLOCK
    return ControlLevel.THROTTLE if band in (Band.HIGH, Band.CRITICAL) else ControlLevel.OBSERVE


def _pairs(state: ActorState, at_ms: int) -> tuple[ControlledPair, ...]:
    """What the findings are about, each with the rate that is usual for it."""
    words = Action.__members__
    pairs = {
        (f.action, f.resource): f for f in _open(state) if f.severity >= ALERT_SEVERITY and f.action.upper() in words
    }
    return tuple(
        ControlledPair(action=action.upper(), resource=resource, per_minute=_usual(state, (action, resource), at_ms))
        for action, resource in pairs
    )


def _usual(state: ActorState, pair: tuple[str, str], at_ms: int) -> float:
    known = state.actor.pairs.get(pair)
    greatest = 0 if known is None else known.rate.greatest(at_ms)
    return max(MIN_PER_MINUTE, greatest / PANES_PER_MINUTE)


def _open(state: ActorState) -> list[BehaviourFinding]:
    """Findings that count: not held to be benign, and not what follows from the others."""
    return [f for f in state.findings if f.verdict is not Verdict.BENIGN and f.rule is not Rule.RISK]


def status_of(state: ActorState, at_ms: int) -> EntityStatus:
    """Where the actor stands, for readers."""
    control = state.control
    shown = [f for f in state.findings if f.verdict is not Verdict.BENIGN][-SHOWN:]
    return EntityStatus(
        actor=state.name,
        kind=state.actor.kind,
        score=score(state.findings, at_ms),
        band=state.actor.band.value,
        updated_at_ms=at_ms,
        seq=state.seq,
        sessions=state.sessions,
        findings=tuple(
            OpenFinding(
                finding_id=finding_id(state, f), rule=f.rule.value, severity=f.severity, action=f.action,
                resource=f.resource, entity=f.entity or None, first_at_ms=f.time_ms, newest_at_ms=f.last_ms,
                count=f.acts, explanation=f.explanation, verdict=f.verdict, heaviest=_heaviest(f),
            )
            for f in shown
        ),
        level=state.level,
        control_until_ms=None if control is None else control.until_ms,
    )  # fmt: skip


def _heaviest(finding: BehaviourFinding) -> tuple[FindingSession, ...]:
    sessions = sorted(finding.sessions.items(), key=lambda each: (-each[1][2], each[0]))
    return tuple(
        FindingSession(session=name, workflow_id=workflow or None, instance=instance, acts=acts)
        for name, (workflow, instance, acts) in sessions
    )
