"""The consumer over the four lane topics of one agent type: membership, flow control, commits."""

import contextlib
import threading
import time
from collections.abc import Callable, Collection, Mapping

import structlog
from confluent_kafka import Consumer, KafkaError, KafkaException, Message, TopicPartition

from master_orchestrator_agents.errors import RunnerError
from master_orchestrator_agents.runner.offsets import OffsetAndMetadata
from master_orchestrator_schemas.kafka import ClientConfig
from master_orchestrator_schemas.places import Partition

log = structlog.stdlib.get_logger(__name__)

METADATA_S = 5.0
SETTLE_S = 1.0
SETTLE_POLL_S = 0.05

MAX_FETCH = 1_000
"""Records per fetch: by how many a lane may exceed its limit before it is paused."""

CONSUMER_OVERRIDES: dict[str, str | int] = {
    "partition.assignment.strategy": "cooperative-sticky",  # only partitions that move are stopped
    "session.timeout.ms": 10_000,
    "heartbeat.interval.ms": 1_000,
    "fetch.wait.max.ms": 50,  # a resumed partition waits for the fetch in flight to return
    "fetch.queue.backoff.ms": 10,  # the default second would stall a busy lane
    "queued.max.messages.kbytes": 8_192,  # of all partitions together; one response per broker may come on top
    "fetch.max.bytes": 4 * 1024**2,
}

FATAL_CODES = frozenset(
    {
        KafkaError._FATAL,  # how fatal errors, fencing among them, arrive here: ``fatal()`` is False for them
        KafkaError.GROUP_AUTHORIZATION_FAILED,
        KafkaError.TOPIC_AUTHORIZATION_FAILED,
        KafkaError.FENCED_INSTANCE_ID,
        KafkaError.UNKNOWN_TOPIC_OR_PART,
    }
)
"""Consumer errors that a retry cannot cure."""


