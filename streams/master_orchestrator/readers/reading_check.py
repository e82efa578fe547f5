"""What the engine would make of readings, one after the other, without Kafka: its own intake and rules are asked."""

from typing import Literal

import msgspec

from master_orchestrator.core.inputs import Input
from master_orchestrator.core.intake import Intake
from master_orchestrator.core.outcome import Outcome
from master_orchestrator.core.policy import Policy
from master_orchestrator.core.rejection import RejectedError, Rejection
from master_orchestrator.core.state import VehicleState
from master_orchestrator.core.step import step
from master_orchestrator.core.triage import new_trackers, suspicions
from master_orchestrator_schemas.aliases import FLAGS
from master_orchestrator_schemas.codec import Codec
from master_orchestrator_schemas.errors import ContractError
from master_orchestrator_schemas.messages import SIGNALS, Cause, Telemetry
from master_orchestrator_schemas.partitioner import partition_of_key
from master_orchestrator_schemas.reasons import remedy_for
from master_orchestrator_schemas.topology import Topology

ReadingVerdict = Literal["opens", "joins", "used", "ignored", "refused"]


class Named(msgspec.Struct, frozen=True):
    """What was left out of a reading, and why."""

    name: str
    problem: str


class Checked(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What the engine would make of one record.

    Args:
        record: its number, from 1; of a file with a record per line, its line.
        verdict: ``opens`` or ``joins`` a workflow, ``used`` for the vehicle's triage and opens nothing (yet),
            ``ignored`` as late or repeated, ``refused`` into the dead letters.
        reason: of a refusal, the dead letter's code; ``message`` and ``remedy`` are for people.
        partition: where the record belongs by murmur2 of its key.
        signals: what is understood, by field, in the field's unit; ``codes`` the trouble codes.
        extras: names of the numbers without a field, which are kept and looked at by rules that name them.
        left_out: what is not used at all.
        findings: rules that have fired by now.
        suspected: rules that this reading meets and that need more readings to fire.
    """

    record: int
    verdict: ReadingVerdict
    reason: str | None = None
    message: str | None = None
    remedy: str | None = None
    vehicle_id: str | None = None
    partition: int | None = None
    workflow_id: str | None = None
    priority: str | None = None
    signals: dict[str, float | bool] = {}
    codes: tuple[str, ...] = ()
    extras: tuple[str, ...] = ()
    left_out: tuple[Named, ...] = ()
    findings: tuple[str, ...] = ()
    suspected: tuple[str, ...] = ()


class ReadingCheck:
    """Takes records in order and keeps each vehicle's state, as an engine would that knew nothing before them."""

    def __init__(self, topology: Topology) -> None:
        self._partitions, self._topic = topology.partitions, topology.topic_of("Telemetry")
        self._codec = Codec(topology.limits)
        self._intake = Intake(topology, self._codec)
        self._policy = Policy.from_topology(topology)
        self._states: dict[str, VehicleState] = {}
        self._records = 0

    def take(self, value: bytes, key: bytes | None, at_ms: int, number: int | None = None) -> Checked:
        """What becomes of a record that arrives at ``at_ms``. Without a ``key``: with the right one.

        ``number``: greater than that of the record before; the next one by default.
        """
        self._records = self._records + 1 if number is None else number
        key = key if key is not None else self._own_key(value)
        partition = None if key is None else partition_of_key(key, self._partitions)
        cause = Cause(topic=self._topic, partition=partition or 0, offset=self._records)
        try:
            given = self._intake.take(cause, at_ms=at_ms, key=key, value=value, headers=None)
        except RejectedError as error:
            return self._refused(error.rejection, partition)
        return self._applied(given, partition)

    def _own_key(self, value: bytes) -> bytes | None:
        """The vehicle_id of a record that can be read."""
        try:
            return self._codec.decode(value, Telemetry, json_allowed=True).vehicle_id.encode()
        except ContractError:
            return None

    def _refused(self, rejection: Rejection, partition: int | None) -> Checked:
        return Checked(
            record=self._records,
            verdict="refused",
            reason=rejection.code,
            message=rejection.text,
            remedy=remedy_for(rejection.code),
            partition=partition,
        )

    def _applied(self, given: Input, partition: int | None) -> Checked:
        reading = given.body
        assert isinstance(reading, Telemetry)  # noqa: S101 - the topic's only message
        before = self._states.get(reading.vehicle_id)
        outcome = step(self._policy, reading.vehicle_id, before, given)
        self._states[reading.vehicle_id] = outcome.state
        if outcome.rejection is not None:
            return self._refused(outcome.rejection, partition)
        verdict = _verdict(before, outcome)
        workflow = outcome.state.workflow if verdict in {"opens", "joins"} else None
        return Checked(
            record=self._records,
            verdict=verdict,
            vehicle_id=reading.vehicle_id,
            partition=partition,
            workflow_id=None if workflow is None else workflow.workflow_id,
            priority=None if workflow is None else workflow.priority.name,
            signals=_signals(reading),
            codes=(*(code.code for code in reading.dtcs), *(f"SPN {f.spn} FMI {f.fmi}" for f in reading.j1939)),
            extras=tuple(reading.extras),
            left_out=tuple(Named(item.name, item.problem) for item in given.left_out),
            findings=() if workflow is None else tuple(finding.rule for finding in workflow.findings),
            suspected=self._suspected(before, reading) if verdict == "used" else (),
        )

    def _suspected(self, before: VehicleState | None, reading: Telemetry) -> tuple[str, ...]:
        trackers = new_trackers() if before is None else before.trackers
        return tuple(finding.rule for finding in suspicions(self._policy.triage, trackers, reading))


def _verdict(before: VehicleState | None, outcome: Outcome) -> ReadingVerdict:
    events = {record.event for record in outcome.audit}
    if "workflow_opened" in events:
        return "opens"
    if events:
        return "joins"
    return "used" if before is None or outcome.state.trackers is not before.trackers else "ignored"


def _signals(reading: Telemetry) -> dict[str, float | bool]:
    given = {name: getattr(reading, name) for name in (*SIGNALS, *sorted(FLAGS - {"check_requested"}))}
    return {name: value for name, value in given.items() if value is not None}
