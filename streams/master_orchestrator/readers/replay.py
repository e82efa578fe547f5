"""``audit verify``'s replay: do a vehicle's inputs, put through the core again, give its audit records byte for byte?

An audit record names its cause and, in ``positions``, how far each input topic had been applied to the vehicle after
it. So for every record it is known which inputs came before it, and which one it was that caused it; what is not known
is the order, between two causes, of inputs of different topics that left no record. It does not matter:

- Input positions aside, only a reading changes anything without leaving a record (``ReadingObserved``: trackers,
  standing findings, the first check's due time, model, odometer). Every other event is a workflow's and is recorded.
  Ticks that come early, late or twice, and refused inputs, change the positions alone. A test holds the core to this.
- Readings come from one topic, so their order is known. What they do without a record depends on nothing but readings
  and on the workflow and cool-downs, which change with a record only.
- Whether a tick or a refused input does nothing depends on no more than its own time and the workflow.

So the inputs between two causes are applied topic by topic. One that gives a record there, which the engine has not
written, is a difference. So it is after a vehicle's newest record, and for a vehicle without a trail, as far as the
engine is known to have applied the inputs (its position record, read before the trail's end).

Readings come one by one and are applied as they come, since they are by far the most inputs; of the other topics all
inputs of a vehicle are held.
"""

from collections import deque
from collections.abc import Callable, Iterator, Mapping
from typing import NamedTuple

from master_orchestrator.core.intake import Intake
from master_orchestrator.core.policy import Policy
from master_orchestrator.core.rejection import RejectedError
from master_orchestrator.core.state import VehicleState
from master_orchestrator.core.step import step
from master_orchestrator.core.unprocessable import UNPROCESSABLE
from master_orchestrator.errors import OrchestratorError
from master_orchestrator.readers.replay_verdict import Difference, first_difference
from master_orchestrator_schemas.codec import Codec
from master_orchestrator_schemas.messages import AuditRecord, Cause


class Arrived(NamedTuple):
    """One record of an input topic as it stands there; not decoded until it is applied.

    Its trace context is left out: it goes into the headers of what it causes, and no audit record says anything of it.
    """

    cause: Cause
    at_ms: int
    key: bytes | None
    value: bytes | None


class Rules(NamedTuple):
    """By what the engine worked.

    ``readings``: the topic whose inputs come one by one. ``applied``: input topic -> the offset before which all inputs
    have been applied, and all that came of them is in the trail; a topic that is not named: not known.
    """

    policy: Policy
    intake: Intake
    codec: Codec
    readings: str
    applied: Mapping[str, int]


class _ReplayDiffersError(OrchestratorError):
    """The replay has met its first difference."""

    def __init__(self, difference: Difference) -> None:
        super().__init__(difference.text)
        self.difference = difference


