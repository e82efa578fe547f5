"""What the load was told is safe: it is there, and had the effect that it had to have."""

from collections.abc import Iterable, Mapping, Sequence

from chaos_checker.records import Audit, RecordPlace, SentRecord, StoredRecord
from chaos_checker.violation import RuleViolation, violations_of

CHECKED = frozenset({"workflow_opened", "check_joined"})
TAKEN_IN = {"workflow_opened": "findings", "findings_folded": "added"}
"""Events by which a workflow takes findings in, and the detail that names those that are new to it."""
SHOT = "chaos-shot"
"""The header with the name under which the load has sent a record."""
NEVER = 2**63


def there(sent: Iterable[SentRecord], inputs: Mapping[RecordPlace, StoredRecord]) -> list[RuleViolation]:
    """An acknowledged record stands where the broker said, as it was sent."""
    violations = []
    for row in sent:
        if row.acked and row.place is not None:
            stored = inputs.get(row.place)
            if stored is None:
                violations.append((str(row.place), f"{row.name} was acknowledged and is not there"))
            elif stored.header(SHOT) != row.name or len(stored.value or b"") != row.size:
                violations.append((str(row.place), f"{row.name} was acknowledged, and another record is there"))
    return violations_of("acknowledged-there", violations)


def undone(sent: Iterable[SentRecord], inputs: Mapping[RecordPlace, StoredRecord]) -> list[RuleViolation]:
    """A record of an aborted transaction is not to be seen."""
    gone = {row.place: row.name for row in sent if row.aborted and row.place is not None}
    violations = [(str(place), f"{name} was aborted and is there") for place, name in gone.items() if place in inputs]
    return violations_of("aborted-there", violations)


def sent_by_place(
    sent: Iterable[SentRecord], inputs: Mapping[RecordPlace, StoredRecord]
) -> dict[RecordPlace, SentRecord]:
    """What the load said of each of its records that is there; of those never acknowledged too: by their name.

    A producer that has to restart under another epoch may send again what is there already: the first has the
    effect, and what comes after it is a copy.
    """
    rows = [row for row in sent if not row.aborted]
    by_name = {row.name: row for row in sorted(rows, key=lambda row: row.acked)}
    known: dict[RecordPlace, SentRecord] = {}
    seen: set[str] = set()
    for place in sorted(inputs):
        name = inputs[place].header(SHOT)
        if name in by_name:
            known[place] = _as_copy(by_name[name]) if name in seen else by_name[name]
            seen.add(name)
    return known


def _as_copy(row: SentRecord) -> SentRecord:
    """A check asked for again is a check, and what cannot be taken is a dead letter again; the rest is known."""
    return row._replace(expects="none", strict=True) if row.expects in {"finding", "none"} else row


def unsent(
    expected: Mapping[RecordPlace, SentRecord], inputs: Iterable[RecordPlace], telemetry: str
) -> list[RuleViolation]:
    """All telemetry is the load's."""
    strange = [place for place in inputs if place.topic == telemetry and place not in expected]
    return violations_of("unsent", [(str(place), "the load knows nothing of it") for place in strange])


def effective(expected: Mapping[RecordPlace, SentRecord], audit: Sequence[Audit]) -> list[RuleViolation]:
    """A finding opens or joins a workflow that then knows it, a check opens or joins one, the rest causes nothing."""
    caused: dict[RecordPlace, list[Audit]] = {}
    for record in audit:
        caused.setdefault(record.cause, []).append(record)
    violations = [
        (str(place), f"{row.name} of {row.vehicle}: {wrong}")
        for place, row in expected.items()
        if row.acked and row.needed and (wrong := _wrong(row, caused.get(place, [])))
    ]
    return violations_of("effect", violations)


def _wrong(row: SentRecord, records: Sequence[Audit]) -> str:
    if row.expects == "finding":
        count = sum(row.rule in record.facts.get(TAKEN_IN.get(record.event, ""), ()) for record in records)
        return "" if count == 1 else f"{count} records say that a workflow took in {row.rule}"
    if row.expects == "check":
        checked = [r for r in records if r.event in CHECKED and r.facts.get("request_id") == row.request_id]
        return "" if len(checked) == 1 else f"a check was asked for, {len(checked)} records say what became of it"
    if (row.expects != "none" or row.strict) and records:
        return f"it must cause nothing, and caused {records[0].where}"
    return ""


def known_by_cause(expected: Mapping[RecordPlace, SentRecord], audit: Sequence[Audit]) -> list[RuleViolation]:
    """A workflow opens for a check that was asked for or a finding, and knows only what its vehicle has reported."""
    reported = _reported(expected)
    violations = []
    for record in audit:
        row = expected.get(record.cause)
        known = reported.get(record.vehicle_id, {})
        rules = record.facts.get(TAKEN_IN.get(record.event, ""), ())
        strange = [rule for rule in rules if known.get(rule, NEVER) > record.cause.offset]
        if strange:
            violations.append((record.where, f"{record.event} for {strange}, which the vehicle has not reported"))
        if record.event == "workflow_opened" and (row is None or not _opens(record, row)):
            violations.append((record.where, f"opened as {record.reason} by {record.cause}, which did not ask for it"))
    return violations_of("opened-for-nothing", violations)


def _opens(record: Audit, row: SentRecord) -> bool:
    return row.expects == "check" if record.reason == "check_requested" else record.reason == "finding"


def _reported(expected: Mapping[RecordPlace, SentRecord]) -> dict[str, dict[str, int]]:
    """Vehicle -> finding -> the offset from which on it may be known. What came too late is never known."""
    reported: dict[str, dict[str, int]] = {}
    for place, row in expected.items():
        too_late = row.strict and row.needed and row.acked
        if row.rule is not None and not too_late:
            of_vehicle = reported.setdefault(row.vehicle, {})
            of_vehicle[row.rule] = min(of_vehicle.get(row.rule, place.offset), place.offset)
    return reported
