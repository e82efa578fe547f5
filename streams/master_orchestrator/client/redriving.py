"""Doing something about dead letters: sending them again or dropping them, each once.

Record and marker are written in one Kafka transaction, so one is there exactly if the other is. A new redrive fences
the one before it (one transactional id), and only then looks which letters have a marker: two operators, or one
whose first call seemed to fail, cannot send a letter twice.
"""

import time
from collections.abc import Collection, Iterator
from contextlib import suppress
from dataclasses import dataclass

from confluent_kafka import KafkaError, KafkaException, Message, Producer

from master_orchestrator.client.asking import this_user
from master_orchestrator.errors import OrchestratorError
from master_orchestrator.readers.dead_letters import (
    GIVEN_UP,
    DeadLetter,
    Done,
    LetterId,
    headers_of,
    is_marker,
    letter_id_of,
    read_letter,
)
from master_orchestrator.readers.open_letters import SettledLetters
from master_orchestrator.readers.topics import TopicReader
from master_orchestrator_schemas import dead_letters as names
from master_orchestrator_schemas.kafka import KafkaSettings, place_of, producer_config
from master_orchestrator_schemas.messages import Cause
from master_orchestrator_schemas.places import Partition
from master_orchestrator_schemas.topology import Topology

BATCH = 100
"""Letters per transaction."""

BATCH_BYTES = 8 * 1024 * 1024
ANSWER_S = 30.0
TRANSACTION_MS = 30_000
"""How long the broker waits for a command that died halfway; engines read nothing behind it until then."""

ANY_PARTITION = -1
"""librdkafka's: the partitioner chooses."""

FENCED = frozenset({KafkaError._FENCED, KafkaError.INVALID_PRODUCER_EPOCH, KafkaError.PRODUCER_FENCED})


class OvertakenError(OrchestratorError):
    """Another ``dlq`` command began while this one was at work."""

    def __init__(self) -> None:
        super().__init__(
            "another 'dlq redrive' or 'dlq drop' has begun meanwhile and this one ends; what was done is marked: "
            "see 'master-orchestrator dlq list', then go on"
        )


@dataclass(frozen=True)
class Settlement:
    """What is to be done about letters, in whose name (by default the user this process runs as), and why."""

    done: Done
    operator: str
    text: str | None = None

    @classmethod
    def by(cls, operator: str | None, done: Done, text: str | None = None) -> "Settlement":
        """In the name of ``operator``, by default the user this process runs as."""
        return cls(done, operator or this_user(), text)


def objection(letter: DeadLetter, topology: Topology) -> str | None:
    """Why a letter cannot be sent again, and what to do instead; None if it can."""
    if letter.reason == GIVEN_UP:
        workflow = letter.workflow_id or "WORKFLOW"
        return f"a command that had all its tries: use 'master-orchestrator redrive {workflow}', which closes it"
    if letter.cut_from is not None:
        return (
            f"only {letter.size} of its {letter.cut_from} bytes were kept; whole it is at {letter.origin}, if anywhere"
        )
    if letter.topic not in {*topology.input_topics, *topology.command_topics}:
        return f"it does not come from a topic that is read ({letter.topic or 'none named'})"
    if letter.partition < 0 or letter.offset < 0:
        return "its headers name no place where it stood"
    return None


def settle(
    kafka: KafkaSettings, topology: Topology, chosen: Collection[LetterId], settlement: Settlement
) -> Iterator[tuple[LetterId, Cause | None]]:
    """Do it, and yield each letter with where it stands again (None: dropped) once that is committed.

    Letters that have a marker by now, or are gone, are passed over. The caller has seen to :func:`objection`
    and to what stands at their origins (``letter_origin.compare``).
    Raises :class:`OvertakenError`, ``KafkaException``.
    """
    config = {"transactional.id": f"{topology.app_id}-dead-letters", "linger.ms": 0}
    config["transaction.timeout.ms"] = TRANSACTION_MS
    producer = Producer(producer_config(kafka, topology.limits, topology.compression, **config))
    try:
        producer.init_transactions(ANSWER_S)
        for batch in _batches(kafka, topology, chosen):
            yield from _Transaction(producer, topology, settlement).run(batch)
    except KafkaException as error:
        if error.args[0].code() in FENCED:
            raise OvertakenError from error
        raise
    finally:
        producer.purge()  # what was not committed goes nowhere; close() would fail on a fenced producer


