"""Batches that a broker takes and aiokafka's own reader does not survive, read without a broker."""

import gzip
from collections.abc import Callable
from typing import Any

import pytest
from aiokafka.codec import (  # type: ignore[import-untyped]  # aiokafka ships no types
    gzip_encode,
    lz4_encode,
    snappy_encode,
    zstd_encode,
)
from aiokafka.consumer.fetcher import READ_COMMITTED  # type: ignore[import-untyped]  # as above
from support.raw_batches import raw_batch, raw_record

from master_orchestrator.shell.decompression import MAX_BATCH_BYTES
from master_orchestrator.shell.faust_replacements import ParsedRecords
from master_orchestrator.shell.lenient_records import UNREADABLE, LenientRecord, LenientRecords
from master_orchestrator_schemas.places import Partition

CODECS: dict[int, Callable[[bytes], bytes]] = {
    0: bytes,
    1: gzip_encode,
    2: snappy_encode,
    3: lz4_encode,
    4: zstd_encode,
}
APPENDED = 0x08

good = raw_record(0, b"k", b"v", [(b"name", b"content"), (b"", None)])
bad_name = raw_record(1, b"k", b"v", [(b"\xff\xfename", b"1"), (b"traceparent", b"2")])
last = raw_record(2, None, None)


def read(fetched: bytes) -> list[Any]:
    """All records, as the fetcher goes through them."""
    batches, records = LenientRecords(fetched), []
    while batches.has_next():
        batch = batches.next_batch()
        assert batch is not None
        assert batch.validate_crc()
        records += list(batch)
    return records


def stand_ins(records: list[Any]) -> list[tuple[int, bytes]]:
    """(offset, why) of the records that stand for unreadable ones."""
    return [(r.offset, dict(r.headers)[UNREADABLE]) for r in records if UNREADABLE in dict(r.headers)]


@pytest.mark.parametrize("codec", CODECS)
def test_a_header_name_that_is_not_utf_8_is_escaped_and_the_batch_goes_on(codec: int) -> None:
    batch = raw_batch(
        [good, bad_name, last], codec=codec | APPENDED, compress=CODECS[codec], timestamps=(2**62, 1_700_000_000_000)
    )
    first, *escaped = read(batch)
    assert (0, b"k", b"v", [("name", b"content"), ("", None)]) == (
        first.offset, first.key, first.value, list(first.headers)
    )  # fmt: skip
    assert [
        LenientRecord(1, 1_700_000_000_000, 1, b"k", b"v", [(r"\xff\xfename", b"1"), ("traceparent", b"2")]),
        LenientRecord(2, 1_700_000_000_000, 1, None, None, []),
    ] == escaped


def test_the_fetcher_hands_records_over_as_they_were_parsed() -> None:
    fetched = raw_batch([good, raw_record(1, None, None)], codec=4 | APPENDED, compress=zstd_encode, timestamps=(5, 7))
    records = ParsedRecords(Partition("t", 0), LenientRecords(fetched), [], 0, None, None, True, READ_COMMITTED)
    assert [(0, 7, b"k", b"v", (("name", b"content"), ("", None))), (1, 7, None, None, ())] == [
        (each.offset, each.timestamp, each.key, each.value, tuple(each.headers)) for each in records
    ]


def test_without_append_time_the_senders_clock_counts() -> None:
    record = raw_record(0, None, b"v", [(b"\xff", b"")], timestamp_delta=-7)
    assert [5] == [read_record.timestamp for read_record in read(raw_batch([record], timestamps=(12, 12)))]


@pytest.mark.parametrize(
    ("codec", "compress"),
    [
        (1, lambda plain: gzip.compress(plain) + b"more"),
        (2, lambda plain: snappy_encode(plain) + b"\0\0"),
        (2, lambda plain: snappy_encode(plain[:9]) + snappy_encode(plain[9:])),
        (3, lambda plain: lz4_encode(plain) + b"more"),
        (4, lambda plain: zstd_encode(plain)[:-3]),
        (5, bytes),
    ],
    ids=["gzip and more", "snappy and more", "snappy twice", "lz4 and more", "zstd cut off", "unknown codec"],
)
def test_what_cannot_be_decompressed_is_one_empty_record_per_offset(
    codec: int, compress: Callable[[bytes], bytes]
) -> None:
    records = read(raw_batch([good, bad_name, last], codec=codec, compress=compress) + raw_batch([good]))
    assert [0, 1, 2] == [offset for offset, _ in stand_ins(records)]
    assert {b""} == {record.value for record in records[:3]}
    assert b"v" == records[3].value


@pytest.mark.parametrize("codec", [1, 3, 4])
def test_a_batch_that_decompresses_to_more_than_the_bound_takes_no_more_memory_than_that(codec: int) -> None:
    bomb = raw_batch([raw_record(0, b"k", bytes(MAX_BATCH_BYTES))], codec=codec, compress=CODECS[codec])
    ((offset, why),) = stand_ins(read(bomb))
    assert 0 == offset
    assert str(MAX_BATCH_BYTES).encode() in why


@pytest.mark.parametrize("codec", [1, 3, 4])
def test_a_large_batch_under_the_bound_is_read(codec: int) -> None:
    large = raw_batch([raw_record(0, b"k", bytes(3_000_000))], codec=codec, compress=CODECS[codec])
    assert [bytes(3_000_000)] == [record.value for record in read(large)]


@pytest.mark.parametrize(
    "deltas", [(0, 5, 2), (0, 0, 2), (0, -1, 2), (0, 2, 1)], ids=["jumps out", "stays", "steps back", "swapped"]
)
def test_offsets_that_do_not_count_up_never_leave_the_batch(deltas: tuple[int, ...]) -> None:
    """A record that claims a far offset would hide those of other senders, which then pass for repeats."""
    records = read(raw_batch([raw_record(delta, b"k", b"v") for delta in deltas]))
    offsets = [record.offset for record in records]
    assert sorted(set(offsets)) == offsets
    assert offsets[-1] <= 2
    assert {offset for offset, _ in stand_ins(records)} >= set(range(3)) - set(deltas)


def test_a_bad_name_in_a_batch_that_is_broken_behind_it() -> None:
    broken = raw_record(5, b"k", b"v")
    records = read(raw_batch([good, bad_name, broken]))
    assert [0, 1, 2] == [record.offset for record in records]
    assert [2] == [offset for offset, _ in stand_ins(records)]


def test_a_batch_that_was_cut_off_is_not_there_yet() -> None:
    whole = raw_batch([good])
    assert [0] == [record.offset for record in read(whole + whole[:-1])]
    assert [] == read(whole[:11])
    assert LenientRecords(whole[:11]).next_batch() is None
    assert 11 == LenientRecords(whole[:11]).size_in_bytes()
