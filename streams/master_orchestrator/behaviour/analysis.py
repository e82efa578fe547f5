"""All actors of a log of acts: each act is judged by every rule, learnt from, and counted into its actor's risk."""

from collections.abc import Iterator, Mapping

import msgspec

from master_orchestrator.behaviour.actor import Actor, enter_band, note_version
from master_orchestrator.behaviour.acts import (
    CHARTERED,
    DAY_MS,
    DEFAULT_CRITICALITY,
    HOUR_MS,
    Act,
    weight,
)
from master_orchestrator.behaviour.case import Case
from master_orchestrator.behaviour.findings import BehaviourFinding, Sighting
from master_orchestrator.behaviour.precedents import Before, Precedents
from master_orchestrator.behaviour.risk import Band, band_of, score
from master_orchestrator.behaviour.rules.charter import outside_charter, unknown_actor
from master_orchestrator.behaviour.rules.context import context
from master_orchestrator.behaviour.rules.silence import Numbering
from master_orchestrator.behaviour.rules.single_act import per_command, rows
from master_orchestrator.behaviour.rules.windows import same_entity, windows
from master_orchestrator_schemas.vocabulary import ActorKind

RULES = (rows, per_command, windows, same_entity, context)
"""In this order: ``context`` counts the act into what is known of its pair, so it comes last."""

REGISTERED_LEARNS_MS = 7 * DAY_MS
DECLARED_FOR_MS = 4 * HOUR_MS
"""How long declared work lasts, where the declaration says nothing."""

MAX_ACTORS = 4_096
OTHER_ACTOR = "other"


class AnalysisTerms(msgspec.Struct, frozen=True, kw_only=True):
    """What acts are judged by.

    Args:
        learn_until_ms: what happened before is learnt and not judged; an agent's charter is what it did until then.
        criticality: of resources, 1 to 10.
        leaves: resources whose acts leave the house and cannot be taken back.
    """

    learn_until_ms: int
    criticality: Mapping[str, int]
    leaves: frozenset[str]


class Standing(msgspec.Struct, frozen=True):
    """One actor at the end: ``findings`` counts those that are alerts."""

    agent: str
    kind: str
    score: float
    band: Band
    findings: int
    acts: int


class Analysis:
    """Judges acts in the order of their times. The same acts give the same findings."""

    def __init__(self, terms: AnalysisTerms) -> None:
        self._terms = terms
        self._actors: dict[str, Actor] = {}
        self._registered: dict[str, int] = {}
        self._numbering = Numbering()
        self._precedents = Precedents()
        self._findings: list[BehaviourFinding] = []
        self._now_ms = 0

    @property
    def findings(self) -> list[BehaviourFinding]:
        """All findings so far, in the order in which they were raised."""
        return self._findings

    def observe(self, act: Act) -> None:
        """Judge one act and learn from it. Times must not go back."""
        self._now_ms = act.at_ms
        actor = self._actor_of(act)
        for sighting in self._sightings(actor, act):
            self._record(actor, act, sighting)
        actor.acts += 1
        self._obey(act)

    def standings(self) -> list[Standing]:
        """Every actor's risk at the time of the newest act, the highest first."""
        scores = [(actor, score(actor.ledger.findings, self._now_ms)) for actor in self._actors.values()]
        return [
            Standing(
                agent=actor.name,
                kind=actor.kind.value,
                score=value,
                band=band_of(value),
                findings=sum(finding.alerts for finding in actor.ledger.findings),
                acts=actor.acts,
            )
            for actor, value in sorted(scores, key=lambda pair: (-pair[1], pair[0].name))
        ]

    def _sightings(self, actor: Actor, act: Act) -> Iterator[Sighting]:
        learning = self._learns(actor, act.at_ms)
        yield from self._numbering.look(act, learning=act.at_ms < self._terms.learn_until_ms)
        if not actor.known:
            yield unknown_actor(act)
            return
        note_version(actor, act, learning=learning)
        criticality = self._terms.criticality.get(act.resource, DEFAULT_CRITICALITY)
        stake = weight(act.action) * criticality
        if breaches := list(outside_charter(actor, act, stake, learning=learning)):
            yield from breaches
            return  # what is outside the charter is never learnt
        case = Case(
            actor=actor,
            state=actor.state_of(act.pair),
            act=act,
            criticality=criticality,
            leaves=act.resource in self._terms.leaves,
            before=self._before(act),
            learning=learning or self._is_new(actor, act.at_ms),
            all_seen=True,
        )
        for rule in RULES:
            yield from rule(case)

    def _before(self, act: Act) -> Before | None:
        if not act.entity or act.kind not in CHARTERED:
            return None
        if (taken_up := self._precedents.takes_up(act)) is not None:
            name, pair = taken_up
            if (actor := self._actors.get(name)) is not None and pair in actor.pairs:
                actor.pairs[pair].take_up(act.at_ms)
        before = self._precedents.before(act)
        return before if act.command is None else None

    def _actor_of(self, act: Act) -> Actor:
        actor = self._actors.get(act.actor)
        if actor is None:
            name = act.actor if len(self._actors) < MAX_ACTORS else OTHER_ACTOR
            actor = self._actors.setdefault(name, self._new_actor(name, act))
        return actor

    def _new_actor(self, name: str, act: Act) -> Actor:
        registered_ms = self._registered.get(name)
        known = (
            act.at_ms < self._terms.learn_until_ms or registered_ms is not None or act.kind not in CHARTERED
        ) and name != OTHER_ACTOR
        actor = Actor(name, act.kind, act.at_ms, known=known)
        if registered_ms is not None:
            actor.learns_until_ms = registered_ms + REGISTERED_LEARNS_MS
        return actor

    def _learns(self, actor: Actor, at_ms: int) -> bool:
        return at_ms < max(self._terms.learn_until_ms, actor.learns_until_ms)

    def _is_new(self, actor: Actor, at_ms: int) -> bool:
        return actor.first_ms >= self._terms.learn_until_ms and actor.cold(at_ms)

    def _obey(self, act: Act) -> None:
        """Registrations and declarations, which only people make."""
        if act.kind is not ActorKind.OPERATOR or not act.succeeded:
            return
        if (act.action, act.resource) == ("register", "charter"):
            self._registered[act.entity] = act.at_ms
            if (actor := self._actors.get(act.entity)) is not None:
                actor.known, actor.learns_until_ms = True, act.at_ms + REGISTERED_LEARNS_MS
        elif (act.action, act.resource) == ("declare", "change_window") and act.entity in self._actors:
            self._actors[act.entity].window_until_ms = act.at_ms + DECLARED_FOR_MS

    def _record(self, actor: Actor, act: Act, sighting: Sighting) -> None:
        finding, new = actor.ledger.record(act, sighting)
        if new:
            self._findings.append(finding)
        if (risen := enter_band(actor, act, sighting.rule)) is not None:
            risk, new = actor.ledger.record(act, risen)
            if new:
                self._findings.append(risk)
