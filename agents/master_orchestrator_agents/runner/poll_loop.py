"""The poll loop of a runner, from joining the group to leaving it. All methods belong to the poll thread.

The poll thread never runs a handler, so it keeps polling however long handlers take, and the group keeps the member.
The order that every change must keep: reply delivered, then record complete, then offset committed.
"""

import threading
import time
from collections.abc import Callable

import structlog
from confluent_kafka import Producer

from master_orchestrator_agents.controls import HeldTo
from master_orchestrator_agents.errors import RunnerError
from master_orchestrator_agents.handler import BatchHandler
from master_orchestrator_agents.runner.activity import ActivityWriter
from master_orchestrator_agents.runner.backlog import Backlog
from master_orchestrator_agents.runner.broker_clock import BrokerClock
from master_orchestrator_agents.runner.command_reader import CommandReader
from master_orchestrator_agents.runner.consumer import LaneConsumer
from master_orchestrator_agents.runner.control_reader import ControlReader
from master_orchestrator_agents.runner.handling_time import HandlingTime
from master_orchestrator_agents.runner.health import RunnerHealth
from master_orchestrator_agents.runner.metrics import RunnerMetrics
from master_orchestrator_agents.runner.options import RunnerOptions, consumer_options, control_options, producer_options
from master_orchestrator_agents.runner.prefetch import PrefetchBuffer
from master_orchestrator_agents.runner.producer import RetryingProducer
from master_orchestrator_agents.runner.quarantine.acquisition import PartitionAcquisition
from master_orchestrator_agents.runner.replies import ReplySender
from master_orchestrator_agents.runner.workers import WorkerPool
from master_orchestrator_schemas.kafka import (
    admin_config,
)
from master_orchestrator_schemas.kafka_reach import await_kafka
from master_orchestrator_schemas.partitioner import partition_of_key
from master_orchestrator_schemas.places import Partition
from master_orchestrator_schemas.vocabulary import Lane

log = structlog.stdlib.get_logger(__name__)

COMMIT_INTERVAL_S = 0.5
IDLE_FETCH_S = 0.1
"""Maximum wait of a fetch for a first record; on an idle runner, delivery reports wait as long."""
BUSY_FETCH_S = 0.005
"""The same while a lane is paused: its queue may soon have room."""
REVOKE_S = 1.0
"""Maximum wait of a rebalance for commands in flight; other members wait with it."""
ABANDON_S = 1.0
"""Maximum wait for abandoned handlers: an async one may clean up."""
FLUSH_S = 5.0
COMMIT_WAIT_S = 5.0
CLOSE_S = 5.0


