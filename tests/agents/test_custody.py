"""What a holder of a partition learns from the text that its predecessor left beside the committed offset."""

import pytest

from master_orchestrator_agents.runner.quarantine.commit_metadata import (
    BLAMED_LIMIT,
    CONVICTED_AT,
    DOUBT_AFTER,
    Custody,
)


def after_deaths(custody: Custody, *offsets: int) -> Custody:
    """The holder that follows others which died: each with its oldest open offset."""
    for offset in offsets:
        custody = Custody.taken_up(custody.metadata, offset)
    return custody


@pytest.mark.parametrize("text", ["", "NaN", "null", "[]", '{"held": "no"}', "a tool's own"])
def test_a_text_of_someone_else_s_means_nothing(text: str) -> None:
    assert Custody(held=True, since=7) == Custody.taken_up(text, 7)


def test_deaths_are_counted_while_nothing_gets_done() -> None:
    first = Custody.taken_up("", 7)

    assert 3 == after_deaths(first, 7, 7, 7).deaths
    assert 1 == after_deaths(first, 7, 7, 8).deaths


def test_who_leaves_in_order_has_not_died_and_wipes_out_no_deaths() -> None:
    custody = after_deaths(Custody.taken_up("", 7), 7, 7)
    custody.on_trial = 7
    custody.left()

    assert Custody(held=True, since=7, deaths=2) == Custody.taken_up(custody.metadata, 7)
    assert Custody(held=True, since=8) == Custody.taken_up(custody.metadata, 8)


def test_the_command_on_trial_is_blamed_and_after_enough_deaths_convicted() -> None:
    custody = after_deaths(Custody.taken_up("", 7), *[7] * DOUBT_AFTER)
    for _ in range(CONVICTED_AT):
        assert not custody.convicted(9)
        custody.on_trial = 9
        custody = after_deaths(custody, 8)  # others get done: no reason to forget

    assert custody.convicted(9)
    assert DOUBT_AFTER == custody.deaths


def test_what_is_done_is_blamed_no_longer() -> None:
    custody = Custody.taken_up("", 7)
    custody.blamed = {7: 2, 9: 2}

    assert {9: 2} == after_deaths(custody, 8).blamed
    custody.acquit(9)
    assert {} == after_deaths(custody, 8).blamed


def test_the_text_fits_whatever_happens() -> None:
    far = 2**62
    custody = Custody(held=True, since=far, deaths=far, on_trial=far)
    custody.blamed = {far - n: far for n in range(10_000)}

    custody = Custody.taken_up(custody.metadata, 0)

    assert BLAMED_LIMIT == len(custody.blamed)
    assert far in custody.blamed  # the newest
    assert len(custody.metadata) < 4_096
