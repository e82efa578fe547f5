"""What a holder of a partition learns from the text that its predecessor committed with the offset."""

import pytest

from master_orchestrator_agents.runner.quarantine.commit_metadata import (
    ISOLATE_AFTER,
    MAX_SUSPECTS,
    QUARANTINE_AFTER,
    CommitMetadata,
)


def after_deaths(metadata: CommitMetadata, *offsets: int) -> CommitMetadata:
    """The holder that follows others which died: each with its oldest open offset."""
    for offset in offsets:
        metadata = CommitMetadata.acquired(metadata.encoded, offset)
    return metadata


@pytest.mark.parametrize("text", ["", "NaN", "null", "[]", '{"held": "no"}', "a tool's own"])
def test_a_text_of_someone_else_s_means_nothing(text: str) -> None:
    assert CommitMetadata(held=True, since=7) == CommitMetadata.acquired(text, 7)


def test_deaths_are_counted_while_nothing_gets_done() -> None:
    first = CommitMetadata.acquired("", 7)

    assert 3 == after_deaths(first, 7, 7, 7).deaths
    assert 1 == after_deaths(first, 7, 7, 8).deaths


def test_who_leaves_in_order_has_not_died_and_wipes_out_no_deaths() -> None:
    metadata = after_deaths(CommitMetadata.acquired("", 7), 7, 7)
    metadata.isolated = 7
    metadata.release()

    assert CommitMetadata(held=True, since=7, deaths=2) == CommitMetadata.acquired(metadata.encoded, 7)
    assert CommitMetadata(held=True, since=8) == CommitMetadata.acquired(metadata.encoded, 8)


def test_the_command_on_trial_is_blamed_and_after_enough_deaths_convicted() -> None:
    metadata = after_deaths(CommitMetadata.acquired("", 7), *[7] * ISOLATE_AFTER)
    for _ in range(QUARANTINE_AFTER):
        assert not metadata.is_quarantined(9)
        metadata.isolated = 9
        metadata = after_deaths(metadata, 8)  # others get done: no reason to forget

    assert metadata.is_quarantined(9)
    assert ISOLATE_AFTER == metadata.deaths


def test_what_is_done_is_blamed_no_longer() -> None:
    metadata = CommitMetadata.acquired("", 7)
    metadata.suspects = {7: 2, 9: 2}

    assert {9: 2} == after_deaths(metadata, 8).suspects
    metadata.clear(9)
    assert {} == after_deaths(metadata, 8).suspects


def test_names_on_the_wire_are_those_that_earlier_runners_committed() -> None:
    text = '{"held":true,"since":7,"deaths":3,"on_trial":8,"blamed":{"9":2}}'
    written = CommitMetadata(held=True, since=7, deaths=3, isolated=8, suspects={9: 2})

    assert text == written.encoded
    assert {9: 2, 8: 1} == CommitMetadata.acquired(text, 7).suspects


def test_the_text_fits_whatever_happens() -> None:
    far = 2**62
    metadata = CommitMetadata(held=True, since=far, deaths=far, isolated=far)
    metadata.suspects = {far - n: far for n in range(10_000)}

    metadata = CommitMetadata.acquired(metadata.encoded, 0)

    assert MAX_SUSPECTS == len(metadata.suspects)
    assert far in metadata.suspects  # the newest
    assert len(metadata.encoded) < 4_096
