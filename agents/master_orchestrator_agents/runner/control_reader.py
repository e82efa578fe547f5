"""Reads what an agent is held to from the controls topic: to its end before the first command, then as it comes."""

import threading
import time
from collections.abc import Callable

import structlog
from confluent_kafka import OFFSET_BEGINNING, Consumer, KafkaError, KafkaException, Message, TopicPartition

from master_orchestrator_agents.controls import HeldTo
from master_orchestrator_schemas.codec import Codec, DecodeError
from master_orchestrator_schemas.kafka import ClientConfig
from master_orchestrator_schemas.messages import Control

log = structlog.stdlib.get_logger(__name__)

POLL_S = 0.2
LOOK_EVERY_S = 5.0
ANSWER_S = 5.0
FIRST_READ_S = 15.0
"""How long a start waits for the controls; then it begins without, and says so."""


class ControlReader:
    """A thread that keeps a :class:`HeldTo` up to date. What cannot be read changes nothing: the last known holds.

    Args:
        place: topic and partition of the actor.
        read: called with 0 whenever the end of the topic has been reached.
    """

    def __init__(self, config: ClientConfig, place: tuple[str, int], actor: str, held_to: HeldTo, codec: Codec) -> None:
        self._config, self._place, self._key = config, place, actor.encode()
        self._held_to, self._codec = held_to, codec
        self._known, self._stopping = threading.Event(), threading.Event()
        self._read_at = time.monotonic()
        self._is_reachable = True
        self._thread = threading.Thread(target=self._run, name="controls", daemon=True)

    def start(self, waiting: Callable[[], None], stop: threading.Event) -> None:
        """Begin to read; returns when all controls there are have been read, or after ``FIRST_READ_S``."""
        self._thread.start()
        until = time.monotonic() + FIRST_READ_S
        while not self._known.wait(POLL_S) and time.monotonic() < until and not stop.is_set():
            waiting()
        if not self._known.is_set():
            log.error("controls_unknown", topic=self._place[0], until="they can be read")

    def stop(self) -> None:
        """Read no more; does not wait for brokers that do not answer."""
        self._stopping.set()

    def lag_s(self) -> float:
        """For how long nothing is known of newer controls."""
        return time.monotonic() - self._read_at

    def _run(self) -> None:
        consumer = Consumer({**self._config, "enable.partition.eof": True})
        consumer.assign([TopicPartition(*self._place, OFFSET_BEGINNING)])
        look_at = 0.0
        while not self._stopping.is_set():
            message = consumer.poll(POLL_S)
            if message is not None:
                self._take(message)
            elif self._known.is_set() and time.monotonic() >= look_at:
                self._look(consumer)
                look_at = time.monotonic() + LOOK_EVERY_S
        consumer.close()

    def _look(self, consumer: Consumer) -> None:
        """Whether the broker still answers: an idle topic looks like one that is out of reach."""
        try:
            consumer.get_watermark_offsets(TopicPartition(*self._place), timeout=ANSWER_S)
        except KafkaException as error:
            self._out_of_reach(str(error))
        else:
            self._in_reach()

    def _in_reach(self) -> None:
        self._read_at, self._is_reachable = time.monotonic(), True

    def _out_of_reach(self, error: str) -> None:
        """Said once until they are in reach again: ``lag_s`` tells for how long."""
        if self._is_reachable:
            log.warning("controls_out_of_reach", error=error)
        self._is_reachable = False

    def _take(self, message: Message) -> None:
        error = message.error()
        if error is None:
            self._hold(message)
        elif error.code() == KafkaError._PARTITION_EOF:
            self._in_reach()
            self._known.set()
        else:
            self._out_of_reach(error.str())

    def _hold(self, message: Message) -> None:
        if message.key() != self._key:
            return
        try:
            control = self._codec.decode(message.value() or b"", Control)
        except DecodeError as error:
            log.warning("control_unreadable", offset=message.offset(), error=str(error))
            return
        self._held_to.hold(control)
        log.warning("controlled", level=control.level.value, by=control.by, reason=control.reason)
