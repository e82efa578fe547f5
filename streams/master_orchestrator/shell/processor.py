"""From fetched records to the content of one transaction: decode, step, encode. No Kafka, no disk writes.

A record that this cannot be done with (a fault in the job, an outcome too large for its topic) would fail in the same
way after every restart, since all of it is pure. It becomes a dead letter, with an alert, and the state of its key is
as it was before it. Errors of memory, table and the software's version are not caused by a record: they are raised.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

import structlog

from master_orchestrator.core.outcome import Deadline
from master_orchestrator.core.rejection import RejectedError, Rejection
from master_orchestrator.core.table import unpack_vehicle
from master_orchestrator.core.unprocessable import UNPROCESSABLE, unprocessable
from master_orchestrator.errors import OrchestratorError
from master_orchestrator.shell.counting import InputCounts
from master_orchestrator.shell.errors import ShellError, StateUnreadableError
from master_orchestrator.shell.feedback import FeedbackBook, SenderFault, left_out_fault, rejection_fault
from master_orchestrator.shell.job import Get, HasState, Job, Stored
from master_orchestrator.shell.outgoing import NoticeWriter
from master_orchestrator.shell.records import Fetched, Record
from master_orchestrator_schemas.messages import Alert, Cause
from master_orchestrator_schemas.vocabulary import AlertKind

log = structlog.get_logger(__name__)

S = TypeVar("S")
O = TypeVar("O", bound=HasState)  # noqa: E741  outcome
Given = Sequence[tuple[int, Fetched]]
"""Records in order, each with its topic's rank."""

MAX_STATE_BYTES = 1_000_000
"""Of one key, stored: the changelog's producer and topic take a little more. They are a thousandth of it."""


@dataclass
class Work(Generic[S, O]):
    """What one batch of one partition comes to; ``records`` and ``entries`` of the table go into the transaction.

    ``quiet``: the inputs that led to a state and nothing else; ``outcomes``: of all others.
    """

    records: list[Record] = field(default_factory=list)
    commands: list[Record] = field(default_factory=list)
    states: dict[bytes, S] = field(default_factory=dict)
    entries: dict[bytes, bytes] = field(default_factory=dict)
    deadlines: dict[str, list[Deadline]] = field(default_factory=dict)
    outcomes: list[tuple[str, S | None, O]] = field(default_factory=list)
    quiet: list[Cause] = field(default_factory=list)
    dead_letters: list[tuple[str, str]] = field(default_factory=list)
    faults: list[SenderFault] = field(default_factory=list)


class _UnstorableError(OrchestratorError):
    """The state that a batch leads a key to cannot be stored: one of its records did it, which is not yet known."""


class _SpoiltError(OrchestratorError):
    """A record was given up in the middle, and the state it was applied to is of no more use."""

    def __init__(self, cause: Cause, error: Exception) -> None:
        super().__init__(f"{cause}: {error}")
        self.cause, self.error = cause, error


