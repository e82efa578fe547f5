"""From fetched records to the content of one transaction: decode, step, encode. No Kafka, no disk writes.

A record that this cannot be done with (a fault in the core, an outcome too large for its topic) would fail in the same
way after every restart, since all of it is pure. It becomes a dead letter, with an alert, and the vehicle's state stays
as it was before it. Errors of memory, table and the software's version are not caused by a record: they are raised.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

import structlog

from master_orchestrator.core.intake import Intake
from master_orchestrator.core.outcome import Deadline, Outcome
from master_orchestrator.core.policy import Policy
from master_orchestrator.core.rejection import RejectedError, Rejection
from master_orchestrator.core.state import VehicleState, decode_state, encode_state
from master_orchestrator.core.step import deadlines, step
from master_orchestrator.core.table import pack_vehicle, unpack_vehicle
from master_orchestrator.core.triage import blinded
from master_orchestrator.core.unprocessable import UNPROCESSABLE, unprocessable
from master_orchestrator.errors import OrchestratorError
from master_orchestrator.shell.counting import EngineCounts
from master_orchestrator.shell.errors import ShellError, StateUnreadableError
from master_orchestrator.shell.feedback import Fault, FeedbackBook, left_out_fault, rejection_fault
from master_orchestrator.shell.outgoing import GIVEN_UP, RecordWriter
from master_orchestrator.shell.records import Fetched, Record
from master_orchestrator_schemas.codec import Codec
from master_orchestrator_schemas.messages import Cause, Telemetry
from master_orchestrator_schemas.topology import Topology
from master_orchestrator_schemas.vocabulary import AlertKind

log = structlog.get_logger(__name__)

Get = Callable[[bytes], bytes | None]
Given = Sequence[tuple[int, Fetched]]
"""Records in order, each with its topic's rank."""

MAX_STATE_BYTES = 1_000_000
"""Of one vehicle, stored: the changelog's producer and topic take a little more. They are a thousandth of it."""


@dataclass
class Work:
    """What one batch of one partition comes to; ``records`` and ``vehicles`` go into the transaction."""

    records: list[Record] = field(default_factory=list)
    commands: list[Record] = field(default_factory=list)
    states: dict[bytes, VehicleState] = field(default_factory=dict)
    vehicles: dict[bytes, bytes] = field(default_factory=dict)
    deadlines: dict[str, list[Deadline]] = field(default_factory=dict)
    outcomes: list[tuple[str, VehicleState | None, Outcome]] = field(default_factory=list)
    readings: list[bool] = field(default_factory=list)
    blinded: list[str] = field(default_factory=list)
    dead_letters: list[tuple[str, str]] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)


class _UnstorableError(OrchestratorError):
    """The state that a batch leads a vehicle to cannot be stored: one of its records did it, which is not yet known."""


