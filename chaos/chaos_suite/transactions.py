"""A gateway that sends its readings in transactions; some it gives up on purpose, and those must have no effect."""

import contextlib
import time
from collections.abc import Callable
from enum import Enum, auto

import structlog
from confluent_kafka import KafkaError, KafkaException, Message, Producer

from chaos_suite.senders import PURGE_S, Delivered, drain, produce, serve
from chaos_suite.sent import OutgoingShot, SentJournal
from master_orchestrator_schemas.kafka import KafkaSettings, place_of, producer_config
from master_orchestrator_schemas.places import Place

log = structlog.stdlib.get_logger(__name__)

CALL_S = 10.0
PAUSE_S = 0.3
PATIENCE_S = 240.0
"""How long a batch is tried again."""
TRANSACTION_MS, DELIVERY_MS = 20_000, 15_000
"""Short: while a transaction is open, the engine reads nothing that comes after it in its partitions."""

Places = dict[str, Place]


class TransactionOutcome(Enum):
    """What became of a transaction. UNKNOWN: its commit was asked for and never confirmed."""

    COMMITTED = auto()
    ABORTED = auto()
    UNKNOWN = auto()


class TransactionalSender:
    """One transaction per batch. One that came to be aborted is tried again, unless that was the purpose."""

    def __init__(self, name: str, kafka: KafkaSettings, sent: SentJournal) -> None:
        self._name, self._kafka, self._sent = name, kafka, sent
        self._producer: Producer | None = None

    def send(self, batch: list[OutgoingShot]) -> None:
        """Hand over what is due, in this order, and wait for the outcome."""
        for _ in batch:
            self._sent.handed_over()
        if to_commit := [outgoing for outgoing in batch if not outgoing.shot.aborted]:
            self._deliver(to_commit)
        if ghosts := [outgoing for outgoing in batch if outgoing.shot.aborted]:
            self._tell(ghosts, *self._transact(ghosts, commit=False))

    def poll(self, seconds: float) -> None:
        """Let the time pass; delivery reports come with the transactions."""
        if self._producer is None:
            time.sleep(seconds)
        else:
            serve(self._producer, seconds)

    def finish(self, timeout_s: float) -> None:
        """Nothing is left open: :meth:`send` has waited for everything."""
        if self._producer is not None:
            drain(self._producer, timeout_s)

    def _deliver(self, batch: list[OutgoingShot]) -> None:
        deadline = time.monotonic() + PATIENCE_S
        while True:
            outcome, places = self._transact(batch, commit=True)
            self._tell(batch, outcome, places)
            if outcome is not TransactionOutcome.ABORTED or time.monotonic() > deadline:
                return
            time.sleep(PAUSE_S)

    def _tell(self, batch: list[OutgoingShot], outcome: TransactionOutcome, places: Places) -> None:
        for outgoing in batch:
            place = places.get(outgoing.shot.name)
            if outcome is TransactionOutcome.ABORTED:
                self._sent.undone(outgoing, place)
            elif outcome is TransactionOutcome.COMMITTED and place is not None:
                self._sent.acknowledged(outgoing, place)
            else:
                self._sent.unknown(outgoing)

    def _transact(self, batch: list[OutgoingShot], *, commit: bool) -> tuple[TransactionOutcome, Places]:
        places: Places = {}
        try:
            producer = self._ready()
            producer.begin_transaction()
            for outgoing in batch:
                produce(producer, self._name, outgoing, _noted(places, outgoing.shot.name))
            drain(producer, DELIVERY_MS / 1000)
        except KafkaException as error:
            return self._abandoned(error, TransactionOutcome.ABORTED), places  # nobody asked for a commit
        return (self._commit(producer) if commit else self._abort(producer)), places

    def _ready(self) -> Producer:
        """A producer whose predecessor's transaction, if one is open, has been aborted. Raises KafkaException."""
        if self._producer is None:
            config = {
                "transactional.id": f"chaos-{self._name}",
                "transaction.timeout.ms": TRANSACTION_MS,
                "message.timeout.ms": DELIVERY_MS,
            }
            producer = Producer(producer_config(self._kafka, **config))
            _until_done(producer.init_transactions)
            self._producer = producer
        return self._producer

    def _commit(self, producer: Producer) -> TransactionOutcome:
        try:
            _until_done(producer.commit_transaction)
        except KafkaException as error:
            if _error(error).txn_requires_abort():
                return self._abort(producer)
            return self._abandoned(error, TransactionOutcome.UNKNOWN)
        return TransactionOutcome.COMMITTED

    def _abort(self, producer: Producer) -> TransactionOutcome:
        try:
            _until_done(producer.abort_transaction)
        except KafkaException as error:
            return self._abandoned(error, TransactionOutcome.ABORTED)  # by the next producer's first call
        return TransactionOutcome.ABORTED

    def _abandoned(self, error: KafkaException, outcome: TransactionOutcome) -> TransactionOutcome:
        log.warning("transaction_abandoned", gateway=self._name, outcome=outcome.name, error=str(error))
        producer, self._producer = self._producer, None
        if producer is not None:
            producer.purge()
            with contextlib.suppress(KafkaException):  # a fenced one says so again
                drain(producer, PURGE_S)
        return outcome


def _until_done(call: Callable[[float], object]) -> None:
    """A call about a transaction, again while Kafka says that this may help. Raises KafkaException."""
    deadline = time.monotonic() + PATIENCE_S
    while True:
        try:
            call(CALL_S)
        except KafkaException as error:
            if not _error(error).retriable() or time.monotonic() > deadline:
                raise
            time.sleep(PAUSE_S)
        else:
            return


def _error(error: KafkaException) -> KafkaError:
    inner: KafkaError = error.args[0]
    return inner


def _noted(places: Places, name: str) -> Delivered:
    def note(error: KafkaError | None, message: Message) -> None:
        place = None if error else place_of(message)
        if place is not None:
            places[name] = place

    return note
