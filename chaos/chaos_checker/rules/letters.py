"""Dead letters: each belongs there, untouched and once; none that has to be there is missing."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from chaos_checker.records import Audit, Letter, RecordPlace, SentRecord, StoredRecord
from chaos_checker.terms import CheckTerms
from chaos_checker.violation import RuleViolation, violations_of

UNREAD = frozenset(
    {
        "key_mismatch", "empty", "undecodable", "oversized", "unknown_schema", "invalid", "too_deep", "not_finite",
        "json_not_allowed", "invalid_timestamp", "unprocessable", "wrong_partition",
    }
)  # fmt: skip
"""Reasons for which a record never reaches its vehicle; for others the vehicle's rules refuse it."""
GIVEN_UP = "retries_exhausted"
SUPERSEDED = "superseded_workflow"
KEPT_KEY_BYTES = 4_096
NO_OFFSET = -1


def refused_unread(letters: Iterable[Letter]) -> set[RecordPlace]:
    """The records that could not be read, and so moved no vehicle's position."""
    return {letter.origin for letter in letters if letter.origin is not None and letter.reason in UNREAD}


def real(letters: Iterable[Letter]) -> list[Letter]:
    """Without the markers by which operators note what they did about one."""
    return [letter for letter in letters if not letter.marker]


def once(letters: Sequence[Letter]) -> list[RuleViolation]:
    """One letter for each record, and for each command given up."""
    count = Counter((letter.origin, _name(letter)) for letter in letters)
    violations = [(f"{origin} {name}".strip(), f"{n} dead letters") for (origin, name), n in count.items() if n > 1]
    return violations_of("letter-once", violations)


def _name(letter: Letter) -> str:
    """What tells commands apart that were given up; a record's place tells itself apart."""
    given_up = letter.origin is None or letter.origin.offset == NO_OFFSET
    return letter.stored.header("ce_id") or "" if given_up else ""


def untouched(
    letters: Sequence[Letter], inputs: Mapping[RecordPlace, StoredRecord], topics: Iterable[str]
) -> list[RuleViolation]:
    """All origin headers are there, and the record they name, as it came. ``topics``: the inputs."""
    known, violations = set(topics), []
    for letter in letters:
        where, stored = str(letter.stored.place), letter.stored
        if not letter.complete or letter.origin is None:
            violations.append((where, "its headers do not say where it comes from and why"))
        elif letter.origin.topic in known:
            origin = inputs.get(letter.origin)
            value = None if origin is None else (origin.value or b"")[: letter.cut_from and len(stored.value or b"")]
            if origin is None:
                violations.append((where, f"its origin {letter.origin} is not there"))
            elif (value, origin.key[:KEPT_KEY_BYTES], origin.headers) != (
                stored.value or b"", stored.key, stored.headers[: len(origin.headers)],
            ):  # fmt: skip
                violations.append((where, f"it is not as it came in {letter.origin}"))
    return violations_of("letter-bytes", violations)


def expected(letters: Sequence[Letter], sent: Mapping[RecordPlace, SentRecord]) -> list[RuleViolation]:
    """What the load has spoilt is there, for the right reason; nothing else of the load's is."""
    by_origin = {letter.origin: letter for letter in letters if letter.origin is not None}
    violations = []
    for place, row in sent.items():
        reason = row.expects.removeprefix("dead:") if row.expects.startswith("dead:") else None
        letter = by_origin.get(place)
        if reason is not None and letter is None:
            violations.append((str(place), f"{row.name} must be a dead letter ({reason}) and is not"))
        elif letter is not None and letter.reason != reason:
            violations.append((str(letter.stored.place), f"{row.name} is one for {letter.reason!r}, due is {reason!r}"))
    return violations_of("letter-due", violations)


def legitimate(
    letters: Sequence[Letter],
    sent: Mapping[RecordPlace, SentRecord],
    audit: Sequence[Audit],
    replies: Mapping[RecordPlace, str],
    terms: CheckTerms,
) -> list[RuleViolation]:
    """What the load has not sent is there only if its workflow was replaced, or it is a command given up.

    ``replies``: by place, the workflow that each reply and workshop's report is about.
    """
    newest = {record.vehicle_id: record.workflow_id for record in audit if record.event == "workflow_opened"}
    old = {record.workflow_id for record in audit} - set(newest.values())
    violations = []
    for letter in letters:
        origin = letter.origin
        if origin is None or origin in sent:
            continue
        if origin.offset == NO_OFFSET and letter.reason == GIVEN_UP and origin.topic in terms.commands:
            continue
        if letter.reason == SUPERSEDED and replies.get(origin) in old:
            continue
        violations.append((str(letter.stored.place), f"{origin} for {letter.reason!r} does not belong there"))
    return violations_of("letter-stray", violations)


def given_up(letters: Sequence[Letter], audit: Sequence[Audit]) -> list[RuleViolation]:
    """Each step given up after its last retry has its letter, and no other command has one."""
    due = _last_commands(audit)
    there = {letter.stored.header("ce_id") for letter in letters if letter.origin and letter.origin.offset == NO_OFFSET}
    violations = [
        (where, f"{name} was given up and is not a dead letter") for name, where in due.items() if name not in there
    ]
    violations += [(str(name), "is a dead letter, and was not given up") for name in there if name not in due]
    return violations_of("letter-given-up", violations)


def _last_commands(audit: Sequence[Audit]) -> dict[str, str]:
    """The commands given up, with the record that says so."""
    last: dict[tuple[str, bool], str] = {}
    due: dict[str, str] = {}
    for record in audit:
        issued = record.facts.get("issued")
        if issued is not None:
            last[record.workflow_id, "/MANUFACTURING_QUALITY/" in str(issued)] = str(issued)
        over = (record.event, record.from_state, record.reason) == ("workflow_failed", "RETRY", GIVEN_UP)
        side_over = (record.event, record.reason) == ("side_task_ended", "given_up")
        if over or side_over:
            due[last.get((record.workflow_id, side_over), f"of {record.workflow_id}")] = record.where
    return due