class Processor(Generic[S, O]):
    """Applies records to states. One per engine; of its own it holds only what senders were told."""

    def __init__(self, job: Job[S, Any, O], writer: NoticeWriter, counts: InputCounts) -> None:
        self._job, self._writer, self._counts = job, writer, counts
        self._feedback = FeedbackBook()

    def alert_record(self, alert: Alert) -> Record:
        """The record of an alert that no input's outcome has; it is counted."""
        self._counts.alert(alert.kind)
        return self._writer.alert(alert)

    def process(self, partition: int, records: Iterable[tuple[int, Fetched]], get: Get) -> Work[S, O]:
        """Apply ``records`` ((topic rank, record), in order) to the states that ``get`` reads."""
        given = list(records)
        try:
            work = self._intact(partition, given, get, storing_each=False)
        except _UnstorableError:
            work = self._intact(partition, given, get, storing_each=True)
        work.records += map(self._writer.feedback, self._feedback.take(work.faults))
        self._count(work)
        return work

    def _intact(self, partition: int, given: Given, get: Get, *, storing_each: bool) -> Work[S, O]:
        """The batch's work; done again, without the record, where one has left a state spoilt."""
        spoilers: dict[Cause, Exception] = {}
        while True:
            try:
                return self._work(partition, given, get, spoilers, storing_each=storing_each)
            except _SpoiltError as spoilt:
                spoilers[spoilt.cause] = spoilt.error

    def _work(
        self, partition: int, given: Given, get: Get, spoilers: dict[Cause, Exception], *, storing_each: bool
    ) -> Work[S, O]:
        """``storing_each``: see after each record whether the state can be stored, which is slow, and finds the one."""
        work: Work[S, O] = Work()
        for rank, record in given:
            cause = Cause(topic=self._job.names.inputs[rank], partition=partition, offset=record.offset)
            if spoilers and cause in spoilers:
                self._set_aside(cause, record, spoilers[cause], work)
                continue
            try:
                self._apply(cause, record, get, work, storing=storing_each)
            except RejectedError as error:
                self._dead_letter(cause, record, error.rejection, work)
            except (MemoryError, ShellError):
                raise
            except Exception as error:  # it becomes a dead letter
                if self._job.mutates:
                    raise _SpoiltError(cause, error) from error
                self._set_aside(cause, record, error, work)
        for key, state in work.states.items():
            try:
                stored = self._stored(key, state)
            except MemoryError:
                raise
            except Exception as error:
                raise _UnstorableError from error
            work.entries.update(stored.entries)
            work.deadlines[key.decode()] = stored.deadlines
        return work

    def _apply(self, cause: Cause, record: Fetched, get: Get, work: Work[S, O], *, storing: bool) -> None:
        """Into ``work``, all of it or, where this raises, nothing."""
        job = self._job
        key, given, left_out = job.take(cause, record)
        before = self._state(key, get, work)
        if before is not None and not left_out and (after := job.quiet(before, given)) is not None:
            if storing:
                self._stored(key, after)
            work.states[key] = after
            work.quiet.append(cause)
            return
        outcome = job.step(key, before, given)
        records, commands = job.outgoing(key, given, outcome, record.timestamp)
        if storing:
            self._stored(key, outcome.state)
        work.states[key] = outcome.state
        work.records += records
        work.commands += commands
        work.outcomes.append((cause.topic, None if job.mutates else before, outcome))
        work.faults += [left_out_fault(cause, record, item) for item in left_out]
        if outcome.rejection is not None:
            self._dead_letter(cause, record, outcome.rejection, work)

    def _dead_letter(self, cause: Cause, record: Fetched, rejection: Rejection, work: Work[S, O]) -> None:
        work.records.append(self._writer.dead_letter(cause, record, rejection))
        work.dead_letters.append((cause.topic, rejection.code))
        work.faults.append(rejection_fault(cause, record, rejection))

    def _set_aside(self, cause: Cause, record: Fetched, error: Exception, work: Work[S, O]) -> None:
        """Processing would fail again: dead-letter the record and raise an alert."""
        log.critical("record_unprocessable", record=str(cause), error=error, exc_info=error)
        rejection, alert = unprocessable(cause, record.timestamp, error)
        self._dead_letter(cause, record, rejection, work)
        work.records.append(self._writer.alert(alert))

    def _count(self, work: Work[S, O]) -> None:
        for topic, before, outcome in work.outcomes:
            self._job.count(topic, before, outcome)
        if work.quiet:
            self._job.count_quiet(len(work.quiet))
        for fault in work.faults:
            self._counts.fault(fault)
        for topic, reason in work.dead_letters:
            self._counts.dead_letter(topic, reason)
            if reason == UNPROCESSABLE:
                self._counts.alert(AlertKind.RECORD_UNPROCESSABLE)

    def _state(self, key: bytes, get: Get, work: Work[S, O]) -> S | None:
        if (state := work.states.get(key)) is not None:
            return state
        stored = get(key)
        if stored is None:
            return None
        try:
            return self._job.load(key, unpack_vehicle(stored)[1], get)
        except Exception as error:  # no record's fault: to set the key's records aside one by one would lose its order
            raise StateUnreadableError(f"the stored state of {key!r} cannot be read: {error}") from error

    def _stored(self, key: bytes, state: S) -> Stored:
        """The state as it is stored. Raises where it cannot be: ``ValueError``, ``struct.error`` …"""
        stored = self._job.store(key, state)
        if (size := sum(map(len, stored.entries.values()))) > MAX_STATE_BYTES:
            raise ValueError(f"the state would take {size} bytes, {MAX_STATE_BYTES} are possible")
        return stored
