"""When the demo is over: not before the engine has read everything and every workflow has ended, and stayed so."""

import pytest

from master_orchestrator.demo.ending import GRACE_S, Ending

DONE = {"fleet_done": True, "unread": 0, "open_workflows": 0, "changes": 7}


def ended(ending: Ending, now_s: float, **over: object) -> bool:
    return ending.ended(now_s, **{**DONE, **over})  # type: ignore[arg-type]  # mixed keywords


@pytest.mark.parametrize("still", [{"fleet_done": False}, {"unread": 1}, {"open_workflows": 1}])
def test_whatever_is_outstanding_keeps_it_going_and_starts_the_grace_anew(still: dict[str, object]) -> None:
    ending = Ending(100.0)
    assert not ended(ending, 0.0)
    assert not ended(ending, GRACE_S, **still)
    assert not ended(ending, GRACE_S + 0.1)
    assert ended(ending, 2 * GRACE_S + 0.2)


def test_it_ends_when_nothing_has_changed_for_the_grace() -> None:
    ending = Ending(100.0)
    assert not ended(ending, 10.0)
    assert not ended(ending, 10.0 + GRACE_S / 2)
    assert ended(ending, 10.0 + GRACE_S)


def test_a_late_change_is_waited_for() -> None:
    ending = Ending(100.0)
    assert not ended(ending, 10.0)
    assert not ended(ending, 10.0 + GRACE_S, changes=8)
    assert ended(ending, 10.0 + 2 * GRACE_S, changes=8)


def test_it_gives_up_at_its_deadline() -> None:
    assert not Ending(100.0).overdue(99.9)
    assert Ending(100.0).overdue(100.0)
