"""How far the engine is behind, computed when asked: idle topics, stalls, transactions that end or stay open."""

from master_orchestrator.shell.input_progress import Behind, InputProgress, LogPlace
from master_orchestrator_schemas.places import Partition

PARTITION = Partition("vehicle.telemetry", 0)
START_S = 1_700_000_000.0


def _owned(position: int = 10) -> InputProgress:
    progress = InputProgress()
    progress.reset({PARTITION: position}, START_S)
    return progress


def _behind(progress: InputProgress, now_s: float, position: int, end: int, fetched: int) -> Behind:
    return progress.behind(now_s, {PARTITION: position}, {PARTITION: LogPlace(end, fetched)})[PARTITION]


def test_an_idle_topic_is_not_behind_however_old_its_last_record() -> None:
    progress = _owned()
    progress.applied(PARTITION, int((START_S - 3_600) * 1000))
    assert Behind(0, 0.0) == _behind(progress, START_S + 60, 10, 10, 10)


def test_a_stalled_engine_is_further_behind_at_each_look() -> None:
    progress = _owned()
    _behind(progress, START_S, 10, 10, 10)
    assert [Behind(5, 30.0), Behind(5, 90.0)] == [_behind(progress, START_S + s, 10, 15, 10) for s in (30, 90)]


def test_what_lagged_counts_from_the_newest_record_applied() -> None:
    progress = _owned()
    progress.handed(PARTITION, 12)
    progress.applied(PARTITION, int((START_S - 20) * 1000))
    assert Behind(8, 25.0) == _behind(progress, START_S + 5, 12, 20, 12)


def test_after_a_take_over_with_a_backlog_the_age_grows_from_the_take_over() -> None:
    assert Behind(90, 7.0) == _behind(_owned(), START_S + 7, 10, 100, 10)


def test_the_marker_of_a_transaction_is_not_left_to_apply() -> None:
    progress = _owned()
    progress.handed(PARTITION, 14)
    assert Behind(0, 0.0) == _behind(progress, START_S + 60, position=14, end=15, fetched=15)


def test_records_fetched_and_not_yet_applied_are_left_to_apply() -> None:
    progress = _owned()
    progress.handed(PARTITION, 14)
    assert 5 == _behind(progress, START_S + 60, position=10, end=15, fetched=15).records


def test_until_when_all_is_applied_is_the_newest_record_applied_or_the_last_moment_without_any_left() -> None:
    progress = _owned()
    assert 0.0 == progress.applied_until_s(PARTITION)
    progress.applied(PARTITION, int((START_S - 20) * 1000))
    assert START_S - 20 == progress.applied_until_s(PARTITION)
    _behind(progress, START_S + 5, 10, 20, 10)
    assert START_S - 20 == progress.applied_until_s(PARTITION)
    _behind(progress, START_S + 6, 20, 20, 20)
    assert START_S + 6 == progress.applied_until_s(PARTITION)


def test_an_open_transaction_shows_and_grows() -> None:
    """Its records are in the log, and a reader of committed records is not given them."""
    progress = _owned()
    _behind(progress, START_S, 10, 10, 10)
    assert Behind(3, 900.0) == _behind(progress, START_S + 900, position=10, end=13, fetched=10)


def test_what_is_no_longer_owned_is_not_told() -> None:
    progress = _owned()
    assert {} == progress.behind(START_S, {}, {PARTITION: LogPlace(5, 5)})