class LaneConsumer:
    """One group member. Every method belongs to the poll thread; ``revoked`` and ``lost`` are called during ``fetch``.

    ``revoked``: this member may still commit the partitions; ``lost``: another member has them already; ``committed``,
    ``commit_failed``: the result of a commit. Commits are asynchronous: the client library would wait without limit for
    a coordinator that hangs (seen: 200 s), and block all other calls.
    """

    def __init__(
        self,
        config: ClientConfig,
        topics: Collection[str],
        *,
        revoked: Callable[[list[Partition]], None],
        lost: Callable[[list[Partition]], None],
        committed: Callable[[Mapping[Partition, OffsetAndMetadata]], None],
        commit_failed: Callable[[Collection[Partition]], None],
    ) -> None:
        self._consumer = Consumer({**config, "on_commit": self._on_commit})
        self._topics = topics
        self._revoked = revoked
        self._lost = lost
        self._committed = committed
        self._failed = commit_failed
        self._paused: frozenset[Partition] = frozenset()
        self._unassigned: set[Partition] = set()
        self._unreported = 0
        self.member = False
        """Whether the group has assigned partitions, or none, and has not expelled this member since."""

    def start(self) -> None:
        """Join the group; its topics must be there."""
        self._consumer.subscribe(
            list(self._topics), on_assign=self._on_assign, on_revoke=self._on_revoke, on_lost=self._on_lost
        )

    def fetch(self, timeout: float) -> list[Message]:
        """Up to ``MAX_FETCH`` records; blocks only for the first."""
        first = self._consumer.poll(timeout)
        if first is None:
            return []
        self._unassigned.clear()
        more = self._consumer.consume(MAX_FETCH - 1, timeout=0)
        kept = (first.topic(), first.partition()) not in self._unassigned  # a rebalance may come while more is fetched
        return [message for message in [*([first] if kept else []), *more] if not _is_error(message)]

    def set_paused(self, partitions: frozenset[Partition]) -> None:
        """Pause exactly these partitions, and resume all others."""
        if pause := partitions - self._paused:
            self._consumer.pause(_topic_partitions(pause))
        if resume := self._paused - partitions:
            self._consumer.resume(_topic_partitions(resume))
        self._paused = partitions

    def pause_all(self) -> None:
        """Pause all partitions."""
        self.set_paused(frozenset(_partitions(self._consumer.assignment())))

    def metadata(self, partitions: Collection[Partition]) -> dict[Partition, str]:
        """The metadata next to the committed offsets of these partitions; empty where the broker does not answer."""
        try:
            committed = self._consumer.committed(_topic_partitions(partitions), timeout=METADATA_S)
        except KafkaException as error:
            log.warning("committed_metadata_unknown", error=str(error), partitions=len(partitions))
            return {}
        return {_partition(each): each.metadata or "" for each in committed if each.error is None}

    def commit(self, marks: Mapping[Partition, OffsetAndMetadata]) -> None:
        """Commit; a later ``fetch`` calls ``committed`` or ``commit_failed`` with the result."""
        if not marks:
            return
        try:
            self._consumer.commit(offsets=_offsets(marks), asynchronous=True)
            self._unreported += 1
        except KafkaException as error:
            self._commit_failed(marks, error)

    def await_commits(self, timeout: float) -> None:
        """Wait for the results of all commits; records and errors that arrive before them are dropped."""
        deadline = time.monotonic() + timeout
        while self._unreported and time.monotonic() < deadline:
            self._consumer.poll(0.02)

    def close(self, timeout: float) -> None:
        """Leave the group. After ``timeout`` the coordinator is left to end the session itself."""
        leaving = threading.Thread(target=self._leave, name="leaving", daemon=True)
        leaving.start()
        leaving.join(timeout)
        if leaving.is_alive():
            log.warning("group_not_left", waited_s=timeout)

    def _leave(self) -> None:
        """Unsubscribe, let a rebalance that is under way end, close.

        Within ``close`` librdkafka may never answer a rebalance's callback, which waits with the interpreter's lock
        held: the whole process would stand still (confluentinc/librdkafka#4527, #4884).
        """
        with contextlib.suppress(KafkaException):  # of a client with a fatal error
            self._consumer.unsubscribe()
            until = time.monotonic() + SETTLE_S
            self._consumer.poll(SETTLE_POLL_S)
            while self._consumer.assignment() and time.monotonic() < until:
                self._consumer.poll(SETTLE_POLL_S)
        self._consumer.close()

    def _on_commit(self, error: KafkaError | None, offsets: list[TopicPartition]) -> None:
        """The result of one commit; partitions may fail one by one."""
        self._unreported -= 1
        failed = [each for each in offsets if (error or each.error) is not None]
        if failed:
            self._commit_failed(_partitions(failed), error or failed[0].error)
        done = [each for each in offsets if (error or each.error) is None]
        self._committed({_partition(each): OffsetAndMetadata(each.offset, each.metadata or "") for each in done})

    def _commit_failed(self, partitions: Collection[Partition], error: object) -> None:
        """Nothing is lost: the offsets are committed next time, or their commands are handled again."""
        log.warning("commit_failed", error=str(error), partitions=len(partitions))
        self._failed(partitions)

    def _on_assign(self, _consumer: Consumer, assigned: list[TopicPartition]) -> None:
        log.info("partitions_assigned", partitions=len(assigned))
        self.member = True
        self._paused -= set(_partitions(assigned))

    def _on_revoke(self, _consumer: Consumer, revoked: list[TopicPartition]) -> None:
        log.info("partitions_revoked", partitions=len(revoked))
        self._revoked(_partitions(revoked))
        self._unassign(_partitions(revoked))

    def _on_lost(self, _consumer: Consumer, lost: list[TopicPartition]) -> None:
        log.warning("partitions_lost", partitions=len(lost))
        self.member = False
        self._lost(_partitions(lost))
        self._unassign(_partitions(lost))

    def _unassign(self, partitions: list[Partition]) -> None:
        """Paused partitions are resumed first: the client keeps a pause over a later assignment."""
        if paused := self._paused.intersection(partitions):
            self._consumer.resume(_topic_partitions(paused))
        self._unassigned.update(partitions)
        self._paused -= paused


def _is_error(message: Message) -> bool:
    """Whether the message is an error. Raises :class:`RunnerError` for one that a retry cannot cure."""
    error = message.error()
    if error is None:
        return False
    if error.fatal() or error.code() in FATAL_CODES:
        raise RunnerError(f"the consumer of {message.topic()} cannot go on: {error}")
    log.warning("consumer_error", topic=message.topic(), error=str(error))
    return True


def _partition(of: TopicPartition) -> Partition:
    return Partition(of.topic, of.partition)


def _partitions(partitions: Collection[TopicPartition]) -> list[Partition]:
    return [_partition(each) for each in partitions]


def _offsets(marks: Mapping[Partition, OffsetAndMetadata]) -> list[TopicPartition]:
    return [TopicPartition(*partition, mark.offset, mark.metadata) for partition, mark in marks.items()]


def _topic_partitions(partitions: Collection[Partition]) -> list[TopicPartition]:
    return [TopicPartition(topic, partition) for topic, partition in partitions]
