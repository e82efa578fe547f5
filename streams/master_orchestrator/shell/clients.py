"""The engine's confluent-kafka producers: one transactional per owned partition, one plain for commands and ticks."""

import threading
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from typing import TypeVar, cast

import structlog
from confluent_kafka import KafkaError, KafkaException, Message, Producer

from master_orchestrator.shell.errors import FencedError, ShellError
from master_orchestrator.shell.records import Record
from master_orchestrator_schemas.kafka import KafkaSettings, producer_config
from master_orchestrator_schemas.metrics import Metrics
from master_orchestrator_schemas.topology import Topology
from master_orchestrator_schemas.topology.apps import AppNames
from master_orchestrator_schemas.topology.plans import TABLE_COMPRESSION

log = structlog.get_logger(__name__)
ABORTABLE = frozenset({KafkaError._STATE})
"""What ``produce`` says once an earlier record's failure has doomed the transaction, without calling it abortable."""

PURGED = frozenset({KafkaError._PURGE_QUEUE, KafkaError._PURGE_INFLIGHT})
"""What an abort says of every record that was not yet sent."""

T = TypeVar("T")
Report = Callable[[KafkaError | None, Message], None]

TRANSACTION_TIMEOUT_MS = 30_000
CALL_TIMEOUT_S = 20.0
CONNECT_S = 5.0
RETRY_PAUSE_S = 0.05
MAX_PAUSE_S = 5.0
ATTEMPTS = 10
POLL_S = 0.05
PLAIN_PRODUCERS = 8
TAKE_TURNS_S = 0.005
QUEUE = {"queue.buffering.max.messages": 1_000_000, "queue.buffering.max.kbytes": 524_288}
"""A batch must fit into the producer's queue: its size is bounded by the fetch, not by this."""


def kafka_error(error: KafkaException) -> KafkaError:
    """The librdkafka error inside an exception."""
    inner: KafkaError = error.args[0]
    return inner


def retried(call: Callable[[float], T]) -> T:
    """``call(timeout)`` until it succeeds or fails with something that librdkafka does not call retriable."""
    while True:
        try:
            return call(CALL_TIMEOUT_S)
        except KafkaException as error:
            if not kafka_error(error).retriable():
                raise
            time.sleep(RETRY_PAUSE_S)


ANY_PARTITION = -1
"""The partitioner chooses, by the key."""


def _enqueue(producer: Producer, records: Iterable[Record], partition: int, report: Report | None = None) -> None:
    """Hand records to librdkafka; where its queue is full, serve delivery reports until there is room.

    One loop for all of them, and no call of ours in it: a batch has thousands.
    """
    produce = cast("Callable[..., None]", producer.produce)  # confluent's list of headers is wider than ours
    for topic, key, value, headers in records:
        while True:
            try:
                produce(topic, value, key, partition, headers=headers, on_delivery=report)
                break
            except BufferError:
                producer.poll(POLL_S)


