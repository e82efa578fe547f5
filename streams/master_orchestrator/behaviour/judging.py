"""A session of an actor, judged by its charter and by every rule of behaviour."""

import msgspec

from master_orchestrator.behaviour.actor import COLD_MS, note_version
from master_orchestrator.behaviour.acts import Act, weight
from master_orchestrator.behaviour.begun import begin, end, take_unended, unended
from master_orchestrator.behaviour.case import Case
from master_orchestrator.behaviour.conduct import Conduct
from master_orchestrator.behaviour.findings import Sighting, Sightings
from master_orchestrator.behaviour.recording import record
from master_orchestrator.behaviour.rules.charter import breach, per_hour, unknown_actor
from master_orchestrator.behaviour.rules.context import context
from master_orchestrator.behaviour.rules.single_act import per_command, rows
from master_orchestrator.behaviour.rules.windows import windows
from master_orchestrator.behaviour.silences import follow, missing_act
from master_orchestrator.behaviour.trail import Turn
from master_orchestrator_schemas.messages import Activity, SessionAct
from master_orchestrator_schemas.messages.activity import activity_id
from master_orchestrator_schemas.vocabulary import Action, ActorKind, DeniedBy, Phase

RULES = (rows, per_command, windows, per_hour, context)
"""In this order: ``context`` counts the act into what is known of its pair, so it comes last."""

COLD_SESSIONS = 200
MAX_COUNTED, MAX_COUNTED_ROWS = 10**6, 10**12
"""Of one act of a record: beyond any ceiling, and sums over a day still fit into 64 bits."""
BY_COMMAND = frozenset({ActorKind.AGENT, ActorKind.ENGINE, ActorKind.WORKSHOP})
"""Kinds whose sessions explain their acts: a command, or the appointment that a workshop reports about, to which the
engine has held the report. Those of the others are requests, which explain nothing."""


ACTION_WORDS = {action: action.value.lower() for action in Action}


def judge(conduct: Conduct, turn: Turn, activity: Activity) -> None:
    """Judge one record. A repeat changes nothing. What is written ahead is judged when it is done, a breach at once."""
    state = turn.state
    if not state.repeats.is_new(activity.activity_id):
        turn.outcome.repeated = True
        return
    if (missing := follow(turn, activity)) is not None:
        record(turn, missing_act(turn, activity.instance), missing)
    if activity.phase is Phase.BEFORE:
        for done in activity.acts:
            act = _act(turn, activity, done)
            breached = _breach(conduct, turn, act, done)
            if breached is not None:
                record(turn, act, breached)
            begin(turn, activity, done, told=breached is not None)
        return
    told = end(turn, activity)
    for done in activity.acts:
        known = min(told[done.action, done.resource], done.count)
        told[done.action, done.resource] -= known
        _judge_act(conduct, turn, activity, done, told=known)
    state.sessions += activity.session is not None


def judge_unended(conduct: Conduct, turn: Turn) -> None:
    """Judge what was written ahead in sessions that can end no more, as if it had been done: it may have been."""
    for begun in take_unended(turn):
        ended = begun.record
        name = activity_id(ended.session, ended.instance, ended.start_ms, ended.seq)
        activity = msgspec.structs.replace(ended, activity_id=name)
        record(turn, _act(turn, activity, begun.act), unended(turn, begun))
        _judge_act(conduct, turn, activity, begun.act, told=int(begun.told))


def _judge_act(conduct: Conduct, turn: Turn, activity: Activity, done: SessionAct, *, told: int) -> None:
    """Judge equal acts of a session. ``told``: how many of them are findings already."""
    state, outcome = turn.state, turn.outcome
    learning = turn.at_ms - state.actor.first_ms < COLD_MS or state.sessions < COLD_SESSIONS
    act = _act(turn, activity, done)
    if told < act.count or not told:
        new = msgspec.structs.replace(act, count=act.count - told) if told else act
        for sighting in _sightings(conduct, turn, new, done, learning=learning):
            record(turn, new, sighting)
    state.actor.acts += act.count
    outcome.acts[done.outcome.value] = outcome.acts.get(done.outcome.value, 0) + act.count
    if done.override:
        _tell_override(turn, activity, done)


def _breach(conduct: Conduct, turn: Turn, act: Act, done: SessionAct) -> Sighting | None:
    """What the charter in force says against the act. What is outside of it is never learnt."""
    charter = conduct.allowed(turn.state.name)
    if charter is None and turn.state.actor.kind is ActorKind.AGENT and conduct.chartered:
        return unknown_actor(act)
    if done.denied_by is None and (charter is None or act.pair in charter):
        return None
    return breach(act, weight(act.action) * conduct.criticality_of(act.resource), denied_by=done.denied_by)


def _sightings(conduct: Conduct, turn: Turn, act: Act, done: SessionAct, *, learning: bool) -> Sightings:
    if done.denied_by is DeniedBy.CONTROL:
        return ()  # what a control stopped says nothing new
    actor, charter = turn.state.actor, conduct.allowed(turn.state.name)
    note_version(actor, act, learning=learning)
    if (breached := _breach(conduct, turn, act, done)) is not None:
        return (breached,)
    case = Case(
        actor=actor, state=actor.state_of(act.pair), act=act, criticality=conduct.criticality_of(act.resource),
        leaves=act.resource in conduct.leaves, before=None, learning=learning,
        per_hour=None if charter is None else charter[act.pair],
    )  # fmt: skip
    return [sighting for rule in RULES for sighting in rule(case)]


def _act(turn: Turn, activity: Activity, done: SessionAct) -> Act:
    by_command = activity.kind in BY_COMMAND
    return Act(
        at_ms=turn.at_ms,
        actor=activity.actor,
        action=ACTION_WORDS[done.action],
        resource=done.resource,
        kind=activity.kind,
        outcome=done.outcome,
        error=done.error,
        entity=done.entity or activity.entity or "",
        count=min(done.count, MAX_COUNTED),
        rows=min(done.rows, MAX_COUNTED_ROWS),
        max_rows=min(done.max_rows, MAX_COUNTED_ROWS),
        instance=activity.instance,
        version=activity.version or "",
        commands_known=True,
        command=activity.session if by_command else None,
        command_entity=activity.entity if by_command else None,
        session=activity.session,
        workflow_id=activity.workflow_id,
    )


def _tell_override(turn: Turn, activity: Activity, done: SessionAct) -> None:
    about = done.entity or activity.entity or "nobody"
    what = f"{done.action.value.lower()} of {done.resource}"
    turn.alert(
        f"{activity.activity_id}/override/{done.action.value}/{done.resource}",
        f"{turn.state.name} is controlled, and did {what} for {about} all the same: {done.override}",
        {"rule": "override", "session": activity.session, "workflow_id": activity.workflow_id},
    )
