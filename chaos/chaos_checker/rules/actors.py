"""What the ueba app says of actors: trails whole, each breach found and told once, nothing severe of the healthy."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from chaos_checker.actor_history import ActorHistory
from chaos_checker.actor_records import ActorEntry, DecodedActivity, DecodedControl, DecodedEntity, RogueAct
from chaos_checker.records import DecodedAlert
from chaos_checker.rules import chains
from chaos_checker.violation import RuleViolation, violations_of

ROGUE = "operator:rogue-"
"""How the names of the load's rogues begin."""
BREACH, RISK = "outside_charter", "risk"
SEVERE = 70
ALERTED = 40
SEVERE_BANDS = frozenset({"high", "critical"})
FOUND = frozenset({"finding_raised", "finding_grown"})


class BreachKind(NamedTuple):
    """What a finding of a breach is about: it is one finding, however often it is done within an hour."""

    actor: str
    action: str
    resource: str


def whole(trail: Sequence[ActorEntry]) -> list[RuleViolation]:
    """Once, in order, without holes or forks, chained, under their names."""
    named = [
        (entry.where, f"its key is {entry.key!r} and its ce_id {entry.event_id!r}")
        for entry in trail
        if {entry.key, entry.event_id} != {f"{entry.actor}/{entry.seq}"}
    ]
    trails = chains.by_owner(trail, lambda entry: entry.actor)
    return [
        *violations_of("actor-names", named),
        *chains.whole("actor", trails, lambda entry: chains.digest(entry.content)),
    ]


def there(rogues: Iterable[RogueAct], activities: Iterable[DecodedActivity]) -> list[RuleViolation]:
    """What was acknowledged to the load's rogues is on record."""
    recorded = {activity.place: activity.activity_id for activity in activities}
    missing = [act for act in rogues if recorded.get(act.place) != act.activity_id]
    return violations_of("rogue-there", [(str(act.place), f"{act.activity_id} is not there") for act in missing])


def found_once(activities: Iterable[DecodedActivity], trail: Iterable[ActorEntry]) -> list[RuleViolation]:
    """Each kind of breach of each rogue is one finding; nothing else is found of them but their risk."""
    due = breaches(activities)
    raised: Counter[BreachKind] = Counter()
    violations = []
    for entry in trail:
        if entry.event == "finding_raised" and is_rogue(entry.actor) and entry.facts["rule"] != RISK:
            kind = BreachKind(entry.actor, entry.facts["action"], entry.facts["resource"])
            raised[kind] += 1
            if entry.facts["rule"] != BREACH or kind not in due:
                violations.append((entry.where, f"{entry.facts['rule']} of {kind} was found, and never done"))
    violations += [(kind.actor, f"{kind} was done, and is not found") for kind in due if not raised[kind]]
    violations += [(kind.actor, f"{kind} is {number} findings") for kind, number in raised.items() if number > 1]
    return violations_of("breach-once", violations)


def counted(activities: Iterable[DecodedActivity], entities: Mapping[str, DecodedEntity]) -> list[RuleViolation]:
    """Each finding of a breach holds as many acts as were done, however often their records were written."""
    told = {
        BreachKind(entity.actor, found.action, found.resource): found.times
        for entity in entities.values()
        for found in entity.findings
        if found.rule == BREACH
    }
    wrong = [(kind, number) for kind, number in breaches(activities).items() if told.get(kind) != number]
    return violations_of(
        "breach-count", [(kind.actor, f"{kind} was done {n} times, told of {told.get(kind)}") for kind, n in wrong]
    )


def breaches(activities: Iterable[DecodedActivity]) -> Counter[BreachKind]:
    """How often each rogue did what it may not; a record that was written again counts once."""
    done: Counter[BreachKind] = Counter()
    for activity in _once(activities):
        if is_rogue(activity.actor):
            for act in activity.acts:
                done[BreachKind(activity.actor, act.action, act.resource)] += act.times
    return done


def healthy_quiet(trail: Iterable[ActorEntry]) -> list[RuleViolation]:
    """Who does as it should has no severe finding, no high risk, and is held to nothing."""
    violations = []
    for entry in trail:
        if is_rogue(entry.actor):
            continue
        if entry.event in FOUND and entry.facts["severity"] >= SEVERE:
            violations.append((entry.where, f"{entry.facts['rule']}: {entry.facts['explanation']}"))
        if entry.event == "control_set":
            violations.append((entry.where, f"held to {entry.facts['level']}: {entry.facts['reason']}"))
        if entry.event == "band_changed" and entry.facts["to"] in SEVERE_BANDS:
            violations.append((entry.where, f"its band is {entry.facts['to']}"))
    return violations_of("false-alarm", violations)


def controls_told(trail: Iterable[ActorEntry], controls: Iterable[DecodedControl]) -> list[RuleViolation]:
    """Each control of the trails is told to those who obey, once and in order, and no other."""
    due = chains.by_owner((each for each in trail if _level(each)), lambda entry: entry.actor)
    told = chains.by_owner(controls, lambda control: control.actor)
    violations = []
    for actor in {*due, *told}:
        levels = [_level(entry) for entry in due.get(actor, [])]
        given = [control.level for control in told.get(actor, [])]
        if levels != given:
            violations.append((actor, f"its trail holds it to {levels}, those who obey were told {given}"))
    return violations_of("control-told", violations)


def alerts_told(
    activities: Iterable[DecodedActivity], trail: Iterable[ActorEntry], alerts: Iterable[DecodedAlert]
) -> list[RuleViolation]:
    """Each finding, control and override that calls for a human has one alert, and there is no other."""
    due = {name for entry in trail for name in _alerts(entry)} | {
        f"{activity.activity_id}/override/{act.action}/{act.resource}"
        for activity in activities
        for act in activity.acts
        if activity.done and act.override
    }
    told = Counter(alert.alert_id for alert in alerts)
    violations = [(name, "nobody was called") for name in due - told.keys()]
    violations += [(name, "no trail demands it") for name in told.keys() - due]
    violations += [(name, f"{number} times") for name, number in told.items() if number > 1]
    return violations_of("actor-alert", violations)


def is_rogue(actor: str) -> bool:
    """Whether the load has it do what it may not."""
    return actor.startswith(ROGUE)


def violations(history: ActorHistory, rogues: Sequence[RogueAct]) -> list[RuleViolation]:
    """Every rule of this module on one partition's history. ``rogues``: the load's, of this partition."""
    return [
        *whole(history.trail),
        *there(rogues, history.activities),
        *found_once(history.activities, history.trail),
        *counted(history.activities, history.entities),
        *healthy_quiet(history.trail),
        *controls_told(history.trail, history.controls),
        *alerts_told(history.activities, history.trail, history.alerts),
    ]


def _once(activities: Iterable[DecodedActivity]) -> Iterable[DecodedActivity]:
    return {activity.activity_id: activity for activity in activities}.values()


def _level(entry: ActorEntry) -> str:
    """What the record holds its actor to; nothing for those that hold it to nothing."""
    released = "OBSERVE" if entry.event == "control_released" else ""
    return str(entry.facts["level"]) if entry.event == "control_set" else released


def _alerts(entry: ActorEntry) -> list[str]:
    if entry.event in FOUND and entry.facts["severity"] >= ALERTED:
        return [f"{entry.finding_id}/{entry.seq}"]
    return [f"{entry.actor}/{entry.seq}/control"] if entry.event == "control_set" else []
