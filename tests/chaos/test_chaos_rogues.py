"""What the load's rogues do: it follows from the seed, and the ueba app finds all of it, each kind once."""

from itertools import islice

import pytest
from chaos_suite.rogues import KINDS, rogues

from master_orchestrator.behaviour.recording import MAX_IN_AN_HOUR
from master_orchestrator_schemas.topology import load_topology


@pytest.fixture(scope="module")
def twenty() -> list[list[tuple[int, str, str]]]:
    """Number, action and resource of each record of twenty rogues."""
    return [
        [(record.seq, record.acts[0].action.value, record.acts[0].resource) for record in records]
        for records in islice(rogues(7, load_topology()), 20)
    ]


def test_the_same_seed_gives_the_same_rogues() -> None:
    one, other = (list(islice(rogues(3, load_topology()), 5)) for _ in range(2))
    assert one == other
    assert one != list(islice(rogues(4, load_topology()), 5))


def test_records_are_numbered_without_holes_and_some_come_again(twenty: list[list[tuple[int, str, str]]]) -> None:
    for records in twenty:
        first_of = {seq: records.index(record) for record in reversed(records) for seq in [record[0]]}
        assert list(range(len(first_of))) == sorted(first_of, key=lambda seq: first_of[seq])
    assert any(len(records) > len(set(records)) for records in twenty)


def test_the_last_record_is_the_first_of_its_kind(twenty: list[list[tuple[int, str, str]]]) -> None:
    for *before, last in twenty:
        assert last[1:] not in {record[1:] for record in before}


def test_all_kinds_are_told_apart(twenty: list[list[tuple[int, str, str]]]) -> None:
    kinds = [len({record[1:] for record in records}) for records in twenty]
    assert KINDS == (min(kinds), max(kinds))
    assert 2 * max(kinds) < MAX_IN_AN_HOUR, "each may also be the reason of a higher band"
