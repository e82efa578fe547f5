"""The judge of behaviour in memory: the same core as on Kafka, applied at once to each record of what an actor does."""

import threading
from collections.abc import Callable, Iterable

import structlog

from master_orchestrator.behaviour import actor_state
from master_orchestrator.behaviour.actor_state import ActorState
from master_orchestrator.behaviour.conduct import Conduct
from master_orchestrator.behaviour.steps import SILENCE, ActorInput, deadlines, step
from master_orchestrator.behaviour.trail import ActorOutcome
from master_orchestrator.core.intake import RecordReader
from master_orchestrator.core.outcome import Deadline
from master_orchestrator.core.rejection import RejectedError, Rejection
from master_orchestrator.core.unprocessable import unprocessable
from master_orchestrator.memory.log import MemoryLog
from master_orchestrator_agents.controls import HeldTo
from master_orchestrator_schemas.codec import Codec
from master_orchestrator_schemas.messages import ActorRecord, ActorTick, Cause, Timer
from master_orchestrator_schemas.partitioner import partition_of_key
from master_orchestrator_schemas.registry import TYPES, UEBA_INPUTS, UebaBody
from master_orchestrator_schemas.topology import Topology

INSTANCE = "embedded"
"""The one instance of each agent."""

log = structlog.stdlib.get_logger(__name__)


class MemoryJudge:
    """The states of all actors. What comes of an input goes to ``log``, controls to :meth:`held_to`. Thread-safe.

    Nobody falls silent here: agents end with this process.
    """

    def __init__(
        self,
        topology: Topology,
        codec: Codec,
        log: MemoryLog,
        *,
        now_ms: Callable[[], int],
        hold: Callable[[str, Iterable[Deadline]], None],
    ) -> None:
        self._conduct, self._codec = Conduct.from_topology(topology), codec
        self._reader: RecordReader[UebaBody] = RecordReader(topology, codec, UEBA_INPUTS, "actor")
        self._topics = {TYPES[name]: topology.topic_of(name) for name in UEBA_INPUTS}
        self._partitions = topology.partitions
        self._log, self._now_ms, self._hold = log, now_ms, hold
        self._held_to: dict[str, HeldTo] = {}
        self._stored: dict[bytes, bytes] = {}
        self._decoded: dict[bytes, ActorState] = {}
        self._lock = threading.Lock()

    def held_to(self, actor: str) -> HeldTo:
        """What the actor is held to, from now on."""
        return self._held_to.setdefault(actor, HeldTo(INSTANCE, self._now_ms))

    def put(self, body: UebaBody) -> list[ActorRecord] | Rejection:
        """Apply an input; the records of the trail that it leads to, or why it is a dead letter."""
        key, value = body.actor.encode(), self._codec.encode(body)
        with self._lock:
            cause = self._log.append(self._topics[type(body)], partition_of_key(key, self._partitions))
            at_ms = self._now_ms()
            try:
                return self._apply(cause, at_ms, key, value)
            except RejectedError as error:
                return self._reject(cause, error.rejection)
            except MemoryError:
                raise
            except Exception as error:
                log.exception("record_unprocessable", record=str(cause))
                rejection, alert = unprocessable(cause, at_ms, error)
                self._log.alerts.append(alert)
                return self._reject(cause, rejection)

    def tick(self, tick: Timer) -> None:
        """A deadline is due."""
        self.put(ActorTick(actor=tick.vehicle_id, deadline_id=tick.deadline_id, due_ms=tick.due_ms))

    def _apply(self, cause: Cause, at_ms: int, key: bytes, value: bytes) -> list[ActorRecord]:
        body, _ = self._reader.read(cause, at_ms=at_ms, key=key, value=value)
        outcome = step(self._conduct, body.actor, self._take(key), ActorInput(cause, at_ms, body))
        counters, others = actor_state.encode(outcome.state)
        self._stored |= {key: counters, **others}
        self._decoded[key] = outcome.state
        self._put_out(body.actor, outcome)
        return outcome.trail

    def _take(self, key: bytes) -> ActorState | None:
        """The state, for a step to change: where that raises, what is stored stands."""
        state, stored = self._decoded.pop(key, None), self._stored.get(key)
        if state is not None or stored is None:
            return state
        return actor_state.decode(key.decode(), stored, self._stored.get)

    def _put_out(self, actor: str, outcome: ActorOutcome) -> None:
        self._log.conduct.extend(outcome.trail)
        self._log.alerts.extend(outcome.alerts)
        self._log.controls.extend(outcome.controls)
        if outcome.status is not None:
            self._log.entities[actor] = outcome.status
        for control in outcome.controls:
            if actor in self._held_to:
                self._held_to[actor].hold(control)
        self._hold(actor, [waiting for waiting in deadlines(outcome.state) if waiting.deadline_id != SILENCE])

    def _reject(self, cause: Cause, rejection: Rejection) -> Rejection:
        self._log.dead_letters.append((cause, rejection))
        return rejection
