"""The process-wide settings of Python's cycle collector."""

import gc
from collections.abc import Iterator

import pytest

from master_orchestrator_schemas.cycle_collector import ALLOCATIONS, collect_rarely


@pytest.fixture(autouse=True)
def as_before() -> Iterator[None]:
    thresholds = gc.get_threshold()
    yield
    gc.unfreeze()
    gc.set_threshold(*thresholds)


def test_what_is_there_is_not_looked_at_again_and_what_comes_seldom() -> None:
    collect_rarely()

    assert gc.get_freeze_count() > 0
    assert ALLOCATIONS == gc.get_threshold()
