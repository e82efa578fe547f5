"""Python's own settings in a process that handles many records."""

import gc
import sys
from collections.abc import Iterator

import pytest

from master_orchestrator_schemas.interpreter import ALLOCATIONS, SWITCH_S, prepare_interpreter


@pytest.fixture(autouse=True)
def as_before() -> Iterator[None]:
    thresholds, interval = gc.get_threshold(), sys.getswitchinterval()
    yield
    gc.unfreeze()
    gc.set_threshold(*thresholds)
    sys.setswitchinterval(interval)


def test_what_is_there_is_not_looked_at_again_what_comes_seldom_and_threads_change_soon() -> None:
    prepare_interpreter()

    assert gc.get_freeze_count() > 0
    assert ALLOCATIONS == gc.get_threshold()
    assert SWITCH_S == pytest.approx(sys.getswitchinterval())
