"""The consumer over the four lane topics of one agent type: membership, flow control, commits."""

import threading
import time
from collections.abc import Callable, Collection, Mapping

import structlog
from confluent_kafka import Consumer, KafkaError, KafkaException, Message, TopicPartition

from master_orchestrator_agents.errors import RunnerError
from master_orchestrator_agents.runner.offsets import Mark, Partition
from master_orchestrator_schemas.kafka import ClientConfig

log = structlog.stdlib.get_logger(__name__)

METADATA_SECONDS = 5.0

FETCH_MAX = 1_000
"""Records per fetch: what a full lane may still grow by before it is paused."""

CONSUMER_OVERRIDES: dict[str, str | int] = {
    "partition.assignment.strategy": "cooperative-sticky",  # only what moves is stopped: other tasks go on
    "session.timeout.ms": 10_000,
    "heartbeat.interval.ms": 1_000,
    "fetch.wait.max.ms": 50,  # a resumed partition waits for the fetch in flight to return
    "fetch.queue.backoff.ms": 10,  # the default second would stall a busy lane
    "queued.max.messages.kbytes": 8_192,  # of all partitions together; one answer per broker may come on top of it
    "fetch.max.bytes": 4 * 1024**2,
}

FATAL_CODES = frozenset(
    {
        KafkaError._FATAL,  # what a fatal error, a fencing too, comes as here: its own ``fatal()`` says no
        KafkaError.GROUP_AUTHORIZATION_FAILED,
        KafkaError.TOPIC_AUTHORIZATION_FAILED,
        KafkaError.FENCED_INSTANCE_ID,
        KafkaError.UNKNOWN_TOPIC_OR_PART,
    }
)
"""Consumer errors that do not pass by themselves."""


