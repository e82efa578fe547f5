"""One thread that applies inputs to the core in the order of their arrival, as a partition's owner does on Kafka."""

import queue
import threading
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Future

import msgspec
import structlog

from master_orchestrator.core.inputs import Body
from master_orchestrator.core.intake import Intake
from master_orchestrator.core.outcome import Deadline, Outcome
from master_orchestrator.core.policy import Policy
from master_orchestrator.core.rejection import RejectedError, Rejection
from master_orchestrator.core.request_session import request_sessions
from master_orchestrator.core.state import VehicleState, decode_state, encode_state
from master_orchestrator.core.step import deadlines, step
from master_orchestrator.core.unprocessable import unprocessable
from master_orchestrator.errors import OrchestratorError
from master_orchestrator.memory.log import MemoryLog
from master_orchestrator.ports import EngineAnswer
from master_orchestrator_schemas.codec import Codec
from master_orchestrator_schemas.headers import Headers
from master_orchestrator_schemas.messages import Activity, Cause, Command
from master_orchestrator_schemas.partitioner import partition_of_key
from master_orchestrator_schemas.registry import INPUTS, TYPES
from master_orchestrator_schemas.topology import Topology
from master_orchestrator_schemas.tracing import Tracing

log = structlog.stdlib.get_logger(__name__)


class MemoryRecord(msgspec.Struct, frozen=True, kw_only=True):
    """An input as it would stand on its topic, and where its answer is wanted."""

    cause: Cause
    at_ms: int
    key: bytes
    value: bytes
    traceparent: str | None
    answer: Future[EngineAnswer]

    @property
    def headers(self) -> Headers:
        """Its trace context, as the intake reads it."""
        return [] if self.traceparent is None else [("traceparent", self.traceparent.encode())]


class MemoryEngine:
    """The states of all vehicles, as bytes, and the thread that alone touches them.

    What the core puts out goes to ``log``; commands go to ``dispatch`` and deadlines to ``hold`` after the state that
    wants them is stored.
    """

    def __init__(
        self,
        topology: Topology,
        codec: Codec,
        log: MemoryLog,
        *,
        now_ms: Callable[[], int],
        dispatch: Callable[[Command, str | None], None],
        hold: Callable[[str, Iterable[Deadline]], None],
        record: Callable[[Sequence[Activity]], None],
        tracing: Tracing | None = None,
    ) -> None:
        self._policy, self._intake = Policy.from_topology(topology), Intake(topology, codec)
        self._topics = {TYPES[name]: topology.topic_of(name) for name in INPUTS}
        self._partitions = topology.partitions
        self._codec = codec
        self._log = log
        self._now_ms = now_ms
        self._dispatch = dispatch
        self._hold, self._record, self._tracing = hold, record, tracing
        self._states: dict[str, bytes] = {}
        self._inputs: queue.SimpleQueue[MemoryRecord | None] = queue.SimpleQueue()
        self._appending = threading.Lock()
        self._fault: BaseException | None = None
        self._stopped = False
        self._thread = threading.Thread(target=self._run, name="memory-engine", daemon=True)

    def start(self) -> None:
        """Start the thread."""
        self._thread.start()

    def put(self, body: Body, traceparent: str | None = None) -> Future[EngineAnswer]:
        """Append an input to its topic; the future has the answer once its effects are in the log.

        Raises ``EncodeError`` if the wire could not carry it.
        """
        key, value = body.vehicle_id.encode(), self._codec.encode(body)
        answer: Future[EngineAnswer] = Future()
        answer.set_running_or_notify_cancel()  # the caller may give up waiting, but not undo the input
        with self._appending:  # offsets, times and the queue agree on one order
            if self._stopped:
                answer.set_exception(OrchestratorError("the orchestrator has been shut down: this came too late"))
                return answer
            record = MemoryRecord(
                cause=self._log.append(self._topics[type(body)], partition_of_key(key, self._partitions)),
                at_ms=self._now_ms(),
                key=key,
                value=value,
                traceparent=traceparent,
                answer=answer,
            )
            self._inputs.put(record)
        return answer

    def vehicle(self, vehicle_id: str) -> VehicleState | None:
        """What is known of a vehicle now, asked from any thread."""
        stored = self._states.get(vehicle_id)
        return None if stored is None else decode_state(stored)

    def stop(self) -> None:
        """Apply what was put before, then end the thread; what is put from now on is answered with an error."""
        with self._appending:
            self._stopped = True
            self._inputs.put(None)
        self._thread.join()

    def _run(self) -> None:
        while (record := self._inputs.get()) is not None:
            try:
                answer = self._answer(record)
            except BaseException as fault:  # noqa: BLE001  handed to all callers, now and from now on
                self._fault = self._fault or fault
                record.answer.set_exception(fault)
            else:
                record.answer.set_result(answer)

    def _answer(self, record: MemoryRecord) -> EngineAnswer:
        """Apply a record, or dead-letter it. After a fault of the process (no memory) nothing is applied any more."""
        if self._fault is not None:
            raise OrchestratorError("the in-memory engine has met a fault and stands still") from self._fault
        try:
            return self._apply(record)
        except RejectedError as error:
            return self._reject(record, error.rejection)
        except MemoryError:
            raise
        except Exception as error:
            log.exception("record_unprocessable", record=str(record.cause))
            rejection, alert = unprocessable(record.cause, record.at_ms, error)
            self._log.alerts.append(alert)
            return self._reject(record, rejection)

    def _apply(self, record: MemoryRecord) -> EngineAnswer:
        """All effects of a record or, where this raises, none."""
        given = self._intake.take(
            record.cause, at_ms=record.at_ms, key=record.key, value=record.value, headers=record.headers
        )
        vehicle_id = given.body.vehicle_id
        outcome = step(self._policy, vehicle_id, self.vehicle(vehicle_id), given)
        state, waiting = encode_state(outcome.state), deadlines(vehicle_id, outcome.state)
        self._states[vehicle_id] = state
        self._put_out(outcome)
        self._hold(vehicle_id, waiting)
        self._record(request_sessions(given, outcome))
        if self._tracing is not None:
            self._tracing.applied(outcome.audit, outcome.traceparent)
        if outcome.rejection is not None:
            return self._reject(record, outcome.rejection)
        return EngineAnswer(cause=record.cause, audit=tuple(outcome.audit))

    def _put_out(self, outcome: Outcome) -> None:
        """Everything the outcome asks for, the log first: nobody acts on what is not yet to be seen."""
        self._log.audit.extend(outcome.audit)
        self._log.alerts.extend(outcome.alerts)
        self._log.failed_commands.extend(outcome.failed_commands)
        for status in outcome.status:
            self._log.workflows.apply(status)
        for command in outcome.commands:
            self._dispatch(command, outcome.traceparent)

    def _reject(self, record: MemoryRecord, rejection: Rejection) -> EngineAnswer:
        self._log.dead_letters.append((record.cause, rejection))
        return EngineAnswer(cause=record.cause, rejection=str(rejection))
