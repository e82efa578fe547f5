"""A gateway's producer that starts again sends again what is there: only the first of a record has its effect."""

from chaos_checker.records import RecordPlace, SentRecord, StoredRecord
from chaos_checker.rules.acknowledged import sent_by_place

TELEMETRY = "vehicle.telemetry"


def row(name: str, expects: str, offset: int | None, *, acked: bool = True) -> SentRecord:
    return SentRecord(
        place=None if offset is None else RecordPlace(TELEMETRY, 0, offset),
        topic=TELEMETRY,
        acked=acked,
        aborted=offset is not None and not acked,
        vehicle="v",
        expects=expects,
        strict=False,
        needed=True,
        rule="dtc:P0217",
        request_id=None,
        size=1,
        name=name,
    )


def stored(*names: str) -> dict[RecordPlace, StoredRecord]:
    """One record after the other, by the names under which the load sent them."""
    places = [RecordPlace(TELEMETRY, 0, offset) for offset in range(len(names))]
    headers = [(("chaos-shot", name.encode()),) for name in names]
    return {p: StoredRecord(p, 1, b"v", b"x", h) for p, h in reversed([*zip(places, headers, strict=True)])}


def expected(sent: list[SentRecord], *names: str) -> list[tuple[int, str, bool]]:
    known = sent_by_place(sent, stored(*names))
    return sorted((place.offset, row.expects, row.strict) for place, row in known.items())


def test_what_a_finding_s_second_place_causes_is_nothing_though_that_place_was_acknowledged() -> None:
    assert [(0, "finding", False), (2, "none", True)] == expected([row("a", "finding", 2)], "a", "b", "a")


def test_a_check_is_asked_for_again_and_what_cannot_be_taken_is_a_dead_letter_again() -> None:
    for expects in ("check", "dead:invalid"):
        assert [(0, expects, False), (1, expects, False)] == expected([row("a", expects, 1)], "a", "a")


def test_one_that_was_never_acknowledged_is_known_by_its_name() -> None:
    assert [(0, "finding", False)] == expected([row("a", "finding", None, acked=False)], "a")


def test_the_attempt_that_was_aborted_says_nothing_of_the_one_that_was_committed() -> None:
    sent = [row("a", "none", 0, acked=False), row("a", "finding", 3)]
    assert [(1, "finding", False)] == expected(sent, "b", "a")
