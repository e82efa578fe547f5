"""The pace of recorded time; the clock is the caller's."""

import pytest

from master_orchestrator.ingest.pacing import Pacer, parse_speed


def waits(speed: float | None, *times_ms: int) -> list[float]:
    """What is waited before each reading when waiting is all that takes time."""
    pacer, now, waited_s = Pacer(speed), 0.0, []
    for ts_ms in times_ms:
        wait = pacer.wait_s(ts_ms, now)
        now += wait
        waited_s.append(round(wait, 6))
    return waited_s


def test_max_never_waits() -> None:
    assert [0, 0, 0] == waits(None, 0, 1_000, 9_000)


def test_recorded_time_is_kept_at_1x_and_divided_at_10x() -> None:
    assert [0, 1, 8] == waits(1.0, 0, 1_000, 9_000)
    assert [0, 0.1, 0.8] == waits(10.0, 0, 1_000, 9_000)


def test_time_lost_elsewhere_is_caught_up() -> None:
    pacer = Pacer(1.0)
    pacer.wait_s(0, 0.0)
    assert 0 == pacer.wait_s(1_000, 5.0)
    assert 1 == pacer.wait_s(7_000, 6.0)


def test_a_parked_car_is_not_waited_for_and_the_next_drive_keeps_its_pace() -> None:
    assert [0, 0, 1] == waits(1.0, 0, 3_600_000, 3_601_000)


def test_steps_back_cost_nothing() -> None:
    assert [0, 2, 0, 0, 1] == waits(1.0, 0, 2_000, 1_000, 2_000, 3_000)


@pytest.mark.parametrize(("text", "speed"), [("max", None), ("1x", 1.0), ("10x", 10.0), ("0.5x", 0.5)])
def test_speeds_as_they_are_written(text: str, speed: float | None) -> None:
    assert speed == parse_speed(text)


@pytest.mark.parametrize("text", ["", "fast", "0x", "-1x", "10", "1xx"])
def test_other_speeds_are_refused(text: str) -> None:
    with pytest.raises(ValueError, match="speed"):
        parse_speed(text)