class PollLoop:
    """A consumer, a producer and a pool of workers around one backlog."""

    def __init__(
        self, options: RunnerOptions, metrics: RunnerMetrics, own_ms: Callable[[], int], health: RunnerHealth
    ) -> None:
        lane_of = {options.topology.command_topic(options.agent, lane): lane for lane in Lane}
        batch_size = options.handler.max_size if isinstance(options.handler, BatchHandler) else 1
        self._options = options
        self._metrics = metrics
        self._health = health
        clock = BrokerClock(own_ms)
        self._backlog = Backlog(options.topology.lanes, lane_of, clock.now_ms, batch_size, isolation=options.isolation)
        self._producer = RetryingProducer(Producer(producer_options(options)), clock.observe)
        self._consumer = LaneConsumer(
            consumer_options(options),
            lane_of.keys(),
            revoked=self._revoked,
            lost=self._lost,
            committed=self._backlog.committed,
            commit_failed=self._backlog.commit_failed,
        )
        self._acquisition = PartitionAcquisition(self._consumer, self._backlog)
        self._prefetch = PrefetchBuffer(lane_of)
        self._reader = CommandReader(
            options.agent,
            codec=options.codec,
            backlog=self._backlog,
            producer=self._producer,
            metrics=metrics,
            lane_of=lane_of,
            reply_topic=options.topology.topic_of("Reply"),
            dead_letter_topic=options.topology.dead_letter_topic,
        )
        actor, controls = options.author.actor, options.topology.topic_of("Control")
        held_to = HeldTo(options.author.instance, clock.now_ms)
        place = (controls, partition_of_key(actor.encode(), options.topology.partitions))
        self._controls = ControlReader(control_options(options), place, actor, held_to, options.codec)
        health.controls_lag_s = metrics.watch_controls(self._controls.lag_s)
        self._activity = ActivityWriter(
            options.topology.topic_of("Activity"),
            author=options.author,
            charter=options.charter,
            codec=options.codec,
            producer=self._producer,
            now_ms=clock.now_ms,
            controls=held_to,
        )
        self._pool = WorkerPool(
            options.handler,
            options.workers,
            worker_id=options.worker_id,
            backlog=self._backlog,
            replies=ReplySender(
                options.topology.topic_of("Reply"),
                codec=options.codec,
                producer=self._producer,
                activity=self._activity,
                backlog=self._backlog,
                metrics=metrics,
                now_ms=clock.now_ms,
                tracing=options.tracing,
            ),
            activity=self._activity,
            metrics=metrics,
            clock=clock,
            handling_time=HandlingTime(options.topology.agents[options.agent].reply_within_ms),
        )
        self._commit_at = 0.0
        self._isolating = self._started = False
        self._leaving = False

    def run(self, stop: threading.Event) -> None:
        """Handle commands until ``stop`` is set, then drain. Raises :class:`RunnerError` when it cannot go on."""
        with structlog.contextvars.bound_contextvars(agent=self._options.agent):  # for the consumer's events
            try:
                self._await_kafka(stop)
                self._controls.start(lambda: self._health.polled(member=False), stop)
                self._consumer.start()
                self._pool.start()
                self._started = True
                while not stop.is_set():
                    self._iterate()
                self._drain()
            finally:
                self._leave()

    def _await_kafka(self, stop: threading.Event) -> None:
        """Wait for a broker with the topics. Raises :class:`RunnerError` where waiting cannot help."""
        topology = self._options.topology
        topics = [topology.command_topic(self._options.agent, lane) for lane in Lane] + [
            topology.topic_of("Activity"),
            topology.topic_of("Control"),
        ]
        config = admin_config(self._options.kafka)
        trouble = await_kafka(config, topics, stop, during=lambda: self._health.polled(member=False))
        if trouble is not None:
            raise RunnerError(trouble.text)

    def _iterate(self) -> None:
        """Pause, fetch, decode, isolate, deliver, commit."""
        self._health.polled(member=self._consumer.member)
        paused = self._backlog.partitions_to_pause(self._prefetch.full) | self._acquisition.pending
        self._consumer.set_paused(paused)
        self._prefetch.add(self._acquisition.admit(self._consumer.fetch(self._fetch_timeout(paused))))
        for message in self._prefetch.next_batch(self._backlog.full_lanes()):
            self._reader.read(message)
        self._backlog.wake()
        self._pool.put_back_waiting()
        self._isolate()
        self._producer.poll()
        self._activity.keep_alive()
        self._raise_worker_error()
        self._metrics.set_counts(*self._backlog.counts())
        self._commit_periodically()

    def _commit_periodically(self) -> None:
        """Commit if the last commit is ``COMMIT_INTERVAL_S`` ago."""
        if time.monotonic() >= self._commit_at:
            self._consumer.commit(self._backlog.take_commits())
            self._commit_at = time.monotonic() + COMMIT_INTERVAL_S

    def _fetch_timeout(self, paused: frozenset[Partition]) -> float:
        """Maximum wait for a first record, in seconds."""
        if self._prefetch.has_records(self._backlog.full_lanes()):
            return 0.0
        return BUSY_FETCH_S if paused or self._isolating else IDLE_FETCH_S

    def _isolate(self) -> None:
        """While a command is suspected: commit which one is selected, and only then start it."""
        was, self._isolating = self._isolating, self._backlog.isolating()
        if self._isolating and self._backlog.select_isolated():
            self._consumer.commit(self._backlog.take_commits())
            self._backlog.start_isolated()
        if self._isolating != was:
            log.warning("isolation_started" if self._isolating else "isolation_ended")
        if not self._isolating:
            self._backlog.end_isolation()

    def _raise_worker_error(self) -> None:
        if self._pool.error is not None:
            raise RunnerError(f"a worker of {self._options.agent} died: {self._pool.error!r}") from self._pool.error

    def _drain(self) -> None:
        """Start no more commands and wait for those in flight, still a member of the group.

        Completed commands are committed while it waits: if the process is killed now, they are not handled again.
        """
        self._backlog.close()
        deadline = time.monotonic() + self._options.drain_seconds
        self._consumer.pause_all()
        while (in_flight := self._backlog.in_flight()) and time.monotonic() < deadline:
            self._health.polled(member=False)
            self._consumer.fetch(0.02)  # keeps the membership; its records are dropped, uncommitted
            self._producer.poll()
            self._raise_worker_error()
            self._commit_periodically()
        self._backlog.release()
        log.info("drained", agent=self._options.agent, abandoned=in_flight)

    def _leave(self) -> None:
        """In any case: start no handler any more, commit completed commands, leave the group."""
        self._leaving = True
        self._controls.stop()
        self._health.polled(member=False)
        self._backlog.close()
        self._pool.abandon(timeout=ABANDON_S)
        if self._started:
            self._activity.say_goodbye()
        undelivered = self._producer.close(FLUSH_S)
        if undelivered:
            log.warning("replies_undelivered", agent=self._options.agent, count=undelivered)
        self._consumer.commit(self._backlog.take_commits())
        self._consumer.await_commits(COMMIT_WAIT_S)
        self._backlog.forget()
        self._consumer.close(CLOSE_S)

    def _revoked(self, partitions: list[Partition]) -> None:
        """Partitions are revoked: wait briefly for commands in flight, commit completed ones, drop the rest."""
        self._backlog.drop_queued(partitions)
        deadline = time.monotonic() + REVOKE_S
        while not self._leaving and self._backlog.in_flight(partitions) and time.monotonic() < deadline:
            self._producer.poll(0.02)
        self._backlog.release(partitions)
        self._consumer.commit(self._backlog.take_commits())  # sent before the partitions are given up
        self._forget(partitions)

    def _lost(self, partitions: list[Partition]) -> None:
        """Another member has the partitions already: nothing of them may be committed."""
        self._backlog.drop_queued(partitions)
        self._forget(partitions)

    def _forget(self, partitions: list[Partition]) -> None:
        self._acquisition.forget(partitions)
        self._prefetch.forget(partitions)
        self._backlog.forget(partitions)
