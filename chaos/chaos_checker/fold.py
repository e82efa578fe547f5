"""The status of a workflow as its audit trail alone tells it: the judge's own reading of the contract."""

from collections.abc import Iterable
from typing import Any, NamedTuple

from chaos_checker.records import Audit
from chaos_checker.rules.budgets import SIDE

MAX_HISTORY = 64
ENDS = frozenset({"COMPLETED", "FAILED"})
WITH_STEP = frozenset(
    {"DATA_ANALYSIS", "DIAGNOSIS", "CUSTOMER_ENGAGEMENT", "SCHEDULING", "FEEDBACK", "RETRY", "FAILED"}
)
LISTS = ("findings", "campaigns", "campaigns_waiting")
"""Fields that a record's details replace."""
APPOINTMENT = {
    "appointment_start_ms": "start_ms",
    "appointment_end_ms": "end_ms",
    "appointment_id": "appointment_id",
    "workshop_id": "workshop_id",
}


class Folded(NamedTuple):
    """What a workflow's status must be after ``last``; ``step`` is that of its newest execution."""

    last: Audit
    step: str | None
    fields: dict[str, Any]


def folded(before: Folded | None, record: Audit) -> Folded:
    """The status after one more record."""
    fields = _opened(record) if before is None else dict(before.fields)
    step = None if before is None else before.step
    issued = record.facts.get("issued")
    if issued is not None and f"/{SIDE}/" not in str(issued):
        step, revision = str(issued).split("/")[1], str(issued).split("/")[3]
        fields["attempts"] += revision == "0"
    if record.from_state != record.to_state:
        entry = (record.at_ms, record.to_state, record.reason)
        fields["history"] = (*fields["history"], entry)[-MAX_HISTORY:]
        fields["reason"] = record.reason if record.to_state in ENDS else None
    fields |= {"state": record.to_state, "priority": record.priority, "attempt": record.attempt, "seq": record.seq}
    fields["updated_at_ms"] = record.at_ms
    fields["step"] = step if record.to_state in WITH_STEP else None
    for name in LISTS:
        fields[name] = list(record.facts.get(name, fields[name]))
    if "appointment" in record.facts:
        booked = record.facts["appointment"] or {}
        fields |= {name: booked.get(of) for name, of in APPOINTMENT.items()}
    return Folded(record, step, fields)


def _opened(record: Audit) -> dict[str, Any]:
    return {
        "workflow_id": record.workflow_id,
        "vehicle_id": record.vehicle_id,
        "created_at_ms": record.at_ms,
        "reason": None,
        "attempts": 0,
        **{name: list[str]() for name in LISTS},
        "history": (),
        **dict.fromkeys(APPOINTMENT),
    }


class Newest(NamedTuple):
    """A vehicle's trail folded: its newest workflow, how many it had, and the statuses it must have sent, in order."""

    workflow: Folded
    episodes: int
    statuses: list[Folded]
    tails: dict[str, Audit]


def vehicle_folded(records: Iterable[Audit]) -> Newest | None:
    """Fold one vehicle's records. None: there are none.

    After each input a status is sent of every workflow it changed, as it is then; a workflow that a newer one has
    replaced keeps the status it ended with, though its side task may leave records still.
    """
    newest: Folded | None = None
    episodes = 0
    statuses: list[Folded] = []
    pending: dict[str, Folded] = {}
    tails: dict[str, Audit] = {}
    for record in records:
        if pending and next(iter(pending.values())).last.cause != record.cause:
            statuses += pending.values()
            pending = {}
        if record.event == "workflow_opened":
            newest, episodes = None, episodes + 1
        elif newest is None or newest.last.workflow_id != record.workflow_id:
            tails[record.workflow_id] = record
            continue
        newest = folded(newest, record)
        tails[record.workflow_id] = record
        pending[record.workflow_id] = newest
    if newest is None:
        return None
    return Newest(newest, episodes, [*statuses, *pending.values()], tails)
