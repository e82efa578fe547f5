"""What stands in the table besides the core's state."""

from hypothesis import given
from hypothesis import strategies as st

from master_orchestrator.core import table
from master_orchestrator.shell import layout
from master_orchestrator.shell.records import Record

commands = st.lists(
    st.builds(
        Record,
        st.text(max_size=20),
        st.binary(max_size=20),
        st.binary(max_size=200),
        st.lists(st.tuples(st.text(max_size=8), st.binary(max_size=8)), max_size=3),
    ),
    max_size=20,
)


@given(commands)
def test_an_outbox_gives_back_its_commands(written: list[Record]) -> None:
    table = layout.pack_outbox(written)
    assert written == layout.unpack_outbox(table.get)


def test_an_outbox_over_one_record_is_chunked_and_a_shorter_one_hides_it() -> None:
    large = [Record("t", b"k", bytes(500_000), []) for _ in range(5)]
    table = layout.pack_outbox(large)
    assert 3 == len(table)
    assert all(len(value) < 1_000_000 for value in table.values())
    assert large == layout.unpack_outbox(table.get)
    table |= layout.pack_outbox([Record("t", b"k", b"small", [])])
    assert [Record("t", b"k", b"small", [])] == layout.unpack_outbox(table.get)
    table |= layout.pack_outbox([])
    assert [] == layout.unpack_outbox(table.get)


def test_a_table_without_outbox_and_position_is_new() -> None:
    assert [] == layout.unpack_outbox(dict[bytes, bytes]().get)
    assert {} == table.unpack_positions(None)


@given(st.dictionaries(st.text(max_size=20), st.integers(0, 2**60)))
def test_positions_round_trip(positions: dict[str, int]) -> None:
    assert positions == table.unpack_positions(table.pack_positions(positions))


@given(st.binary(max_size=50), st.integers(0, 2**60))
def test_a_vehicles_value_carries_its_earliest_deadline(state: bytes, due_ms: int) -> None:
    assert (due_ms, state) == table.unpack_vehicle(table.pack_vehicle(state, due_ms))


def test_reserved_keys_are_no_vehicles() -> None:
    assert table.is_vehicle(b"car-1")
    assert not any(map(table.is_vehicle, (table.POSITION_KEY, layout.OUTBOX_KEY + b"0", b"__faust\x00offset__")))
