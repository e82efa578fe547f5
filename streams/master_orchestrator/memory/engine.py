"""One thread that applies inputs to the core in the order of their arrival, as a partition's owner does on Kafka."""

import queue
import threading
from collections.abc import Callable, Iterable
from concurrent.futures import Future

import msgspec
import structlog

from master_orchestrator.core.inputs import Body, Input
from master_orchestrator.core.outcome import Deadline, Outcome
from master_orchestrator.core.policy import Policy
from master_orchestrator.core.state import decode_state, encode_state
from master_orchestrator.core.step import deadlines, step
from master_orchestrator.errors import OrchestratorError
from master_orchestrator.memory.log import MemoryLog
from master_orchestrator.ports import Answer
from master_orchestrator_schemas.codec import Codec, DecodeError
from master_orchestrator_schemas.messages import Cause, Command
from master_orchestrator_schemas.registry import INPUTS
from master_orchestrator_schemas.topology import Topology

log = structlog.stdlib.get_logger(__name__)


class Record(msgspec.Struct, frozen=True, kw_only=True):
    """An input as it would stand on its topic, and where its answer is wanted."""

    cause: Cause
    at_ms: int
    vehicle_id: str
    body_type: type[Body]
    value: bytes
    traceparent: str | None
    answer: Future[Answer]


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
    ) -> None:
        self._policy = Policy.from_topology(topology)
        self._topics: dict[str, str] = {schema: topology.topic_of(schema) for schema in INPUTS}
        self._codec = codec
        self._log = log
        self._now_ms = now_ms
        self._dispatch = dispatch
        self._hold = hold
        self._states: dict[str, bytes] = {}
        self._inputs: queue.SimpleQueue[Record | None] = queue.SimpleQueue()
        self._appending = threading.Lock()
        self._fault: BaseException | None = None
        self._stopped = False
        self._thread = threading.Thread(target=self._run, name="memory-engine", daemon=True)

    def start(self) -> None:
        """Start the thread."""
        self._thread.start()

    def put(self, body: Body, traceparent: str | None = None) -> Future[Answer]:
        """Append an input to its topic; the future has the answer once its effects are in the log.

        Raises ``EncodeError`` if the wire could not carry it.
        """
        value = self._codec.encode(body)
        answer: Future[Answer] = Future()
        answer.set_running_or_notify_cancel()  # whoever waits may give up waiting, but not undo the input
        with self._appending:  # offsets, times and the queue agree on one order
            if self._stopped:
                answer.set_exception(OrchestratorError("the orchestrator has been shut down: this came too late"))
                return answer
            record = Record(
                cause=self._log.append(self._topics[type(body).__name__]),
                at_ms=self._now_ms(),
                vehicle_id=body.vehicle_id,
                body_type=type(body),
                value=value,
                traceparent=traceparent,
                answer=answer,
            )
            self._inputs.put(record)
        return answer

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
            except BaseException as fault:  # noqa: BLE001  handed to whoever waits, now and from now on
                self._fault = self._fault or fault
                record.answer.set_exception(fault)
            else:
                record.answer.set_result(answer)

    def _answer(self, record: Record) -> Answer:
        """Apply a record. After a fault none is: what comes later must not go on past what was not applied."""
        if self._fault is not None:
            raise OrchestratorError("the in-memory engine has met a fault and stands still") from self._fault
        try:
            return self._apply(record)
        except Exception:
            log.exception("engine_fault", vehicle_id=record.vehicle_id, cause=record.cause)
            raise

    def _apply(self, record: Record) -> Answer:
        try:
            body = self._codec.decode(record.value, record.body_type)
        except DecodeError as error:
            return self._reject(record.cause, f"{error.reason}: {error}")
        stored = self._states.get(record.vehicle_id)
        state = None if stored is None else decode_state(stored)
        given = Input(cause=record.cause, at_ms=record.at_ms, body=body, traceparent=record.traceparent)
        outcome = step(self._policy, record.vehicle_id, state, given)
        self._states[record.vehicle_id] = encode_state(outcome.state)
        self._put_out(record.vehicle_id, outcome)
        if outcome.rejection is not None:
            return self._reject(record.cause, str(outcome.rejection))
        return Answer(cause=record.cause, audit=tuple(outcome.audit))

    def _put_out(self, vehicle_id: str, outcome: Outcome) -> None:
        """Everything the outcome asks for, the log first: nobody acts on what is not yet to be seen."""
        self._log.audit.extend(outcome.audit)
        self._log.alerts.extend(outcome.alerts)
        self._log.failed_commands.extend(outcome.failed_commands)
        for status in outcome.status:
            self._log.workflows.apply(status)
        for command in outcome.commands:
            self._dispatch(command, outcome.traceparent)
        self._hold(vehicle_id, deadlines(vehicle_id, outcome.state))

    def _reject(self, cause: Cause, why: str) -> Answer:
        self._log.dead_letters.append((cause, why))
        return Answer(cause=cause, rejection=why)
