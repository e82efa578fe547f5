"""What agents may answer: results within their models' bounds and outside of them, as they travel."""

import json
from collections.abc import Callable, Mapping
from random import Random
from typing import Any

from fuzz_suite.records.values import INTEGERS, NOT_FINITE, TEXTS, maybe, number, text
from master_orchestrator_schemas.messages import Failure
from master_orchestrator_schemas.messages.telemetry import MAX_MS
from master_orchestrator_schemas.results import MAX_EXTRAS, RESULTS
from master_orchestrator_schemas.vocabulary import (
    AgentType,
    Answer,
    AppointmentState,
    FailureKind,
    FindingLabel,
    Subsystem,
)

RULES = ("coolant_boiling", "coolant_hot", "dtc:P0301", "mil_lit", "tyre_flat", "j1939:100/1")
HOURS = (None, 0.0, 5e-324, 1.0, 100_000.0)
EXTRAS = (
    "null",
    "0",
    '"x"',
    "[]",
    "[" * 60 + "]" * 60,
    "1e999",
    "NaN",
    "-0",
    '{"a":{"b":1}}',
    '"\\ud800"',
    "9" * 5_000,
)


def _few(rng: Random, make: Callable[[Random], object], most: int) -> list[object]:
    return [make(rng) for _ in range(rng.choice((0, 1, 1, 2, most)))]


def _anomaly(rng: Random) -> object:
    if rng.random() < 0.3:
        return text(rng)
    return {
        "description": text(rng, 2_000),
        "subsystem": rng.choice(tuple(Subsystem)).value,
        "severity": rng.random(),
        "evidence": text(rng, 2_000),
        "rule": rng.choice((None, *RULES)),
    }


def _cause(rng: Random) -> object:
    return {
        "component": text(rng),
        "subsystem": rng.choice(tuple(Subsystem)).value,
        "probability": rng.random(),
        "description": text(rng, 2_000),
        "dtc": maybe(rng, text(rng)),
    }


def _operation(rng: Random) -> object:
    hours = rng.choice((0.0, 1.0, 200.0, 5e-324))
    return {"name": text(rng), "labour_hours": hours, "skill": text(rng), "parts": [text(rng)] * rng.choice((0, 1, 16))}


def _offer(rng: Random) -> object:
    return {"workshop_id": text(rng), "start_ms": _time(rng), "end_ms": _time(rng), "held_until_ms": _time(rng)}


def _time(rng: Random) -> int:
    return rng.choice((0, 1, MAX_MS, rng.randrange(1_690_000_000_000, 1_720_000_000_000)))


FIELDS: Mapping[str, Callable[[Random], object]] = {
    "anomalies": lambda rng: maybe(rng, _few(rng, _anomaly, 16)),
    "dismissed": lambda rng: [rng.choice(RULES)] * rng.choice((0, 1, 16)),
    "causes": lambda rng: maybe(rng, _few(rng, _cause, 8)),
    "operations": lambda rng: _few(rng, _operation, 8),
    "severity": lambda rng: rng.choice((0.0, 1.0, rng.random())),
    "probability": lambda rng: rng.choice((0.0, 1.0, rng.random())),
    "time_to_failure_h": lambda rng: rng.choice(HOURS),
    "time_to_failure_low_h": lambda rng: rng.choice(HOURS),
    "time_to_failure_high_h": lambda rng: rng.choice(HOURS),
    "safe_to_drive": lambda rng: rng.random() < 0.7,
    "answer": lambda rng: rng.choice((Answer.ACCEPT, Answer.ACCEPT, *Answer)).value,
    "contacts": lambda rng: rng.choice((0, 1, 100)),
    "preferred_from_ms": lambda rng: maybe(rng, _time(rng)),
    "start_ms": lambda rng: maybe(rng, _time(rng)),
    "end_ms": lambda rng: maybe(rng, _time(rng)),
    "status": lambda rng: rng.choice((AppointmentState.CONFIRMED, *AppointmentState)).value,
    "offers": lambda rng: _few(rng, _offer, 3),
    "waits_until_ms": lambda rng: maybe(rng, _time(rng)),
    "csat": lambda rng: rng.choice((None, 1, 5)),
    "nps": lambda rng: rng.choice((None, 0, 10)),
    "fixed_right_first_time": lambda rng: rng.choice((None, True, False)),
    "labels": lambda rng: [{"rule": rng.choice(RULES), "label": rng.choice(tuple(FindingLabel)).value}],
    "claims": lambda rng: rng.choice((0, 1, 2**53)),
    "signal": lambda rng: rng.random() < 0.3,
    "message": lambda rng: text(rng, 2_000),
    "summary": lambda rng: text(rng, 2_000),
    "text": lambda rng: text(rng, 2_000),
}
"""Fields of the results that are not short texts -> a value that their model accepts."""


def result(rng: Random, agent: AgentType) -> dict[str, Any]:
    """A result of this agent as it travels; one in four is nothing that its model accepts."""
    model = RESULTS[agent]
    given = {name: FIELDS.get(name, text)(rng) for name in model.model_fields if rng.random() < 0.5}
    wire = model.model_validate(given).to_wire()
    if rng.random() < 0.2:
        few = rng.choice((1, 3, MAX_EXTRAS, MAX_EXTRAS + 1))
        long = json.dumps(rng.choice(("x", '"', "\\", "\x01", "é")) * rng.choice((1, 50, 600, 1_900, 3_900)))
        own = rng.choice(EXTRAS) if rng.random() < 0.5 else long
        wire["extras"] = {f"{text(rng, 60)}{number}": own for number in range(few)}
    return _broken(rng, wire) if rng.random() < 0.25 else wire


def _broken(rng: Random, wire: dict[str, Any]) -> dict[str, Any]:
    """Other values of the same types, whatever the model says to them."""
    broken = {name: _beyond(rng, value) if rng.random() < 0.3 else value for name, value in wire.items()}
    long = [name for name, value in broken.items() if isinstance(value, list) and value]
    if long and rng.random() < 0.2:
        name = rng.choice(long)
        broken[name] = broken[name] * rng.choice((5, 17, 200))
    return broken


def _beyond(rng: Random, value: Any) -> Any:
    match value:
        case bool():
            other: Any = not value
        case float():
            other = rng.choice((*NOT_FINITE, -1.0, 2.0, number(rng)))
        case int():
            other = rng.choice(INTEGERS)
        case str():
            other = rng.choice(TEXTS)
        case list():
            other = [_beyond(rng, item) for item in value] * rng.choice((1, 1, 3))
        case dict():
            other = {name: _beyond(rng, item) if rng.random() < 0.5 else item for name, item in value.items()}
        case _:
            other = value
    return other


def failure(rng: Random) -> Failure:
    """A failure."""
    return Failure(
        kind=rng.choice((FailureKind.RETRYABLE, FailureKind.RETRYABLE, FailureKind.PERMANENT)),
        error=text(rng),
        message=text(rng, 2_000),
        retry_after_ms=rng.choice((None, None, 0, 1, 3_600_000)),
    )


class Answers:
    """A stock of answers, made once: making one costs more than all the rest of a case."""

    def __init__(self, rng: Random, of_each: int = 60) -> None:
        self._results = {agent: [result(rng, agent) for _ in range(of_each)] for agent in AgentType}
        self._plain = {agent: RESULTS[agent]().to_wire() for agent in AgentType}

    def draw(self, rng: Random, agent: AgentType) -> dict[str, Any]:
        """One of the agent's; often the plainest, so that workflows get on."""
        return self._plain[agent] if rng.random() < 0.5 else rng.choice(self._results[agent])
