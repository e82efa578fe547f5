"""One life of a runner on Kafka, from joining the group to leaving it. All methods belong to the poll thread.

The poll thread never runs a handler, so it polls on, whatever handlers take, and the group does not expel the member.
The order of things that nothing may change: reply delivered, then offset done, then the contiguous mark committed.
"""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

import structlog
from confluent_kafka import Producer

from master_orchestrator_agents.errors import RunnerError
from master_orchestrator_agents.handler import BatchHandler, Handler
from master_orchestrator_agents.runner.backlog import Backlog
from master_orchestrator_agents.runner.broker_clock import BrokerClock
from master_orchestrator_agents.runner.command_reader import Intake
from master_orchestrator_agents.runner.consumer import CONSUMER_OVERRIDES, LaneConsumer
from master_orchestrator_agents.runner.health import RunnerHealth
from master_orchestrator_agents.runner.metrics import RunnerMeter
from master_orchestrator_agents.runner.offsets import Partition
from master_orchestrator_agents.runner.prefetch import Landing
from master_orchestrator_agents.runner.producer import Sender
from master_orchestrator_agents.runner.quarantine.acquisition import TakingUp
from master_orchestrator_agents.runner.quarantine.isolation import Trials
from master_orchestrator_agents.runner.replies import Replier
from master_orchestrator_agents.runner.workers import WorkerPool
from master_orchestrator_schemas.codec import Codec
from master_orchestrator_schemas.kafka import ClientConfig, KafkaSettings, consumer_config, producer_config
from master_orchestrator_schemas.topology import Topology
from master_orchestrator_schemas.vocabulary import AgentType, Lane

log = structlog.stdlib.get_logger(__name__)

JOIN_SECONDS = 30.0
COMMIT_EVERY_SECONDS = 0.5
IDLE_FETCH_SECONDS = 0.1
"""How long a fetch waits for a first record; delivery reports wait as long, on a runner with nothing to do."""
BUSY_FETCH_SECONDS = 0.005
"""The same while a lane is paused: its queue may be half empty at any moment."""
REVOKE_SECONDS = 1.0
"""How long a rebalance waits for commands in hand; other members wait with it."""
ABANDON_SECONDS = 1.0
"""How long the end waits for handlers once it has given up on them: an async one may tidy up."""
FLUSH_SECONDS = 5.0
SETTLE_SECONDS = 5.0
CLOSE_SECONDS = 5.0
SEND_QUEUE_KIB = 65_536
"""Replies and dead letters that no broker takes for the time being; full, handlers wait."""


@dataclass(frozen=True, kw_only=True)
class SessionTerms:
    """What a runner is told.

    Args:
        agent: its type.
        handler: what is run for each command.
        kafka: how the cluster is reached.
        topology: topics, lanes, and the agent's own terms.
        codec: reads commands, writes replies.
        workers: commands handled at once.
        worker_id: its name in replies and audit records.
        static_member: whether ``worker_id`` is also its identity in the group, so that a restart within the session
            time-out gets the same partitions back at once.
        drain_seconds: how long a stop waits for handlers.
        trials: shared by all runners of this process.
    """

    agent: AgentType
    handler: Handler
    kafka: KafkaSettings
    topology: Topology
    codec: Codec
    workers: int
    worker_id: str
    static_member: bool
    drain_seconds: float
    trials: Trials

    @property
    def group(self) -> str:
        """The consumer group of all runners of this type."""
        return f"{self.topology.app_id}-agent-{self.agent.lower().replace('_', '-')}"