class Processor:
    """Applies records to states. One per engine; of its own it holds only what senders were told."""

    def __init__(self, topology: Topology, policy: Policy, codec: Codec, counts: EngineCounts) -> None:
        self._policy, self._counts = policy, counts
        counts.expect_rules(topology.triage.rules)
        self._inputs, self._intake = topology.input_topics, Intake(topology, codec)
        self._writer, self._feedback = RecordWriter(topology, codec), FeedbackBook()
        self.alert_record = self._writer.alert

    def process(self, partition: int, records: Iterable[tuple[int, Fetched]], get: Get) -> Work:
        """Apply ``records`` ((topic rank, record), in order) to the states that ``get`` reads."""
        given = list(records)
        try:
            work = self._work(partition, given, get, storing_each=False)
        except _UnstorableError:
            work = self._work(partition, given, get, storing_each=True)
        work.records += map(self._writer.feedback, self._feedback.take(work.faults))
        self._count(work)
        return work

    def _work(self, partition: int, given: Given, get: Get, *, storing_each: bool) -> Work:
        """``storing_each``: see after each record whether the state can be stored, which is slow, and finds the one."""
        work = Work()
        for rank, record in given:
            cause = Cause(topic=self._inputs[rank], partition=partition, offset=record.offset)
            try:
                self._apply(cause, record, get, work, storing=storing_each)
            except RejectedError as error:
                self._dead_letter(cause, record, error.rejection, work)
            except (MemoryError, ShellError):
                raise
            except Exception as error:  # noqa: BLE001  it becomes a dead letter
                self._set_aside(cause, record, error, work)
        for key, state in work.states.items():
            try:
                work.vehicles[key], work.deadlines[key.decode()] = _stored(key, state)
            except MemoryError:
                raise
            except Exception as error:
                raise _UnstorableError from error
        return work

    def _apply(self, cause: Cause, record: Fetched, get: Get, work: Work, *, storing: bool) -> None:
        """Into ``work``, all of it or, where this raises, nothing."""
        given = self._intake.take(
            cause, at_ms=record.timestamp, key=record.key, value=record.value, headers=record.headers
        )
        body = given.body
        key = body.vehicle_id.encode()
        before = _state(key, get, work)
        outcome = step(self._policy, body.vehicle_id, before, given)
        outgoing = self._writer.outcome(outcome, key, record.timestamp)
        if storing:
            _stored(key, outcome.state)
        work.states[key] = outcome.state
        work.records += outgoing.records
        work.commands += outgoing.commands
        work.outcomes.append((cause.topic, before, outcome))
        work.faults += [left_out_fault(cause, record, item) for item in given.left_out]
        if isinstance(body, Telemetry) and outcome.rejection is None:
            work.readings.append(before is None or outcome.state.trackers is not before.trackers)
            if before is not None and outcome.state.trackers.engine.reach_ms > before.trackers.engine.reach_ms:
                work.blinded += blinded(self._policy.triage, before.trackers, outcome.state.trackers)
        if outcome.rejection is not None:
            self._dead_letter(cause, record, outcome.rejection, work)

    def _dead_letter(self, cause: Cause, record: Fetched, rejection: Rejection, work: Work) -> None:
        work.records.append(self._writer.dead_letter(cause, record, rejection))
        work.dead_letters.append((cause.topic, rejection.code))
        work.faults.append(rejection_fault(cause, record, rejection))

    def _set_aside(self, cause: Cause, record: Fetched, error: Exception, work: Work) -> None:
        """Processing would fail again: dead-letter the record and raise an alert."""
        log.critical("record_unprocessable", record=str(cause), error=error, exc_info=error)
        rejection, alert = unprocessable(cause, record.timestamp, error)
        self._dead_letter(cause, record, rejection, work)
        work.records.append(self.alert_record(alert))

    def _count(self, work: Work) -> None:
        for topic, before, outcome in work.outcomes:
            self._counts.outcome(topic, before, outcome)
            for command in outcome.failed_commands:
                self._counts.dead_letter(self._writer.command_topic(command), GIVEN_UP)
        for accepted in work.readings:
            self._counts.reading(accepted=accepted)
        for rule in work.blinded:
            self._counts.blinded(rule)
        for fault in work.faults:
            self._counts.fault(fault)
        for topic, reason in work.dead_letters:
            self._counts.dead_letter(topic, reason)
            if reason == UNPROCESSABLE:
                self._counts.alert(AlertKind.RECORD_UNPROCESSABLE)


def _state(key: bytes, get: Get, work: Work) -> VehicleState | None:
    if (state := work.states.get(key)) is not None:
        return state
    stored = get(key)
    if stored is None:
        return None
    try:
        return decode_state(unpack_vehicle(stored)[1])
    except Exception as error:  # no record's fault: to set the vehicle's records aside one by one would lose its order
        raise StateUnreadableError(f"the stored state of {key!r} cannot be read: {error}") from error


def _stored(key: bytes, state: VehicleState) -> tuple[bytes, list[Deadline]]:
    """The state as it is stored, and its deadlines. Raises where it cannot be: ``ValueError``, ``struct.error`` …"""
    waiting = deadlines(key.decode(), state)
    value = pack_vehicle(encode_state(state), min((deadline.due_ms for deadline in waiting), default=0))
    if len(value) > MAX_STATE_BYTES:
        raise ValueError(f"the vehicle's state would take {len(value)} bytes, {MAX_STATE_BYTES} are possible")
    return value, waiting