class VehicleReplay:
    """One vehicle's replay: give it its readings in order, one by one, then call :meth:`finish`."""

    def __init__(self, vehicle_id: str, rules: Rules) -> None:
        self.vehicle_id, self._rules = vehicle_id, rules
        self.difference: Difference | None = None
        self.records = self.inputs = self.length = 0
        self.moved: str | None = None
        self.earliest: dict[str, int] = {}
        """Per topic, the offset of the first input that the trail names; before it nothing is known to be missing."""
        self._trail: deque[bytes] = deque()
        self._newest: bytes | None = None
        self._held: dict[str, deque[Arrived]] = {}
        self._state: VehicleState | None = None
        self._next: AuditRecord | None = None

    @property
    def unknown(self) -> bool:
        """Whether nothing is there of the vehicle: no trail, and no input that it could have been given."""
        return self._newest is None and self._state is None and not self._held and self.difference is None

    # --- what there is ---

    def recorded(self, value: bytes, record: AuditRecord, *, moved: bool = False) -> None:
        """The vehicle's next audit record, as it stands on its topic; an exact repeat of the newest is passed over.

        ``moved``: its cause stands in a partition that was the vehicle's before partitions were added.
        """
        if value == self._newest:
            return
        if moved and self.moved is None:
            self.moved = f"its trail names inputs of partition {record.cause.partition}, from before it moved here"
        if self._next is None:
            self._next = record
        self._newest = value
        self.length += 1
        self._trail.append(value)
        for topic, position in record.positions.items():
            self.earliest.setdefault(topic, position - 1)

    def hold(self, arrived: Arrived) -> None:
        """The next input of another topic than that of the readings."""
        self._held.setdefault(arrived.cause.topic, deque()).append(arrived)

    # --- the replay ---

    def reading(self, arrived: Arrived) -> None:
        """The next reading."""
        self._guarded(self._reading, arrived)

    def finish(self) -> None:
        """There are no more readings: replay what is left of the trail, and what has been applied since."""
        self._guarded(self._rest)
        self._over()

    def _guarded(self, run: Callable[..., None], *given: Arrived) -> None:
        if self.difference is not None:
            return
        try:
            run(*given)
        except _ReplayDiffersError as met:
            self.difference = met.difference
            self._over()

    def _over(self) -> None:
        """Nothing is left to be compared: let go of what the replay held."""
        self._next, self._state = None, None
        self._trail.clear()
        self._held.clear()

    def _reading(self, arrived: Arrived) -> None:
        while self._next is not None and self._next.positions.get(self._rules.readings, 0) <= arrived.cause.offset:
            self._caused(self._next, None)
        if self._next is not None and arrived.cause == self._next.cause:
            self._caused(self._next, arrived)
        elif self._next is not None or self._is_applied(arrived):
            self._unrecorded(arrived)

    def _rest(self) -> None:
        while self._next is not None:
            self._caused(self._next, None)
        for waiting in self._held.values():
            for arrived in filter(self._is_applied, waiting):
                self._unrecorded(arrived)

    def _is_applied(self, arrived: Arrived) -> bool:
        return arrived.cause.offset < self._rules.applied.get(arrived.cause.topic, 0)

    def _caused(self, first: AuditRecord, cause: Arrived | None) -> None:
        """Apply what came before the next cause, then the cause, and compare all records it gives."""
        for arrived in self._before(first.positions):
            if arrived.cause == first.cause:
                cause = arrived
            else:
                self._unrecorded(arrived)
        if cause is None:
            raise _differs(first, "cause", f"its cause, {first.cause}, is not there to be applied")
        try:
            given = self._applied(cause)
        except RejectedError as error:
            text = f"its cause, {first.cause}, is rejected: {error.rejection}"
            raise _differs(first, "cause", text) from error
        self._compare(first.cause, given)

    def _before(self, positions: Mapping[str, int]) -> Iterator[Arrived]:
        for topic, waiting in self._held.items():
            end = positions.get(topic, 0)
            while waiting and waiting[0].cause.offset < end:
                yield waiting.popleft()

    def _unrecorded(self, arrived: Arrived) -> None:
        try:
            given = self._applied(arrived)
        except RejectedError:
            return  # as the engine does: it is in the dead letters, and no vehicle knows of it
        if given:
            text = f"{arrived.cause} gives it ({given[0].event}), but it is not in the trail"
            raise _differs(given[0], "record", text)

    def _applied(self, arrived: Arrived) -> list[AuditRecord]:
        given = self._rules.intake.take(
            arrived.cause, at_ms=arrived.at_ms, key=arrived.key, value=arrived.value, headers=None
        )
        try:
            outcome = step(self._rules.policy, self.vehicle_id, self._state, given)
        except Exception as error:  # the engine set it aside as a dead letter, as it does with what is rejected
            raise RejectedError(UNPROCESSABLE, f"{type(error).__name__}: {error}") from error
        self._state = outcome.state
        self.inputs += 1
        return outcome.audit

    def _compare(self, cause: Cause, given: list[AuditRecord]) -> None:
        """Take the cause's records off the trail, one for each that the replay gives."""
        for record in given:
            recorded = self._next
            if recorded is None or recorded.cause != cause:
                raise _differs(record, "record", f"{cause} gives it, but it is not in the trail")
            value = self._trail.popleft()
            if self._rules.codec.encode(record) != value:
                raise _differs(recorded, *first_difference(record, recorded))
            self.records += 1
            self._next = self._rules.codec.decode(self._trail[0], AuditRecord) if self._trail else None
        if self._next is not None and self._next.cause == cause:
            raise _differs(self._next, "record", f"{cause} does not give it")


def _differs(record: AuditRecord, field: str, text: str) -> _ReplayDiffersError:
    return _ReplayDiffersError(Difference(record.workflow_id, record.seq, field, text))
