"""Naive Bayes over the knowledge base, one fault per subsystem.

For the symptoms S and codes D of a subsystem, each with the confidence w that it is real,

    weight(cause)    = prior(cause) * product over S and D of (w * P(s | cause) + (1 - w) * LEAK)
    weight(no fault) = PRIOR_NO_FAULT * product of (w * LEAK + (1 - w) * FALSE_ALARM)
    P(cause)         = weight(cause) / sum of all weights

A cause is a candidate if it explains at least one symptom or code of the subsystem. What it explains in other
subsystems counts for it (a head gasket explains heat and misfire); what it does not explain there does not count
against it, since a vehicle may have two faults. "Independent given the cause" is naive, as the name says: two codes of
one circuit count twice, so probabilities are sharper than they should be.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from master_orchestrator_agents.reference.diagnosis.knowledge import Knowledge, KnownCause
from master_orchestrator_agents.reference.diagnosis.symptoms import Symptom, subsystems
from master_orchestrator_agents.reference.diagnosis.titles import Title, title_of
from master_orchestrator_schemas.trouble_codes import without_type
from master_orchestrator_schemas.vocabulary import Subsystem

Titles = Callable[[str], Title | None]
"""The title of a trouble code or J1939 fault."""

LEAK = 0.02
"""P(symptom | a cause that has nothing to do with it)."""
FALSE_ALARM = 0.5
PRIOR_NO_FAULT = 0.3
TITLED = 0.8
"""P(code | the circuit that its title names)."""
UNNAMED = 0.5
"""P(symptom | cause) where only the subsystem is known."""


@dataclass(frozen=True)
class Ranked:
    """A cause with its probability, and the symptoms of its subsystem."""

    cause: KnownCause
    probability: float
    severity: float
    code: str | None


@dataclass(frozen=True)
class Ranking:
    """The causes of one subsystem, the likeliest first; ``fault``: the probability that there is any fault at all."""

    subsystem: Subsystem
    ranked: tuple[Ranked, ...]
    fault: float
    severity: float
    confidence: float


def rank(knowledge: Knowledge, symptoms: Sequence[Symptom], titles: Titles = title_of) -> tuple[Ranking, ...]:
    """One ranking per subsystem that shows anything, the most severe first."""
    return tuple(_rank_one(knowledge, titles, symptoms, subsystem) for subsystem in subsystems(symptoms))


def _rank_one(knowledge: Knowledge, titles: Titles, symptoms: Sequence[Symptom], subsystem: Subsystem) -> Ranking:
    own = [symptom for symptom in symptoms if symptom.subsystem == subsystem]
    others = [symptom for symptom in symptoms if symptom.subsystem != subsystem]
    candidates = [cause for cause in knowledge.causes if any(_explains(cause, symptom) for symptom in own)]
    candidates += _titled(titles, own, candidates)
    weights = [_weight(cause, own, others) for cause in candidates]
    healthy = _no_fault(own) if candidates else 0.0
    total = sum(weights) + healthy
    severity = max(symptom.severity for symptom in own)
    ranked = sorted(
        (
            Ranked(cause, weight / total, severity, _code(cause, own))
            for cause, weight in zip(candidates, weights, strict=True)
        ),
        key=lambda entry: (-entry.probability, entry.cause.component),
    )
    confidence = max(symptom.confidence for symptom in own)
    return Ranking(subsystem, tuple(ranked), 1 - healthy / total if candidates else confidence, severity, confidence)


def _titled(titles: Titles, own: Sequence[Symptom], candidates: Sequence[KnownCause]) -> list[KnownCause]:
    """For each code that no candidate explains, a cause made of its title."""
    causes: dict[str, KnownCause] = {}
    for symptom in own:
        if symptom.code is None or any(_explains(cause, symptom) for cause in candidates):
            continue
        title = titles(symptom.code)
        if title is not None:
            cause = title.as_cause(symptom.subsystem, symptom.severity)
            codes = {re.escape(without_type(symptom.code)): TITLED}
            causes[cause.component] = cause.model_copy(update={"codes": codes})
    return list(causes.values())


def _explains(cause: KnownCause, symptom: Symptom) -> bool:
    return _likelihood(cause, symptom) > LEAK


def _likelihood(cause: KnownCause, symptom: Symptom) -> float:
    if symptom.code is not None:
        named = cause.of_code(symptom.code)
        if named is not None:
            return named
    if symptom.name is not None and symptom.name in cause.symptoms:
        return cause.symptoms[symptom.name]
    unnamed = symptom.name is None and symptom.code is None and cause.subsystem == symptom.subsystem
    return UNNAMED if unnamed else LEAK


def _weight(cause: KnownCause, own: Sequence[Symptom], others: Sequence[Symptom]) -> float:
    weight = cause.prior
    for symptom in own:
        weight *= symptom.confidence * _likelihood(cause, symptom) + (1 - symptom.confidence) * LEAK
    for symptom in others:
        if _explains(cause, symptom):
            weight *= 1 + symptom.confidence * _likelihood(cause, symptom)
    return weight


def _no_fault(own: Sequence[Symptom]) -> float:
    weight = PRIOR_NO_FAULT
    for symptom in own:
        weight *= symptom.confidence * LEAK + (1 - symptom.confidence) * FALSE_ALARM
    return weight


def _code(cause: KnownCause, own: Sequence[Symptom]) -> str | None:
    return next((s.code for s in own if s.code is not None and cause.of_code(s.code) is not None), None)
