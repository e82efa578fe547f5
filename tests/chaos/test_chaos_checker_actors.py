"""The judge's rules on actors, each with a violation planted in a history of the ueba app that is clean without it."""

import copy
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from itertools import islice
from typing import Any

import pytest
from chaos_checker.actor_history import ActorHistory
from chaos_checker.actor_records import DoneAct, RogueAct
from chaos_checker.history import gathered
from chaos_checker.judge import SCHEMAS
from chaos_checker.records import RecordPlace, StoredRecord
from chaos_checker.rules import actors
from chaos_checker.terms import read_terms
from chaos_checker.wire import WireSchemas
from chaos_suite.rogues import NAME, rogues
from support.actor_partition import ActorPartition, Worker
from support.judged_history import TOPOLOGY
from support.planted import at, edit

from master_orchestrator_schemas.messages import Activity, SessionAct
from master_orchestrator_schemas.vocabulary import Action

Plant = Callable[[ActorHistory], object]

HEALTHY = "agent:DIAGNOSIS"
ROGUES = 4
CONTROLLED = f"{NAME}1"
"""Its rogue does what is grave enough to be held to something."""


def stored(partition: ActorPartition) -> list[StoredRecord]:
    """The partition's records as they would stand in their topics."""
    ends: dict[str, int] = {}

    def placed(topic: str, key: bytes | None, value: bytes | None, headers: Sequence[Any] | None) -> StoredRecord:
        place = RecordPlace(topic, 0, ends.get(topic, 0))
        ends[topic] = place.offset + 1
        return StoredRecord(place, 0, key or b"", value, tuple(headers or ()))

    inputs = [placed(topic, given.key, given.value, ()) for topic, given in partition.inputs]
    return [*inputs, *(placed(out.topic, out.key, out.value, out.headers) for out in partition.outputs)]


@cache
def _made() -> tuple[ActorHistory, tuple[RogueAct, ...]]:
    partition = ActorPartition()
    worker, sent = Worker(partition, HEALTHY), list[Activity]()
    for records in islice(rogues(1, partition.topology), ROGUES):
        for record in records:
            partition.at_ms += 500
            partition.apply(worker.session(SessionAct(action=Action.READ, resource="dtc_kb")), record)
            sent.append(record)
    history = gathered(read_terms(TOPOLOGY), WireSchemas(SCHEMAS), 0, stored(partition))
    assert [] == history.unreadable
    journal = [
        RogueAct(activity.place, activity.activity_id, activity.actor)
        for activity in history.actors.activities
        if actors.is_rogue(activity.actor)
    ]
    assert [record.activity_id for record in sent] == [act.activity_id for act in journal]
    return history.actors, tuple(journal)


def clean() -> ActorHistory:
    """A history of its own for each test."""
    history, _ = _made()
    return ActorHistory(**{name: copy.copy(value) for name, value in vars(history).items()})


def found(history: ActorHistory) -> list[str]:
    _, journal = _made()
    return [violation.rule for violation in actors.violations(history, journal)]


def test_the_app_s_own_history_is_clean() -> None:
    history = clean()
    assert [] == found(history)
    assert len(history.activities) > len({activity.activity_id for activity in history.activities})
    assert CONTROLLED in {control.actor for control in history.controls}


def edited(kind: str, changes: Mapping[str, Any], /, **fields: Any) -> Plant:
    return lambda history: edit(getattr(history, kind), changes, **fields)


def drop(kind: str, /, **fields: Any) -> Plant:
    def plant(history: ActorHistory) -> None:
        records = getattr(history, kind)
        del records[at(records, **fields)]

    return plant


def twice(kind: str, /, **fields: Any) -> Plant:
    def plant(history: ActorHistory) -> None:
        records = getattr(history, kind)
        records.append(records[at(records, **fields)])

    return plant


def counted_twice(history: ActorHistory) -> None:
    """A record that was written again was counted again."""
    entity = history.entities[f"{NAME}0"]
    first, *others = entity.findings
    history.entities[entity.actor] = entity._replace(findings=(first._replace(times=first.times + 1), *others))


def of_the_healthy(event: str, **facts: object) -> Plant:
    """A record of the trail that is about an actor who did nothing wrong."""

    def plant(history: ActorHistory) -> None:
        entry = history.trail[0]
        history.trail.append(entry._replace(actor=HEALTHY, event=event, seq=0, facts=facts))

    return plant


def override(history: ActorHistory) -> None:
    """A control was overridden, and nobody was called."""
    act = DoneAct("send", "sms", 1, "safety")
    history.activities[0] = history.activities[0]._replace(acts=(act,))


RAISED = {"event": "finding_raised", "actor": f"{NAME}0", "seq": 0}
NOT_DONE = {"rule": "silence", "action": "records", "resource": "activity", "severity": 70}
PLANTED = [
    ("actor-once", twice("trail", **RAISED)),
    ("actor-seq", drop("trail", **RAISED)),
    ("actor-chain", edited("trail", {"hash": "0" * 64}, **RAISED)),
    ("actor-chain", edited("trail", {"prev_hash": "1" * 64}, **RAISED)),
    ("actor-chain", edited("trail", {"content": {}}, **RAISED)),
    ("actor-names", edited("trail", {"key": f"{NAME}0/7"}, **RAISED)),
    ("actor-names", edited("trail", {"event_id": None}, **RAISED)),
    ("rogue-there", drop("activities", actor=f"{NAME}0")),
    ("breach-once", drop("trail", **RAISED)),
    ("breach-once", twice("trail", **RAISED)),
    ("breach-once", edited("trail", {"facts": NOT_DONE}, **RAISED)),
    ("breach-count", counted_twice),
    ("breach-count", lambda history: history.entities.pop(f"{NAME}2")),
    ("false-alarm", of_the_healthy("finding_raised", rule="silence", severity=70.0, explanation="a record is missing")),
    ("false-alarm", of_the_healthy("finding_grown", rule="rows", severity=71.0, explanation="more than ever")),
    ("false-alarm", of_the_healthy("control_set", level="THROTTLE", reason="its risk is 75")),
    ("false-alarm", of_the_healthy("band_changed", to="high")),
    ("control-told", drop("controls", actor=CONTROLLED)),
    ("control-told", twice("controls", actor=CONTROLLED)),
    ("control-told", edited("controls", {"level": "OBSERVE"}, actor=CONTROLLED)),
    ("actor-alert", drop("alerts", kind="BEHAVIOUR")),
    ("actor-alert", twice("alerts", kind="BEHAVIOUR")),
    ("actor-alert", edited("alerts", {"alert_id": "agent:DIAGNOSIS/0/0"}, kind="BEHAVIOUR")),
    ("actor-alert", override),
]


@pytest.mark.parametrize(("rule", "plant"), PLANTED, ids=[f"{n}-{rule}" for n, (rule, _) in enumerate(PLANTED)])
def test_a_planted_violation_is_found(rule: str, plant: Plant) -> None:
    history = clean()
    plant(history)
    assert rule in found(history)


def test_a_finding_below_the_bar_is_no_false_alarm() -> None:
    history = clean()
    of_the_healthy("finding_raised", rule="silence", severity=69.9, explanation="not heard of")(history)
    assert [] == actors.healthy_quiet(history.trail)
