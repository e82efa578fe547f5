"""What ``audit verify`` says: one verdict on trails, statuses, the engine's table and inputs together."""

from collections.abc import Collection
from typing import Literal

import msgspec
from msgspec.structs import replace

from master_orchestrator.core.audit_chain import Violation
from master_orchestrator.readers.replay_verdict import Replayed, Untold
from master_orchestrator.readers.topics import vehicle_of

DIFFERS = "replay_differs"
"""The kind of violation that a replay finds."""

AuditOutcome = Literal["whole", "violated", "cannot be told", "nothing to verify"]


class AuditVerdict(msgspec.Struct, frozen=True, kw_only=True):
    """What was looked at, what is wrong, and what cannot be told.

    ``records``: of the trails, ``replayed`` of them given again by the inputs, byte for byte. ``vehicles``: replayed,
    with a trail or inputs. ``inputs``: how many were applied for it.
    """

    workflows: int = 0
    records: int = 0
    vehicles: int = 0
    inputs: int = 0
    replayed: int = 0
    violations: tuple[Violation, ...] = ()
    untold: tuple[Untold, ...] = ()

    @property
    def outcome(self) -> AuditOutcome:
        """A violation goes before what cannot be told; whole is only what was looked at in full."""
        if self.violations:
            return "violated"
        if self.untold:
            return "cannot be told"
        return "whole" if self.records or self.inputs else "nothing to verify"


OTHER_RULES = (
    "the replay by today's rules differs from its trail, for which the engine's table vouches: the topology or the "
    "release has changed since; verify with those of that time"
)


def of_replay(replayed: Replayed, vouched: Collection[str]) -> AuditVerdict:
    """The replay's part of the verdict.

    ``vouched``: workflows whose whole trail is the one that the engine's table names. That a replay differs from such a
    trail says nothing against it: the rules were others.
    """
    strange = [difference for difference in replayed.differences if difference.workflow_id not in vouched]
    other_rules = [difference for difference in replayed.differences if difference.workflow_id in vouched]
    return AuditVerdict(
        vehicles=replayed.vehicles,
        inputs=replayed.inputs,
        replayed=replayed.records,
        violations=tuple(Violation(d.workflow_id, d.seq, DIFFERS, f"{d.field}: {d.text}") for d in strange),
        untold=(*replayed.untold, *(_by_other_rules(d.workflow_id, d.seq, d.field, d.text) for d in other_rules)),
    )


A_COPY = (
    "the inputs that {} audit records name do not give them here ({}), as in a copy that a mirror made: its offsets "
    "are its own. Chains, states, statuses and table were checked; verify on the original cluster that the inputs give "
    "these records"
)
SENDERS_TIMES = "an input keeps its senders' times, message.timestamp.type=CreateTime"
NOTHING_GIVEN = "not one record is given again, while nothing else is wrong"


def excused(verdict: AuditVerdict, *, senders_times: bool) -> AuditVerdict:
    """Where the inputs are a copy, or the rules were others, no difference of a replay is a violation.

    ``senders_times``: an input has them. An engine's inputs have the broker's; a mirror leaves those of the original.
    A mirror into topics that take the broker's time gives every input another one, so no record comes out the same.
    """
    if senders_times:
        return _of_copy(verdict, SENDERS_TIMES)
    if verdict.records and not verdict.replayed and all(wrong.kind == DIFFERS for wrong in verdict.violations):
        return _of_copy(verdict, NOTHING_GIVEN)
    if not any(gap.text.startswith(OTHER_RULES) for gap in verdict.untold):
        return verdict
    differ = [wrong for wrong in verdict.violations if wrong.kind == DIFFERS]
    gaps = (_by_other_rules(wrong.workflow_id, wrong.seq, wrong.kind, wrong.text) for wrong in differ)
    kept = tuple(wrong for wrong in verdict.violations if wrong.kind != DIFFERS)
    return replace(verdict, violations=kept, untold=(*verdict.untold, *gaps))


def _of_copy(verdict: AuditVerdict, sign: str) -> AuditVerdict:
    kept = tuple(wrong for wrong in verdict.violations if wrong.kind != DIFFERS)
    gaps = tuple(gap for gap in verdict.untold if not gap.text.startswith(OTHER_RULES))
    if len(kept) == len(verdict.violations) and len(gaps) == len(verdict.untold):
        return verdict
    records = verdict.records - verdict.replayed
    return replace(verdict, violations=kept, untold=(*gaps, Untold(None, records, A_COPY.format(records, sign))))


def _by_other_rules(workflow_id: str, seq: int, field: str, text: str) -> Untold:
    return Untold(vehicle_of(workflow_id), 0, f"{OTHER_RULES} ({workflow_id}/{seq}: {field}: {text})")