class PartitionProducer:
    """The transactional producer of one owned partition.

    Making one fences the partition's former owner and ends its open transaction: from then on, whatever a zombie
    writes in its transaction is refused by the broker.
    """

    def __init__(
        self, kafka: KafkaSettings, topology: Topology, partition: int, metrics: Metrics, *, app: AppNames
    ) -> None:
        self.partition, self._ended = partition, metrics.transactions
        self._producer = Producer(
            producer_config(
                kafka,
                topology.limits,
                TABLE_COMPRESSION,
                **{
                    "transactional.id": f"{app.app_id}-{partition}",
                    "transaction.timeout.ms": TRANSACTION_TIMEOUT_MS,
                    "linger.ms": 0,
                    **QUEUE,
                },
            )
        )
        # Connected first: librdkafka asks for the coordinator at once, or, without a connection, after half a second.
        with suppress(KafkaException):  # no broker answers: the next call waits for one
            self._producer.list_topics(app.changelog_topic, CONNECT_S)
        retried(self._producer.init_transactions)

    def commit(self, records: Iterable[Record], last: Record) -> int:
        """Write ``records`` and then ``last`` in one transaction; the offset of ``last``.

        An abortable error aborts and writes the same records again, a bounded number of times. Which of them were
        refused is logged from the second time on: to be told of each record costs time. Raises :class:`FencedError`
        when another owner has taken over, ``KafkaException`` or :class:`ShellError` when nothing can be known or done:
        all of them mean that the process must end.
        """
        batch = list(records)
        for attempt in range(ATTEMPTS):
            try:
                return self._commit_once(batch, last, self._log_refused if attempt else None)
            except KafkaException as error:
                inner = kafka_error(error)
                if not (inner.fatal() or inner.txn_requires_abort() or inner.code() in ABORTABLE):
                    raise
                self._abort(error)
                log.warning("transaction_aborted", note="it is repeated", partition=self.partition, error=inner.str())
                time.sleep(min(MAX_PAUSE_S, RETRY_PAUSE_S * 2**attempt))
        raise ShellError(f"partition {self.partition}: the broker refused the same transaction {ATTEMPTS} times")

    def _abort(self, error: KafkaException) -> None:
        """End the transaction that ``error`` stopped. Raises :class:`FencedError` where this producer may no more."""
        fatal = error if kafka_error(error).fatal() else self._refused_abort()
        if fatal is not None:
            self._ended.labels("fenced").inc()
            raise FencedError(f"partition {self.partition}: {kafka_error(fatal).str()}") from fatal
        self._ended.labels("aborted").inc()

    def _refused_abort(self) -> KafkaException | None:
        """Abort; the fatal error that says no, if one does."""
        try:
            retried(self._producer.abort_transaction)
        except KafkaException as error:
            if not kafka_error(error).fatal():
                raise
            return error
        return None

    def _commit_once(self, batch: list[Record], last: Record, report: Report | None) -> int:
        offsets: list[int] = []

        def delivered(error: KafkaError | None, message: Message) -> None:
            if error is None:
                offsets.append(message.offset() or 0)

        self._producer.begin_transaction()
        _enqueue(self._producer, batch, self.partition, report)
        _enqueue(self._producer, [last], self.partition, delivered)
        retried(self._producer.commit_transaction)
        if not offsets:
            raise ShellError(f"partition {self.partition}: committed, but its last offset is unknown")
        return offsets[0]

    def _log_refused(self, error: KafkaError | None, message: Message) -> None:
        if error is not None and error.code() not in PURGED:
            log.warning("record_refused", topic=message.topic(), partition=self.partition, error=error.str())


class PlainProducer:
    """An idempotent producer of what has to be acknowledged before its partition goes on. Safe for many threads.

    What it sends is short, and agents in any language read it: it is not compressed. Activity goes to the partition of
    its key, its actor, all else to that of the input that led to it.

    One of the threads that wait serves the reports of all: a thread in a poll of its own would not return when another
    one's poll has brought its last report, and its partition's next transaction would wait for that.
    """

    def __init__(self, kafka: KafkaSettings, topology: Topology) -> None:
        over = {"linger.ms": 0, "delivery.timeout.ms": 60_000}
        self._producer = Producer(producer_config(kafka, topology.limits, "none", **over, **QUEUE))
        self._by_key = topology.topic_of("Activity")
        self._serving = threading.Lock()

    def send(self, records: Iterable[Record], partition: int) -> None:
        """Deliver ``records``; ``partition``: of their input. Raises :class:`ShellError` if one cannot be."""
        batch = list(records)
        if not batch:
            return
        reports: list[KafkaError | None] = []
        complete = threading.Event()

        def report(error: KafkaError | None, _message: Message) -> None:
            reports.append(error)
            if len(reports) == len(batch):
                complete.set()

        _enqueue(self._producer, [each for each in batch if each.topic != self._by_key], partition, report)
        _enqueue(self._producer, [each for each in batch if each.topic == self._by_key], ANY_PARTITION, report)
        while not complete.is_set():
            self._serve_until(complete)
        for error in filter(None, reports):
            raise ShellError(f"a record for partition {partition} could not be delivered: {error.str()}")

    def _serve_until(self, complete: threading.Event) -> None:
        """Serve reports, or, while another thread does, wait a little: it may be done before we are."""
        if not self._serving.acquire(blocking=False):
            complete.wait(TAKE_TURNS_S)
            return
        try:
            while not complete.is_set():
                self._producer.poll(POLL_S)
        finally:
            self._serving.release()


class PlainProducers:
    """Several plain producers, each partition's records by always the same one. Safe for many threads.

    librdkafka makes a request for each topic and partition, and here has one under way at a time (``producer_config``).
    By a single producer each partition's commands would wait for the answers to those of all others, one by one.
    """

    def __init__(self, kafka: KafkaSettings, topology: Topology) -> None:
        self._kafka, self._topology = kafka, topology
        self._made: dict[int, PlainProducer] = {}
        self._making = threading.Lock()

    def send(self, records: Iterable[Record], partition: int) -> None:
        """As :meth:`PlainProducer.send`."""
        self._producer(partition % PLAIN_PRODUCERS).send(records, partition)

    def _producer(self, number: int) -> PlainProducer:
        """Made when it is first needed: an engine with few partitions has few connections."""
        with self._making:
            if number not in self._made:
                self._made[number] = PlainProducer(self._kafka, self._topology)
            return self._made[number]