class RunnerSession:
    """A consumer, a producer and a pool of workers around one backlog."""

    def __init__(
        self, terms: SessionTerms, meter: RunnerMeter, own_ms: Callable[[], int], health: RunnerHealth
    ) -> None:
        lane_of = {terms.topology.command_topic(terms.agent, lane): lane for lane in Lane}
        batch_size = terms.handler.max_size if isinstance(terms.handler, BatchHandler) else 1
        self._terms = terms
        self._meter = meter
        self._health = health
        clock = BrokerClock(own_ms)
        self._backlog = Backlog(terms.topology.lanes, lane_of, clock.now_ms, batch_size, trials=terms.trials)
        self._sender = Sender(Producer(_producer_config(terms)), clock.told)
        self._consumer = LaneConsumer(
            _consumer_config(terms),
            lane_of.keys(),
            revoked=self._revoked,
            lost=self._lost,
            committed=self._backlog.committed,
            uncommitted=self._backlog.commit_again,
        )
        self._taking_up = TakingUp(self._consumer, self._backlog)
        self._landing = Landing(lane_of)
        self._intake = Intake(
            terms.agent,
            codec=terms.codec,
            backlog=self._backlog,
            sender=self._sender,
            meter=meter,
            lane_of=lane_of,
            dead_letter_topic=terms.topology.dead_letter_topic,
        )
        self._pool = WorkerPool(
            terms.handler,
            terms.workers,
            worker_id=terms.worker_id,
            backlog=self._backlog,
            replier=Replier(
                terms.topology.topic_of("Reply"),
                codec=terms.codec,
                sender=self._sender,
                backlog=self._backlog,
                meter=meter,
                now_ms=clock.now_ms,
            ),
            meter=meter,
            clock=clock,
        )
        self._commit_at = 0.0
        self._careful = False
        self._leaving = False

    def run(self, stop: threading.Event) -> None:
        """Handle commands until ``stop`` is set, then drain. Raises :class:`RunnerError` when it cannot go on."""
        with structlog.contextvars.bound_contextvars(agent=self._terms.agent):  # whose partitions come and go
            try:
                self._consumer.start(JOIN_SECONDS)
                self._pool.start()
                while not stop.is_set():
                    self._turn()
                self._drain()
            finally:
                self._leave()

    def _turn(self) -> None:
        """One round: fetch, take in, deliver, hold back, commit."""
        self._health.turned(member=self._consumer.member)
        held = self._backlog.saturated(self._landing.full) | self._taking_up.waiting
        self._consumer.hold(held)
        self._landing.land(self._taking_up.admit(self._consumer.fetch(self._patience(held))))
        for message in self._landing.helping(self._backlog.closed()):
            self._intake.accept(message)
        self._be_careful()
        self._sender.poll()
        self._raise_worker_error()
        self._meter.holds(*self._backlog.counts())
        self._commit_now_and_then()

    def _commit_now_and_then(self) -> None:
        """Commit what is done, if that was not just done."""
        if time.monotonic() >= self._commit_at:
            self._consumer.commit(self._backlog.take_commits())
            self._commit_at = time.monotonic() + COMMIT_EVERY_SECONDS

    def _patience(self, held: frozenset[Partition]) -> float:
        """How long to wait for a first record."""
        if self._landing.waits(self._backlog.closed()):
            return 0.0
        return BUSY_FETCH_SECONDS if held or self._careful else IDLE_FETCH_SECONDS

    def _be_careful(self) -> None:
        """While a command may be one that kills its runner: note which one is started, and only then start it."""
        was, self._careful = self._careful, self._backlog.careful()
        if self._careful and self._backlog.choose():
            self._consumer.commit(self._backlog.take_commits())
            self._backlog.try_chosen()
        if self._careful != was:
            log.warning("careful" if self._careful else "careful_no_longer")
        if not self._careful:
            self._backlog.let_go()

    def _raise_worker_error(self) -> None:
        if self._pool.error is not None:
            raise RunnerError(f"a worker of {self._terms.agent} died: {self._pool.error!r}") from self._pool.error

    def _drain(self) -> None:
        """Start nothing more and wait for what is in hand, as a member of the group still.

        What ends meanwhile is committed as ever: whoever loses patience and kills the process makes nobody repeat it.
        """
        self._backlog.close()
        deadline = time.monotonic() + self._terms.drain_seconds
        self._consumer.hold_all()
        while (in_hand := self._backlog.in_hand()) and time.monotonic() < deadline:
            self._health.turned(member=False)
            self._consumer.fetch(0.02)  # keeps the membership; what it still brings is nobody's yet
            self._sender.poll()
            self._raise_worker_error()
            self._commit_now_and_then()
        self._backlog.leave()
        log.info("drained", agent=self._terms.agent, abandoned=in_hand)

    def _leave(self) -> None:
        """Whatever happened: no handler starts any more, what is done is committed, the group knows we are gone."""
        self._leaving = True
        self._health.turned(member=False)
        self._backlog.close()
        self._pool.abandon(timeout=ABANDON_SECONDS)
        undelivered = self._sender.close(FLUSH_SECONDS)
        if undelivered:
            log.warning("replies_undelivered", agent=self._terms.agent, count=undelivered)
        self._consumer.commit(self._backlog.take_commits())
        self._consumer.settle(SETTLE_SECONDS)
        self._backlog.forget()
        self._consumer.close(CLOSE_SECONDS)

    def _revoked(self, partitions: list[Partition]) -> None:
        """Partitions go elsewhere: finish what is in hand if it is quick, commit what is done, forget the rest."""
        self._backlog.drop_waiting(partitions)
        deadline = time.monotonic() + REVOKE_SECONDS
        while not self._leaving and self._backlog.in_hand(partitions) and time.monotonic() < deadline:
            self._sender.poll(0.02)
        self._backlog.leave(partitions)
        self._consumer.commit(self._backlog.take_commits())  # goes out before the word that we give them up
        self._taking_up.forget(partitions)
        self._landing.forget(partitions)
        self._backlog.forget(partitions)

    def _lost(self, partitions: list[Partition]) -> None:
        """Partitions are someone else's already: nothing of them may be committed."""
        self._backlog.drop_waiting(partitions)
        self._taking_up.forget(partitions)
        self._landing.forget(partitions)
        self._backlog.forget(partitions)


def _producer_config(terms: SessionTerms) -> ClientConfig:
    """Replies linger for each other: else, under load, nearly each of them is a request to the broker
    (``docs/performance.md``).
    """
    over = {"linger.ms": 10, "queue.buffering.max.kbytes": SEND_QUEUE_KIB}
    return producer_config(terms.kafka, terms.topology.limits, **over)


def _consumer_config(terms: SessionTerms) -> ClientConfig:
    over: ClientConfig = dict(CONSUMER_OVERRIDES)
    if terms.static_member:
        over["group.instance.id"] = terms.worker_id
    return consumer_config(terms.kafka, terms.group, **over)
