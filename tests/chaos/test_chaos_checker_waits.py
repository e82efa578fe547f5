"""Waits are judged when nothing was broken, and excused when something was."""

import pytest
from chaos_checker.rules.waits import Disturbed, RetryWait, disturbances, never_longer, never_shorter, outside, slowness

TERMS_MS = (2_000, 4_000, 8_000)
START = 1_000_000
UP = [{"at_ms": START + 500 * beat, "up": True} for beat in range(200)]
FAULT = {"from_ms": START + 30_000, "to_ms": START + 40_000, "disturbs": ["engine"]}


def wait(failed_ms: int, *, due_in_ms: int = 2_000, late_ms: int = 0, used: int = 0) -> RetryWait:
    due_ms = START + failed_ms + due_in_ms
    return RetryWait("v~0/3", START + failed_ms, due_ms, due_ms + late_ms, used)


@pytest.mark.parametrize(("late_ms", "violations"), [(0, 0), (1_000, 0), (1_001, 1)])
def test_a_retry_is_at_most_a_second_late(late_ms: int, violations: int) -> None:
    assert violations == len(never_longer([wait(0, late_ms=late_ms)]))


@pytest.mark.parametrize(
    ("kept", "violations"),
    [
        (wait(0), 0),
        (wait(0, due_in_ms=1_999), 1),
        (wait(0, late_ms=-1), 1),
        (wait(0, used=1), 1),
        (wait(0, due_in_ms=4_000, used=1), 0),
        (wait(0, due_in_ms=7_999, used=2), 1),
    ],
)
def test_a_wait_is_never_shorter(kept: RetryWait, violations: int) -> None:
    assert violations == len(never_shorter([kept], TERMS_MS))


@pytest.mark.parametrize(
    ("failed_ms", "is_judged"),
    [
        (10_000, True),
        (27_999, True),  # over just before the fault
        (28_000, False),
        (35_000, False),
        (45_999, False),  # the aftermath
        (46_001, True),
    ],
)
def test_a_wait_that_overlaps_a_fault_is_excused(failed_ms: int, is_judged: bool) -> None:
    assert is_judged == bool(outside([wait(failed_ms)], disturbances([FAULT], UP)))


def test_a_fault_of_agents_excuses_nothing() -> None:
    assert outside([wait(35_000)], disturbances([{**FAULT, "disturbs": ["agents"]}], UP))


def test_a_wait_while_the_system_was_not_up_is_excused() -> None:
    down = [{**beat, "up": beat["at_ms"] != START + 50_000} for beat in UP]
    assert [] == outside([wait(49_000)], disturbances([], down))
    assert outside([wait(56_501)], disturbances([], down))


def test_a_wait_while_the_machine_had_no_time_is_excused() -> None:
    gap = [beat for beat in UP if not 20_000 < beat["at_ms"] - START < 22_000]
    assert [] == outside([wait(21_000)], slowness(gap))
    assert outside([wait(23_000)], slowness(gap))


def test_a_wait_while_nobody_looked_is_excused() -> None:
    assert [] == outside([wait(98_000)], slowness(UP))
    assert [] == outside([wait(0)], slowness([]))
    assert outside([wait(90_000)], slowness(UP))


def test_disturbances_that_overlap_count_as_one() -> None:
    disturbed = Disturbed([(10, 20), (15, 40), (100, 110)])
    inside = [(at_ms, disturbed.overlaps(at_ms, at_ms)) for at_ms in (9, 10, 30, 40, 41, 105, 111)]
    assert [(9, False), (10, True), (30, True), (40, True), (41, False), (105, True), (111, False)] == inside
