"""Catching a table up with its changelog, where a newer owner writes meanwhile."""

from typing import Any

import pytest
from confluent_kafka import KafkaError, KafkaException, TopicPartition

from master_orchestrator.shell.restore import LogReader, catch_up
from master_orchestrator.shell.store import OFFSET_KEY


class Store:
    """A table in memory."""

    def __init__(self) -> None:
        self.entries: dict[bytes, bytes | None] = {}
        self.flushed = True

    def changelog_offset(self) -> int | None:
        raw = self.entries.get(OFFSET_KEY)
        return None if raw is None else int(raw)

    def write(self, entries: dict[bytes, bytes | None], changelog_offset: int) -> None:
        assert self.flushed, "a crash would lose what was restored, and keep this"
        self.entries |= {**entries, OFFSET_KEY: b"%d" % changelog_offset}

    def restore(self, entries: dict[bytes, bytes | None], changelog_offset: int) -> None:
        self.entries |= {**entries, OFFSET_KEY: b"%d" % changelog_offset}
        self.flushed = False

    def settle(self) -> None:
        self.flushed = True


class Reader:
    """A changelog of three records and a marker, which has grown by the time anybody asks for its end again."""

    def __init__(self) -> None:
        self.consumer = self
        self._ends = iter([4])

    def bounds(self, _topic: str, _partition: int) -> tuple[int, int]:
        return 0, next(self._ends, 9)

    def assign(self, _partitions: Any) -> None: ...

    def unassign(self) -> None: ...

    def consume(self, _count: int, _timeout: float) -> list[Any]:
        return [*(Message(offset) for offset in range(3)), EndOfPartition()]


class Message:
    def __init__(self, offset: int) -> None:
        self._offset = offset

    def error(self) -> None:
        return None

    def partition(self) -> int:
        return 0

    def offset(self) -> int:
        return self._offset

    def key(self) -> bytes:
        return b"car-1"

    def value(self) -> bytes:
        return b"%d" % self._offset


class EndOfPartition(Message):
    def __init__(self) -> None:
        super().__init__(4)

    def error(self) -> Any:
        from confluent_kafka import KafkaError

        return KafkaError(KafkaError._PARTITION_EOF)


def test_a_table_never_counts_records_as_read_that_came_after_the_reading_began() -> None:
    store: Any = Store()
    reader: Any = Reader()
    assert 3 == catch_up(reader, "changelog", {0: store})
    assert {b"car-1": b"2", OFFSET_KEY: b"3"} == store.entries


class Leaderless:
    """A consumer whose partition gets a leader after some questions."""

    def __init__(self, code: int, questions: int) -> None:
        self._code, self._questions = code, questions

    def get_watermark_offsets(self, _place: TopicPartition, **_timeout: float) -> tuple[int, int]:
        self._questions -= 1
        if self._questions >= 0:
            raise KafkaException(KafkaError(self._code))
        return 3, 7


def _reader(consumer: Any) -> LogReader:
    reader = LogReader.__new__(LogReader)  # its own consumer would look for a broker
    reader.consumer = consumer
    return reader


def test_a_partition_whose_leader_moves_does_not_end_the_worker() -> None:
    assert (3, 7) == _reader(Leaderless(KafkaError.NOT_LEADER_FOR_PARTITION, 2)).bounds("changelog", 0)


def test_what_does_not_pass_by_itself_ends_it_at_once() -> None:
    with pytest.raises(KafkaException):
        _reader(Leaderless(KafkaError.TOPIC_AUTHORIZATION_FAILED, 1)).bounds("changelog", 0)
