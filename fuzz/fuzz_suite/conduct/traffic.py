"""Well-formed records of a few actors, with values from the ends of what a field can hold."""

from random import Random
from typing import Any

from fuzz_suite.records.values import text
from master_orchestrator_schemas.messages import Activity, ActorTick, ControlledPair, SessionAct, UebaRequest
from master_orchestrator_schemas.messages.activity import MAX_ACTS, MAX_COUNT
from master_orchestrator_schemas.messages.telemetry import MAX_MS
from master_orchestrator_schemas.vocabulary import (
    ActError,
    Action,
    ActorKind,
    ActOutcome,
    ControlLevel,
    DeniedBy,
    Phase,
    Priority,
    UebaAction,
    Verdict,
)

ACTORS = (
    "agent:FEEDBACK",
    "agent:SCHEDULING",
    "operator:ada",
    "client:portal",
    "gateway:north",
    "workshop:w",
    "engine",
)
STRANGE = ("agent:NOBODY", "agent:", "nobody", f"operator:{'x' * 190}", "client:\u2028", "agent:\x00")
RESOURCES = (
    "feedback",
    "survey",
    "dtc_kb",
    "appointment",
    "center_capacity",
    "customer_profile",
    "audit_log",
    "policy",
)
CALM = {
    "agent:FEEDBACK": (Action.READ, "feedback"),
    "agent:SCHEDULING": (Action.READ, "center_capacity"),
    "operator:ada": (Action.READ, "workflow"),
    "client:portal": (Action.READ, "workflow"),
    "gateway:north": (Action.WRITE, "telemetry"),
    "workshop:w": (Action.WRITE, "appointment"),
}
"""What the charters allow."""
COUNTS = (0, 1, 1, 1, 2, 5, 64, 1_000, 2**31, MAX_COUNT)
DURATIONS_MS = (1, 60_000, 86_400_000, 31_622_400_000)

ActorMessage = Activity | UebaRequest | ActorTick


