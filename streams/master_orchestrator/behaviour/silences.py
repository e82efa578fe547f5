"""Records that are missing, and instances that have fallen silent."""

from master_orchestrator.behaviour.actor_state import ActorState, Writer
from master_orchestrator.behaviour.acts import MINUTE_MS, Act
from master_orchestrator.behaviour.findings import Rule, Sighting
from master_orchestrator.behaviour.recording import record
from master_orchestrator.behaviour.rules.silence import GAP_SEVERITY, missing_text
from master_orchestrator.behaviour.trail import Turn
from master_orchestrator_schemas.messages import Activity
from master_orchestrator_schemas.vocabulary import ActorKind

SILENT_MS = 5 * MINUTE_MS
"""An instance writes at least once a minute until it says goodbye."""
SILENT_SEVERITY = 40
UNHEARD_MS = MINUTE_MS
"""A tick that comes so late waited itself: Kafka or the app was away, and nobody could be heard."""

PATIENCE_MS = 10_000
"""How long a number that was passed over may still come."""
MAX_MISSING = 64

MISSING: tuple[str, str] = ("records", "activity")
"""What these findings are about, in place of an act's action and resource."""


def follow(turn: Turn, activity: Activity) -> Sighting | None:
    """Note the record's number; what is to be said where numbers before it stay missing."""
    state, instance = turn.state, activity.instance
    known = state.writers.get(instance)
    if known is not None and activity.start_ms < known.start_ms:
        return None  # of an earlier life, or of another process of the same name
    alive = state.actor.kind is ActorKind.AGENT and not activity.goodbye
    if known is None:  # it may have begun before anybody listened
        state.follow(instance, Writer(activity.start_ms, activity.seq, turn.at_ms, alive))
        return None
    restarted = activity.start_ms > known.start_ms
    sighting = _missing(turn, instance, known) if restarted else None
    writer = Writer(activity.start_ms, -1, turn.at_ms, alive) if restarted else known
    writer.last_ms, writer.alive = max(writer.last_ms, turn.at_ms), alive
    _number(writer, activity.seq, turn.at_ms)
    state.follow(instance, writer)
    if activity.goodbye or turn.at_ms - writer.missed_ms >= PATIENCE_MS:
        sighting = _missing(turn, instance, writer) or sighting
    return sighting


def _number(writer: Writer, seq: int, at_ms: int) -> None:
    if seq in writer.missing:
        writer.missing.remove(seq)
        return
    gap = seq - writer.seq - 1
    if gap > 0:
        if not writer.missing and not writer.more:
            writer.missed_ms = at_ms
        room = max(0, MAX_MISSING - len(writer.missing))
        writer.missing.extend(range(writer.seq + 1, writer.seq + 1 + min(gap, room)))
        writer.more += gap - min(gap, room)
    writer.seq = max(writer.seq, seq)


def _missing(turn: Turn, instance: str, writer: Writer) -> Sighting | None:
    """What is to be said of the numbers that are missing, once."""
    count = len(writer.missing) + writer.more
    if not count:
        return None
    text = f"{missing_text(count, turn.state.name, instance)} before number {writer.seq:,}"
    writer.missing, writer.more = [], 0
    return Sighting(Rule.SILENCE, GAP_SEVERITY, text, observed=count)


def silent_at(state: ActorState) -> int | None:
    """When the next instance will have been silent for too long; None where there is none to be heard."""
    heard = [writer.last_ms for writer in state.writers.values() if writer.alive]
    return min(heard) + SILENT_MS if heard else None


def report_silent(turn: Turn) -> None:
    """A finding for each instance that has been silent for too long, while it could have been heard.

    Each instance's silence is judged by its own records alone, so a replay may apply later ones first.
    """
    for instance, writer in turn.state.writers.items():
        over_ms = turn.at_ms - writer.last_ms - SILENT_MS
        if not writer.alive or over_ms < 0:
            continue
        if over_ms > UNHEARD_MS:
            writer.last_ms = turn.at_ms
            continue
        writer.alive = False
        minutes = (turn.at_ms - writer.last_ms) // MINUTE_MS
        text = f"nothing was heard of {turn.state.name} {instance} for {minutes} minutes, and it had not said goodbye"
        record(turn, missing_act(turn, instance), Sighting(Rule.SILENCE, SILENT_SEVERITY, text))


def missing_act(turn: Turn, instance: str) -> Act:
    """What stands for an act where the finding is that there is none."""
    action, resource = MISSING
    return Act(
        at_ms=turn.at_ms, actor=turn.state.name, kind=turn.state.actor.kind, action=action, resource=resource,
        instance=instance,
    )  # fmt: skip