def _batches(kafka: KafkaSettings, topology: Topology, chosen: Collection[LetterId]) -> Iterator[list[Message]]:
    """The records of the letters that have no marker, in order, a bounded number at a time."""
    for partition in sorted({letter.partition for letter in chosen}):
        offsets = {letter.offset for letter in chosen if letter.partition == partition}
        batch: list[Message] = []
        size = 0
        for record in _unsettled(kafka, topology, partition, offsets):
            batch.append(record)
            size += len(record.value() or b"")
            if len(batch) >= BATCH or size >= BATCH_BYTES:
                yield batch
                batch, size = [], 0
        if batch:
            yield batch


def _unsettled(kafka: KafkaSettings, topology: Topology, partition: int, offsets: set[int]) -> Iterator[Message]:
    letters = Partition(topology.dead_letter_topic, partition)
    start = {letters: min(offsets)}
    settled = SettledLetters()
    with TopicReader(kafka, [letters.topic], [partition], start=start) as reader:
        for record in reader.catch_up(under_way=True):  # a marker may stand behind the engine's open transaction
            settled.see(record)
    last = max(offsets)
    with TopicReader(kafka, [letters.topic], [partition], start=start) as reader:
        for record in reader.catch_up():
            at = letter_id_of(record)
            if at.offset in offsets and at not in settled and not is_marker(record):
                yield record
            if at.offset >= last:
                return


class _Transaction:
    """One batch: the records again, then their markers, then the commit."""

    def __init__(self, producer: Producer, topology: Topology, settlement: Settlement) -> None:
        self._producer, self._topology, self._settlement = producer, topology, settlement
        self._places: dict[LetterId, Cause] = {}
        self._error: KafkaError | None = None

    def run(self, batch: list[Message]) -> list[tuple[LetterId, Cause | None]]:
        self._producer.begin_transaction()
        try:
            if self._settlement.done == "redriven":
                for record in batch:
                    self._send_again(record)
                self._delivered()
            for record in batch:
                self._mark(record)
            self._delivered()
            self._producer.commit_transaction(ANSWER_S)
        except BaseException as error:  # Ctrl-C too: what is left open holds up the engines that read these topics
            self._abort_after(error)
            raise
        return [(letter_id_of(record), self._places.get(letter_id_of(record))) for record in batch]

    def _abort_after(self, error: BaseException) -> None:
        if not isinstance(error, KafkaException):
            with suppress(KafkaException):  # what began it says more
                self._producer.abort_transaction(ANSWER_S)
        elif not error.args[0].fatal():
            self._producer.abort_transaction(ANSWER_S)  # of a fenced producer: raises, and says that it is fenced

    def _send_again(self, record: Message) -> None:
        """Bytes and key as they came; by its key to its vehicle's partition, without one to where it was."""
        letter = read_letter(record)
        self._producer.produce(
            letter.topic,
            record.value(),
            record.key(),
            headers=_again_headers(record, letter, self._settlement.operator),
            on_delivery=lambda error, sent: self._report(letter.id, error, sent),
            partition=ANY_PARTITION if record.key() else letter.partition,
        )

    def _mark(self, record: Message) -> None:
        letter = letter_id_of(record)
        cause = self._places.get(letter)
        headers = names.marker_headers(
            self._settlement.done,
            str(letter),
            operator=self._settlement.operator,
            at_ms=time.time_ns() // 1_000_000,
            text=self._settlement.text,
            redriven_to=str(cause) if cause else None,
        )
        self._producer.produce(
            self._topology.dead_letter_topic,
            b"",
            record.key(),
            partition=letter.partition,
            headers=[*headers],
            on_delivery=lambda error, _: self._failed(error),
        )

    def _delivered(self) -> None:
        try:
            left = self._producer.flush(ANSWER_S)
        except SystemError as error:
            if isinstance(error.__cause__, KafkaException):  # a callback ran into the client's own fatal error
                raise error.__cause__ from None
            raise
        if self._error is None and left:
            self._error = KafkaError(KafkaError._TIMED_OUT, f"{left} records were not acknowledged")
        if self._error is not None:
            raise KafkaException(self._error)

    def _report(self, letter: LetterId, error: KafkaError | None, sent: Message) -> None:
        self._failed(error)
        place = place_of(sent)
        if error is None and place is not None:
            self._places[letter] = Cause.at(place)

    def _failed(self, error: KafkaError | None) -> None:
        self._error = self._error or error


def _again_headers(record: Message, letter: DeadLetter, operator: str) -> list[tuple[str, str | bytes | None]]:
    """The record's own, without what made it a dead letter. Ours go first: a dead letter keeps 32 headers."""
    ours = {
        names.ATTEMPTS: str(letter.attempts + 1).encode(),
        names.REDRIVEN_BY: operator[: names.MAX_TEXT].encode(errors="replace"),
    }
    own = [(name, value) for name, value in headers_of(record) if name not in names.ORIGIN_HEADERS | ours.keys()]
    return [*ours.items(), *own]