class ActorTraffic:
    """Draws messages. ``deadlines``: by actor, the names of those that stand.

    In every second shard, by chance, most sessions are calm: nothing is found in them, so that much lies between two
    records of a trail, where a replay has to put things in their place by itself.
    """

    def __init__(self, rng: Random, start_ms: int) -> None:
        self._rng, self._start_ms = rng, start_ms
        self._numbers: dict[tuple[str, str], int] = {}
        self._made = 0
        self._calm = 0.9 * (rng.random() < 0.5)

    def message(self, deadlines: dict[str, list[str]], findings: dict[str, int], at_ms: int) -> ActorMessage:
        """One message; ``findings``: by actor, how many it has had."""
        rng = self._rng
        actor = rng.choice(ACTORS) if rng.random() < 0.95 else rng.choice(STRANGE)
        draw = rng.random()
        if draw < 0.75:
            calm = actor in CALM and rng.random() < self._calm
            return self._calm_activity(actor, at_ms) if calm else self._activity(actor, at_ms)
        if draw < 0.88:
            names = deadlines.get(actor) or ["silence", "unheard", "until", "band", "tell"]
            name = rng.choice(names) if rng.random() < 0.95 else text(rng)
            return ActorTick(actor=actor, deadline_id=name, due_ms=rng.choice((0, at_ms, MAX_MS, 2**63 - 1, -1)))
        return self._request(actor, findings.get(actor, 0))

    def _activity(self, actor: str, at_ms: int) -> Activity:
        rng = self._rng
        instance = f"w{rng.randrange(3)}@h" if rng.random() < 0.9 else text(rng)[:100]
        number = self._next_number(actor, instance, rng.choice((0, 0, 0, 0, 0, 0, 1, 7)))
        self._made += rng.random() < 0.95
        kind = actor.partition(":")[0]
        session = f"s{self._made}" if rng.random() < 0.9 else None
        return Activity(
            activity_id=f"{session}#{self._made}",
            actor=actor,
            kind=ActorKind(kind) if kind in list(ActorKind) and rng.random() < 0.99 else rng.choice(list(ActorKind)),
            instance=instance,
            start_ms=self._start_ms + (rng.random() < 0.02) * rng.choice((1, 60_000)),
            version=rng.choice((None, "1", "1", "2", text(rng)[:100])),
            charter=rng.choice((None, "0123456789ab")),
            seq=number if rng.random() < 0.99 else rng.choice(COUNTS),
            session=session,
            workflow_id=rng.choice((None, "v-1~1")),
            entity=rng.choice((None, "v-1", "v-2", text(rng)[:100])),
            priority=rng.choice((None, *Priority)),
            phase=Phase.BEFORE if rng.random() < 0.1 else Phase.DONE,
            at_ms=min(MAX_MS, max(0, at_ms)),
            took_ms=rng.choice(COUNTS),
            outcome=rng.choice(list(ActOutcome)),
            acts=tuple(self._act() for _ in range(rng.choice((0, 1, 1, 2, 3, MAX_ACTS if rng.random() < 0.1 else 4)))),
            goodbye=rng.random() < 0.03,
        )

    def _calm_activity(self, actor: str, at_ms: int) -> Activity:
        rng = self._rng
        action, resource = CALM[actor]
        instance = f"w{rng.randrange(3)}@h"
        number = self._next_number(actor, instance)
        self._made += 1
        return Activity(
            activity_id=f"s{self._made}#{self._made}",
            actor=actor,
            kind=ActorKind(actor.partition(":")[0]),
            instance=instance,
            start_ms=self._start_ms,
            seq=number,
            session=f"s{self._made}",
            phase=Phase.BEFORE if rng.random() < 0.1 else Phase.DONE,
            at_ms=min(MAX_MS, max(0, at_ms)),
            took_ms=1,
            outcome=ActOutcome.SUCCESS,
            acts=(SessionAct(action=action, resource=resource, rows=1, max_rows=1),) * (rng.random() < 0.5),
            goodbye=rng.random() < 0.03,
        )

    def _next_number(self, actor: str, instance: str, left_out: int = 0) -> int:
        """The instance's next; ``left_out`` numbers are missing before it."""
        number = self._numbers.get((actor, instance), 0) + left_out
        self._numbers[actor, instance] = min(number + 1, MAX_COUNT)
        return number

    def _act(self) -> SessionAct:
        rng = self._rng
        fails = rng.random() < 0.2
        rows = rng.choice(COUNTS) if rng.random() < 0.1 else rng.randrange(30)
        return SessionAct(
            action=rng.choice(list(Action)),
            resource=rng.choice(RESOURCES) if rng.random() < 0.95 else text(rng)[:100],
            outcome=rng.choice(list(ActOutcome)) if fails else ActOutcome.SUCCESS,
            error=rng.choice(list(ActError)) if fails else ActError.NONE,
            entity=rng.choice((None, None, "v-1", "v-3", text(rng)[:100])),
            count=rng.choice(COUNTS) if rng.random() < 0.1 else 1,
            rows=rows,
            max_rows=rows,
            denied_by=rng.choice(list(DeniedBy)) if rng.random() < 0.02 else None,
            override=rng.choice(("safety", text(rng)[:100])) if rng.random() < 0.01 else None,
        )

    def _request(self, actor: str, findings: int) -> UebaRequest:
        rng = self._rng
        self._made += rng.random() < 0.95
        number: Any = rng.randrange(findings + 1) if rng.random() < 0.9 else text(rng)[:50]
        pair = ControlledPair(
            action=rng.choice(("READ", "SEND", text(rng)[:50])), resource=rng.choice(RESOURCES),
            per_minute=rng.choice((None, 0.0, 1.0, 1e308)),
        )  # fmt: skip
        return UebaRequest(
            actor=actor,
            request_id=f"r{self._made}",
            action=rng.choice(list(UebaAction)),
            by=rng.choice(("ada", "operator:ada", actor, "x" * 200, text(rng)[:100] or "x")),
            reason=rng.choice(("looked into it", text(rng), "x" * 2_000)),
            finding_id=rng.choice((None, f"{actor}/{number}"[:200])),
            verdict=rng.choice((None, *Verdict)),
            level=rng.choice((None, *ControlLevel)),
            instance=rng.choice((None, "w1@h")),
            pairs=(pair,) * rng.choice((0, 1, 64)),
            duration_ms=rng.choice((None, *DURATIONS_MS)),
        )
