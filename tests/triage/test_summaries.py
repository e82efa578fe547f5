"""The running figures per signal that DATA_ANALYSIS compares with."""

from collections.abc import Callable
from typing import Any

import msgspec
import pytest

from master_orchestrator.core.triage import summaries
from master_orchestrator.core.triage.trackers import SLOTS
from master_orchestrator_schemas.messages import SIGNALS


def of(drive: Any, signal: str) -> Any:
    return next(summary for summary in summaries(drive.trackers) if summary.signal == signal)


def test_slots_are_persistent_and_name_signals() -> None:
    """Stored trackers hold the index: a signal may be appended, none moved or taken away."""
    assert set(SLOTS) <= set(SIGNALS)
    assert ("coolant_temp_c", "battery_voltage_v", "gearbox_temp_c", "hv_cell_v_max") == (
        SLOTS[0],
        SLOTS[9],
        SLOTS[19],
        SLOTS[27],
    )


def test_a_steady_signal_has_no_spread_and_no_slope(drive: Any) -> None:
    drive.run(600, gearbox_temp_c=84.0)

    gearbox = of(drive, "gearbox_temp_c")
    assert (84.0, 84.0, 84.0, 84.0) == (gearbox.last, gearbox.minimum, gearbox.maximum, gearbox.mean)
    assert (0.0, 0.0) == (gearbox.spread, gearbox.slope_per_h)
    assert 21 == gearbox.samples


def test_a_rising_signal_shows_its_slope(drive: Any) -> None:
    for minute in range(60):
        drive.run(59, gearbox_temp_c=40.0 + minute)

    assert 60.0 == pytest.approx(of(drive, "gearbox_temp_c").slope_per_h, rel=0.1)


def test_the_range_forgets_and_the_mean_remembers(drive: Any) -> None:
    drive.run(6 * 3600, every_s=30, gearbox_temp_c=80.0)
    drive.run(3600, every_s=30, gearbox_temp_c=100.0)

    gearbox = of(drive, "gearbox_temp_c")
    assert 100.0 == gearbox.maximum == gearbox.last
    assert gearbox.minimum > 99.0
    assert 80.0 < gearbox.mean < 85.0
    assert gearbox.spread > 0.5


def test_what_may_be_a_fault_is_not_part_of_the_past(drive: Any) -> None:
    """What DATA_ANALYSIS compares with ends where the rule's condition begins, for that signal alone."""
    drive.run(3600, every_s=30, coolant_temp_c=90.0, gearbox_temp_c=80.0)
    before = of(drive, "coolant_temp_c")
    drive.run(3600, every_s=30, coolant_temp_c=108.0, gearbox_temp_c=90.0)

    coolant = of(drive, "coolant_temp_c")
    assert (before.mean, before.spread, before.samples) == (coolant.mean, coolant.spread, coolant.samples)
    assert (108.0, 108.0) == (coolant.last, coolant.maximum)
    assert of(drive, "gearbox_temp_c").samples > before.samples


def test_a_fault_from_the_first_reading_on_has_no_past(drive: Any) -> None:
    drive.run(3600, every_s=30, brake_pad_wear_fl_pct=80.0)

    assert 1 == of(drive, "brake_pad_wear_fl_pct").samples


def test_a_signal_that_comes_later_starts_with_its_first_value(drive: Any) -> None:
    drive.run(300)
    drive.run(60, catalyst_temp_c=500.0)

    catalyst = of(drive, "catalyst_temp_c")
    assert (500.0, 500.0, 500.0, 2) == (catalyst.mean, catalyst.minimum, catalyst.maximum, catalyst.samples)


def test_a_missing_signal_keeps_its_figures(drive: Any) -> None:
    drive.run(300, gearbox_temp_c=84.0)
    before = of(drive, "gearbox_temp_c")
    drive.run(300, gearbox_temp_c=None)

    assert before == of(drive, "gearbox_temp_c")


def test_a_finding_comes_with_figures_of_the_same_moment(drive: Any) -> None:
    drive.run(70)
    drive.run(10, coolant_temp_c=118.0)

    assert ["coolant_boiling"] == drive.fired()
    assert 118.0 == of(drive, "coolant_temp_c").last


def test_a_value_beyond_all_measure_is_not_taken_in(drive: Any) -> None:
    drive.run(60)
    before = of(drive, "gearbox_temp_c").mean
    drive.run(60, gearbox_temp_c=1e300)
    drive.run(60)

    assert before == of(drive, "gearbox_temp_c").mean


def test_figures_survive_storage(drive: Any, drive_under: Callable[..., Any]) -> None:
    drive.run(300)
    stored = msgspec.msgpack.decode(msgspec.msgpack.encode(drive.trackers), type=type(drive.trackers))

    assert summaries(drive.trackers) == summaries(stored)
