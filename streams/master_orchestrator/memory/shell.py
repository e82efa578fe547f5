"""The in-memory shell as a whole: engine, timers and agents of one process."""

from collections.abc import Mapping, Sequence
from concurrent.futures import Future

from master_orchestrator.core.rejection import Rejection
from master_orchestrator.core.state import VehicleState
from master_orchestrator.errors import InvalidRequestError, OrchestratorError, WaitTimeoutError
from master_orchestrator.memory.activity import MemoryActivity
from master_orchestrator.memory.engine import MemoryEngine
from master_orchestrator.memory.judge import MemoryJudge
from master_orchestrator.memory.log import AppendClock, MemoryLog
from master_orchestrator.memory.pool import AgentPool
from master_orchestrator.memory.timers import Timers
from master_orchestrator.ports import EngineAnswer
from master_orchestrator.readers.view import WorkflowsView
from master_orchestrator_agents.handler import Handler
from master_orchestrator_schemas.codec import Codec
from master_orchestrator_schemas.messages import (
    Activity,
    ActorRecord,
    AuditRecord,
    Control,
    EntityStatus,
    Reply,
    Timer,
    UebaRequest,
)
from master_orchestrator_schemas.registry import Request
from master_orchestrator_schemas.topology import Topology
from master_orchestrator_schemas.tracing import Tracing, new_traceparent
from master_orchestrator_schemas.vocabulary import AgentType


class MemoryPending:
    """A request in the engine's queue."""

    def __init__(self, answer: Future[EngineAnswer]) -> None:
        self.answer = answer

    def overdue(self, seconds: float) -> OrchestratorError:
        """The queue is long, or this machine slow."""
        return WaitTimeoutError(f"the in-memory engine did not answer within {seconds:g} s: send less at once")


class MemoryShell:
    """Everything in this process; what it holds is gone when it ends."""

    def __init__(
        self,
        topology: Topology,
        handlers: Mapping[AgentType, Handler],
        *,
        max_workers: int,
        tracing: Tracing | None = None,
    ) -> None:
        clock = AppendClock()
        codec = Codec(topology.limits)
        self.log = MemoryLog()
        self._timers = Timers(self._tick, clock.now_ms)
        self._judge_timers = Timers(self._judge_tick, clock.now_ms)
        self._judge = MemoryJudge(topology, codec, self.log, now_ms=clock.now_ms, hold=self._judge_timers.hold)
        self._activity = MemoryActivity(handlers, topology, self.log, clock.now_ms, self._judge)
        self._pool = AgentPool(
            handlers,
            topology=topology,
            codec=codec,
            max_workers=max_workers,
            now_ms=clock.now_ms,
            reply=self._replied,
            activity=self._activity,
            tracing=tracing,
        )
        self._engine = MemoryEngine(
            topology,
            codec,
            self.log,
            now_ms=clock.now_ms,
            dispatch=self._pool.put,
            hold=self._timers.hold,
            record=self._activity.write,
            tracing=tracing,
        )

    @property
    def workflows(self) -> WorkflowsView:
        """The newest status of every workflow."""
        return self.log.workflows

    def start(self) -> None:
        """Start the threads."""
        self._engine.start()
        self._pool.start()
        self._timers.start()
        self._judge_timers.start()

    def submit(self, request: Request) -> MemoryPending:
        """Put a request in."""
        return MemoryPending(self._engine.put(request, new_traceparent()))

    def refresh(self) -> None:
        """Nothing to wait for: an answer is settled after its effects are in the log."""

    def audit_trail(self, workflow_id: str) -> list[AuditRecord]:
        """The audit records of a workflow so far."""
        return [record for record in self.log.audit if record.workflow_id == workflow_id]

    def vehicle(self, vehicle_id: str) -> VehicleState | None:
        """The vehicle's state."""
        return self._engine.vehicle(vehicle_id)

    def put_activity(self, records: Sequence[Activity]) -> None:
        """Put what was done on record, and have it judged."""
        self._activity.write(records)

    write_activity = put_activity

    def actor(self, actor: str) -> tuple[EntityStatus, list[ActorRecord]] | None:
        """Where the actor stands, and its trail."""
        status = self.log.entities.get(actor)
        return None if status is None else (status, [record for record in self.log.conduct if record.actor == actor])

    def control(self, actor: str) -> Control | None:
        """What the actor is held to."""
        return next((control for control in reversed(self.log.controls) if control.actor == actor), None)

    def ask_judge(self, request: UebaRequest, timeout_s: float) -> ActorRecord:  # noqa: ARG002  it answers at once
        """The record that answers it."""
        answer = self._judge.put(request)
        if isinstance(answer, Rejection):
            raise InvalidRequestError(f"the judge of behaviour rejected the request: {answer}")
        return answer[0]

    def stop(self) -> None:
        """Let running handlers finish, apply their replies, end all threads."""
        self._timers.stop()
        self._judge_timers.stop()
        self._pool.stop()
        self._engine.stop()

    def _tick(self, tick: Timer) -> None:
        self._engine.put(tick)

    def _judge_tick(self, tick: Timer) -> None:
        self._judge.tick(tick)

    def _replied(self, reply: Reply, traceparent: str | None) -> None:
        self._engine.put(reply, traceparent)
