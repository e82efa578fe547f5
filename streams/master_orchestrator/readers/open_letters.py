"""The dead letters nobody has done anything about yet: streamed, filtered, counted; only what is shown is kept."""

import heapq
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import TypeVar

from confluent_kafka import Message

from master_orchestrator.readers.dead_letters import (
    DeadLetter,
    LetterId,
    Marker,
    is_marker,
    letter_id_of,
    read_letter,
    read_marker,
)
from master_orchestrator.readers.topics import OnProgress, TopicReader
from master_orchestrator_schemas.kafka import KafkaSettings
from master_orchestrator_schemas.places import Partition
from master_orchestrator_schemas.topology import Topology

T = TypeVar("T")
MAX_KINDS = 200
"""Reasons and topics counted apart; a header may hold anything."""

OTHERS = ("(others)", "(others)")


class SettledLetters:
    """Which letters of one partition have a marker: a bit per offset, so that a million take 125 kB."""

    def __init__(self) -> None:
        self._base: int | None = None
        self._bits = bytearray()
        self.count = 0

    def see(self, record: Message) -> None:
        """Take the next record of the partition, from the first of interest on."""
        if self._base is None:
            self._base = letter_id_of(record).offset
        marker = read_marker(record)
        if marker is not None:
            self._add(marker.ref.offset - self._base)

    def __contains__(self, letter: LetterId) -> bool:
        place = letter.offset - (self._base or 0)
        return 0 <= place < 8 * len(self._bits) and bool(self._bits[place >> 3] & (1 << (place & 7)))

    def _add(self, place: int) -> None:
        if place < 0:  # retention has taken the letter
            return
        self._bits.extend(bytes(max(0, (place >> 3) + 1 - len(self._bits))))
        self.count += not self._bits[place >> 3] & (1 << (place & 7))
        self._bits[place >> 3] |= 1 << (place & 7)


@dataclass(frozen=True)
class LetterFilter:
    """Which letters are of interest; None and an empty set: all. Times are milliseconds since 1970 UTC."""

    reason: str | None = None
    topic: str | None = None
    vehicle: str | None = None
    not_after_ms: int | None = None
    not_before_ms: int | None = None
    ids: frozenset[LetterId] = frozenset()
    partitions: frozenset[int] = frozenset()

    def reads(self, partition: int) -> bool:
        """Whether letters of interest may be in this partition."""
        named = self.partitions or {letter.partition for letter in self.ids}
        return partition in named or not named

    def takes(self, letter: DeadLetter) -> bool:
        """Whether the letter is of interest."""
        return (
            self.reason in (None, letter.reason)
            and self.topic in (None, letter.topic)
            and self.vehicle in (None, letter.vehicle)
            and (self.not_after_ms is None or letter.at_ms <= self.not_after_ms)
            and (self.not_before_ms is None or letter.at_ms >= self.not_before_ms)
            and (not self.ids or letter.id in self.ids)
        )


@dataclass
class LetterListing:
    """How many letters there are of each reason and topic, of each sender, and some of them."""

    counts: Counter[tuple[str, str]] = field(default_factory=Counter)
    senders: Counter[str] = field(default_factory=Counter)
    rows: list[DeadLetter] = field(default_factory=list)

    @property
    def total(self) -> int:
        """How many there are in all."""
        return self.counts.total()


def newest(letters: Iterable[DeadLetter], limit: int) -> LetterListing:
    """Count all, keep the ``limit`` newest, newest first."""
    listing = LetterListing()
    listing.rows = heapq.nlargest(limit, _counted(letters, listing), key=_age_order)
    return listing


def oldest(letters: Iterable[DeadLetter], limit: int) -> LetterListing:
    """Count all, keep the ``limit`` oldest, oldest first: the order in which they are sent again."""
    listing = LetterListing()
    listing.rows = heapq.nsmallest(limit, _counted(letters, listing), key=_age_order)
    return listing


def open_letters(
    kafka: KafkaSettings, topology: Topology, chosen: LetterFilter, progress: OnProgress | None = None
) -> Iterator[DeadLetter]:
    """The letters of interest without a marker, those of a partition in order.

    The topic is read twice, since a marker stands behind its letter and letters are not kept.
    """
    partitions = [number for number in range(topology.partitions) if chosen.reads(number)]
    settled = {number: SettledLetters() for number in partitions}
    for record in _records(kafka, topology, partitions, progress):
        settled[letter_id_of(record).partition].see(record)
    for record in _records(kafka, topology, partitions, progress):
        place = letter_id_of(record)
        if not is_marker(record) and place not in settled[place.partition]:
            letter = read_letter(record)
            if chosen.takes(letter):
                yield letter


def find_letter(kafka: KafkaSettings, topology: Topology, letter: LetterId) -> tuple[Message | None, Marker | None]:
    """The record of a letter, and what was done about it; None for what is not there."""
    if letter.partition >= topology.partitions:
        return None, None
    letters = Partition(topology.dead_letter_topic, letter.partition)
    record_of_letter: Message | None = None
    with TopicReader(kafka, [letters.topic], [letters.partition], start={letters: letter.offset}) as reader:
        for record in reader.catch_up():
            if letter_id_of(record) == letter and not is_marker(record):
                record_of_letter = record
            elif record_of_letter is None:
                return None, None
            elif (marker := read_marker(record)) is not None and marker.ref == letter:
                return record_of_letter, marker
    return record_of_letter, None


def _records(
    kafka: KafkaSettings, topology: Topology, partitions: list[int], progress: OnProgress | None
) -> Iterator[Message]:
    with TopicReader(kafka, [topology.dead_letter_topic], partitions) as reader:
        yield from reader.catch_up(progress)


def _counted(letters: Iterable[DeadLetter], listing: LetterListing) -> Iterator[DeadLetter]:
    for letter in letters:
        _count(listing.counts, (letter.reason, letter.topic), OTHERS)
        _count(listing.senders, letter.sender, OTHERS[0])
        yield letter


def _count(counts: Counter[T], kind: T, others: T) -> None:
    counts[kind if kind in counts or len(counts) < MAX_KINDS else others] += 1


def _age_order(letter: DeadLetter) -> tuple[int, LetterId]:
    return letter.at_ms, letter.id