class LaneConsumer:
    """One group member. Every method belongs to the poll thread; ``revoked`` and ``lost`` are called during ``fetch``.

    ``revoked``: the partitions are still ours to commit; ``lost``: they already belong to someone else; ``committed``,
    ``uncommitted``: what became of a commit. None is waited for: the client library waits without end for a coordinator
    that hangs (seen: 200 s), and lets no other call through meanwhile.
    """

    def __init__(
        self,
        config: ClientConfig,
        topics: Collection[str],
        *,
        revoked: Callable[[list[Partition]], None],
        lost: Callable[[list[Partition]], None],
        committed: Callable[[Mapping[Partition, Mark]], None],
        uncommitted: Callable[[Collection[Partition]], None],
    ) -> None:
        self._consumer = Consumer({**config, "on_commit": self._on_commit})
        self._topics = topics
        self._revoked = revoked
        self._lost = lost
        self._committed = committed
        self._uncommitted = uncommitted
        self._held: frozenset[Partition] = frozenset()
        self._gone: set[Partition] = set()
        self._unreported = 0
        self.member = False
        """Whether the group has told us our partitions, none included, and has not expelled us since."""

    def start(self, timeout: float) -> None:
        """Join the group. Raises :class:`RunnerError` when the broker does not answer or a topic is missing."""
        try:
            known = self._consumer.list_topics(timeout=timeout).topics
        except KafkaException as error:
            raise RunnerError(f"no broker answered within {timeout:g} s: {error}; check bootstrap servers") from error
        if missing := sorted(set(self._topics) - set(known)):
            raise RunnerError(
                f"topics missing on the broker: {', '.join(missing)}; run `master-orchestrator provision`"
            )
        self._consumer.subscribe(
            list(self._topics), on_assign=self._on_assign, on_revoke=self._on_revoke, on_lost=self._on_lost
        )

    def fetch(self, timeout: float) -> list[Message]:
        """Up to ``FETCH_MAX`` records; waits only for the first."""
        first = self._consumer.poll(timeout)
        if first is None:
            return []
        self._gone.clear()
        more = self._consumer.consume(FETCH_MAX - 1, timeout=0)
        here = (first.topic(), first.partition()) not in self._gone  # it may go while more is fetched
        return [message for message in [*([first] if here else []), *more] if not _is_error(message)]

    def hold(self, partitions: frozenset[Partition]) -> None:
        """Fetch nothing from exactly these partitions until told otherwise."""
        if pause := partitions - self._held:
            self._consumer.pause(_topic_partitions(pause))
        if resume := self._held - partitions:
            self._consumer.resume(_topic_partitions(resume))
        self._held = partitions

    def hold_all(self) -> None:
        """Fetch nothing any more."""
        self.hold(frozenset(_partitions(self._consumer.assignment())))

    def metadata(self, partitions: Collection[Partition]) -> dict[Partition, str]:
        """What stands beside the committed offsets of these partitions; nothing where that cannot be learned."""
        try:
            committed = self._consumer.committed(_topic_partitions(partitions), timeout=METADATA_SECONDS)
        except KafkaException as error:
            log.warning("committed_metadata_unknown", error=str(error), partitions=len(partitions))
            return {}
        return {(each.topic, each.partition): each.metadata or "" for each in committed if each.error is None}

    def commit(self, marks: Mapping[Partition, Mark]) -> None:
        """Commit; what becomes of it is told to ``committed`` or ``uncommitted`` during a later ``fetch``."""
        if not marks:
            return
        try:
            self._consumer.commit(offsets=_offsets(marks), asynchronous=True)
            self._unreported += 1
        except KafkaException as error:
            self._commit_failed(marks, error)

    def settle(self, timeout: float) -> None:
        """Wait for what becomes of the commits so far; records and errors that come meanwhile are nobody's any more."""
        deadline = time.monotonic() + timeout
        while self._unreported and time.monotonic() < deadline:
            self._consumer.poll(0.02)

    def close(self, timeout: float) -> None:
        """Leave the group. A coordinator that hangs is left without a word, and ends our session itself."""
        closing = threading.Thread(target=self._consumer.close, name="leaving", daemon=True)
        closing.start()
        closing.join(timeout)
        if closing.is_alive():
            log.warning("left_without_a_word", waited_s=timeout)

    def _on_commit(self, error: KafkaError | None, offsets: list[TopicPartition]) -> None:
        """The client's report on one commit; partitions may fail one by one."""
        self._unreported -= 1
        failed = [each for each in offsets if (error or each.error) is not None]
        if failed:
            self._commit_failed(_partitions(failed), error or failed[0].error)
        done = [each for each in offsets if (error or each.error) is None]
        self._committed({(each.topic, each.partition): Mark(each.offset, each.metadata or "") for each in done})

    def _commit_failed(self, partitions: Collection[Partition], error: object) -> None:
        """No loss: what is not committed is committed next time, or handled again."""
        log.warning("commit_failed", error=str(error), partitions=len(partitions))
        self._uncommitted(partitions)

    def _on_assign(self, _consumer: Consumer, assigned: list[TopicPartition]) -> None:
        log.info("partitions_assigned", partitions=len(assigned))
        self.member = True
        self._held -= set(_partitions(assigned))

    def _on_revoke(self, _consumer: Consumer, revoked: list[TopicPartition]) -> None:
        log.info("partitions_revoked", partitions=len(revoked))
        self._revoked(_partitions(revoked))
        self._let_go(_partitions(revoked))

    def _on_lost(self, _consumer: Consumer, lost: list[TopicPartition]) -> None:
        log.warning("partitions_lost", partitions=len(lost))
        self.member = False
        self._lost(_partitions(lost))
        self._let_go(_partitions(lost))

    def _let_go(self, partitions: list[Partition]) -> None:
        """What was held is resumed first: the client would hold it still when it comes back."""
        if held := self._held.intersection(partitions):
            self._consumer.resume(_topic_partitions(held))
        self._gone.update(partitions)
        self._held -= held


def _is_error(message: Message) -> bool:
    """Whether the message is an event of the client. Raises :class:`RunnerError` for what does not pass by itself."""
    error = message.error()
    if error is None:
        return False
    if error.fatal() or error.code() in FATAL_CODES:
        raise RunnerError(f"the consumer of {message.topic()} cannot go on: {error}")
    log.warning("consumer_error", topic=message.topic(), error=str(error))
    return True


def _partitions(partitions: Collection[TopicPartition]) -> list[Partition]:
    return [(each.topic, each.partition) for each in partitions]


def _offsets(marks: Mapping[Partition, Mark]) -> list[TopicPartition]:
    return [TopicPartition(*partition, mark.offset, mark.metadata) for partition, mark in marks.items()]


def _topic_partitions(partitions: Collection[Partition]) -> list[TopicPartition]:
    return [TopicPartition(topic, partition) for topic, partition in partitions]
