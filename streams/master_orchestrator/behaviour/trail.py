"""What one input leads to, and the trail of it: each record holds the hash of the one before it."""

from hashlib import sha256
from typing import Any

import msgspec

from master_orchestrator.behaviour.actor_state import ActorState
from master_orchestrator.behaviour.findings import BehaviourFinding
from master_orchestrator.behaviour.risk import score
from master_orchestrator.core.rejection import Rejection
from master_orchestrator_schemas.messages import ActorRecord, Alert, Cause, Control, EntityStatus
from master_orchestrator_schemas.vocabulary import AlertKind

UEBA = "ueba"
"""Who acts where no operator does."""

_encode_sorted = msgspec.json.Encoder(order="deterministic").encode


class ActorOutcome(msgspec.Struct, kw_only=True):
    """The result of one step.

    ``findings``: raised or grown, for the metrics. ``repeated``: the record was known. ``acts``: how many, by how they
    ended.
    """

    state: ActorState
    trail: list[ActorRecord] = []
    status: EntityStatus | None = None
    controls: list[Control] = []
    alerts: list[Alert] = []
    rejection: Rejection | None = None
    findings: list[BehaviourFinding] = []
    repeated: bool = False
    acts: dict[str, int] = {}


def hash_of(record: ActorRecord) -> str:
    """What ``record.hash`` must be: SHA-256, hex, of its JSON without ``hash``, keys sorted at every depth."""
    content = msgspec.to_builtins(record)
    del content["hash"]
    return sha256(_encode_sorted(content)).hexdigest()


class Turn:
    """One input of one actor: gathers what it leads to. ``acted``: the input is what the actor did."""

    def __init__(self, state: ActorState, cause: Cause, at_ms: int, topics: tuple[str, ...], *, acted: bool) -> None:
        self.state, self.at_ms, self.acted = state, at_ms, acted
        self.outcome = ActorOutcome(state=state)
        self._cause, self._topics = cause, topics

    def note(self, event: str, details: dict[str, Any], *, by: str = UEBA, finding_id: str | None = None) -> None:
        """Add a record to the trail."""
        state = self.state
        record = ActorRecord(
            actor=state.name,
            seq=state.seq + 1,
            at_ms=self.at_ms,
            event=event,
            by=by,
            finding_id=finding_id,
            score=score(state.findings, self.at_ms),
            band=state.actor.band.value,
            details=_encode_sorted(details).decode(),
            cause=self._cause,
            positions={topic: offset for topic, offset in zip(self._topics, state.positions, strict=True) if offset},
            prev_hash=state.hash,
            hash="",
        )
        record = msgspec.structs.replace(record, hash=hash_of(record))
        state.seq, state.hash = record.seq, record.hash
        self.outcome.trail.append(record)

    def alert(self, name: str, message: str, details: dict[str, Any]) -> None:
        """Call a human. ``name``: the same for a repeat."""
        text = _encode_sorted({"actor": self.state.name, **details}).decode()
        self.outcome.alerts.append(
            Alert(alert_id=name, kind=AlertKind.BEHAVIOUR, at_ms=self.at_ms, message=message, details=text)
        )


def finding_id(state: ActorState, finding: BehaviourFinding) -> str:
    """The finding's name: actor and number."""
    return f"{state.name}/{finding.number}"


def finding_details(finding: BehaviourFinding) -> dict[str, Any]:
    """What the trail says of a finding."""
    return {
        "rule": finding.rule.value,
        "severity": finding.severity,
        "action": finding.action,
        "resource": finding.resource,
        "entity": finding.entity,
        "instance": finding.instance,
        "explanation": finding.explanation,
        "first_ms": finding.time_ms,
        "newest_ms": finding.last_ms,
        "acts": finding.acts,
        "sessions": [[name, *told] for name, told in sorted(finding.sessions.items())],
    }
