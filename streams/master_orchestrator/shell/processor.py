"""From fetched records to the content of one transaction: decode, step, encode. No Kafka, no disk writes."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

from master_orchestrator.core.intake import Intake, RefusedError
from master_orchestrator.core.outcome import Deadline, Outcome
from master_orchestrator.core.policy import Policy
from master_orchestrator.core.state import VehicleState, decode_state, encode_state
from master_orchestrator.core.step import deadlines, step
from master_orchestrator.shell.counting import EngineCounts
from master_orchestrator.shell.layout import pack_vehicle, unpack_vehicle
from master_orchestrator.shell.records import Fetched, Record
from master_orchestrator_schemas.codec import Codec
from master_orchestrator_schemas.headers import dead_letter_headers, envelope_headers
from master_orchestrator_schemas.messages import Alert, Cause, Command, Telemetry
from master_orchestrator_schemas.topology import Topology
from master_orchestrator_schemas.topology.plans import HEADERS_ROOM, input_record_bytes

SOURCE = "master-orchestrator/engine"
KEPT_KEY_BYTES = 4_096
KEPT_HEADERS = 32
KEPT_HEADER_BYTES = HEADERS_ROOM // 2
"""Of the sender's headers, in a dead letter; its topic has ``HEADERS_ROOM`` more than the inputs."""


@dataclass
class Work:
    """What one batch of one partition comes to; ``records`` and ``vehicles`` go into the transaction."""

    records: list[Record] = field(default_factory=list)
    commands: list[Record] = field(default_factory=list)
    states: dict[bytes, VehicleState] = field(default_factory=dict)
    vehicles: dict[bytes, bytes] = field(default_factory=dict)
    deadlines: dict[str, list[Deadline]] = field(default_factory=dict)


class Processor:
    """Applies records to states. One per engine; holds no state of its own."""

    def __init__(self, topology: Topology, policy: Policy, codec: Codec, counts: EngineCounts) -> None:
        self._topology, self._policy, self._codec, self._counts = topology, policy, codec, counts
        self._inputs, self._intake = topology.input_topics, Intake(topology, codec)
        self._audit, self._status, self._alerts = (topology.topic_of(s) for s in ("AuditRecord", "Status", "Alert"))
        self._dead = topology.dead_letter_topic
        self._largest = input_record_bytes(topology.limits) - KEPT_KEY_BYTES

    def process(
        self, partition: int, records: Iterable[tuple[int, Fetched]], get: Callable[[bytes], bytes | None]
    ) -> Work:
        """Apply ``records`` ((topic rank, record), in order) to the states that ``get`` reads."""
        work = Work()
        for rank, record in records:
            try:
                self._apply(partition, rank, record, get, work)
            except RefusedError as refused:
                self._dead_letter(partition, rank, record, refused, work)
        for key, state in work.states.items():
            waiting = deadlines(key.decode(), state)
            work.deadlines[key.decode()] = waiting
            due_ms = min((deadline.due_ms for deadline in waiting), default=0)
            work.vehicles[key] = pack_vehicle(encode_state(state), due_ms)
        return work

    def _apply(
        self, partition: int, rank: int, record: Fetched, get: Callable[[bytes], bytes | None], work: Work
    ) -> None:
        topic = self._inputs[rank]
        given = self._intake.take(
            Cause(topic=topic, partition=partition, offset=record.offset),
            at_ms=record.timestamp,
            key=record.key,
            value=record.value,
            headers=record.headers,
        )
        body = given.body
        key = body.vehicle_id.encode()
        state = work.states.get(key)
        if state is None:
            stored = get(key)
            state = None if stored is None else decode_state(unpack_vehicle(stored)[1])
        outcome = step(self._policy, body.vehicle_id, state, given)
        work.states[key] = outcome.state
        if isinstance(body, Telemetry) and outcome.rejection is None:
            self._counts.reading(accepted=state is None or outcome.state.trackers is not state.trackers)
        self._collect(topic, record.timestamp, key, outcome, work)
        if outcome.rejection is not None:
            self._dead_letter(partition, rank, record, RefusedError(*_reason_and_text(outcome.rejection)), work)

    def _collect(self, topic: str, at_ms: int, key: bytes, outcome: Outcome, work: Work) -> None:
        encode, trace = self._codec.encode, outcome.traceparent
        for entry in outcome.audit:
            audit_key = f"{entry.workflow_id}/{entry.seq}"
            headers = envelope_headers("AuditRecord", SOURCE, audit_key, at_ms, trace)
            work.records.append(Record(self._audit, audit_key.encode(), encode(entry), headers))
        for status in outcome.status:
            headers = envelope_headers("Status", SOURCE, f"{status.workflow_id}/{status.seq}", at_ms, trace)
            work.records.append(Record(self._status, status.workflow_id.encode(), encode(status), headers))
        for alert in outcome.alerts:
            work.records.append(self.alert_record(alert, trace))
        for command in outcome.commands:
            work.commands.append(self._command_record(command, key, trace))
        for command in outcome.failed_commands:
            work.records.append(self._given_up(command, key, trace))
        self._counts.outcome(topic, outcome)

    def alert_record(self, alert: Alert, traceparent: str | None = None) -> Record:
        """The outgoing record of an alert."""
        key = (alert.workflow_id or alert.vehicle_id or alert.alert_id).encode()
        headers = envelope_headers("Alert", SOURCE, alert.alert_id, alert.at_ms, traceparent)
        return Record(self._alerts, key, self._codec.encode(alert), headers)

    def _command_record(self, command: Command, key: bytes, trace: str | None) -> Record:
        topic = self._topology.command_topic(command.agent, command.priority.lane)
        headers = envelope_headers("Command", SOURCE, command.command_id, command.issued_at_ms, trace)
        return Record(topic, key, self._codec.encode(command), headers)

    def _given_up(self, command: Command, key: bytes, trace: str | None) -> Record:
        record = self._command_record(command, key, trace)
        text = f"command {command.command_id} failed in every try"
        headers = dead_letter_headers(record.topic, -1, -1, "retries_exhausted", text, command.issued_at_ms)
        self._counts.dead_letter(record.topic, "retries_exhausted")
        return Record(self._dead, key, record.value, [*(record.headers or []), *headers])

    def _dead_letter(self, partition: int, rank: int, record: Fetched, refused: RefusedError, work: Work) -> None:
        """The record as it came, bytes untouched, with its origin and the reason in headers."""
        topic = self._inputs[rank]
        headers = dead_letter_headers(topic, partition, record.offset, refused.reason, str(refused), record.timestamp)
        self._counts.dead_letter(topic, refused.reason)
        key, value = (record.key or b"")[:KEPT_KEY_BYTES], record.value or b""
        if len(value) > self._largest:
            # A sender's compression can bring in more than any topic takes back. The whole record stays in the input.
            headers += [("dead_letter_cut_from", b"%d" % len(value))]
            value = value[: self._largest]
        work.records.append(Record(self._dead, key, value, [*_kept(record.headers), *headers]))


def _kept(headers: Sequence[tuple[str, bytes | None]]) -> list[tuple[str, bytes | None]]:
    """The sender's headers, the first of them that fit: a dead letter must not grow over its topic's limit."""
    kept: list[tuple[str, bytes | None]] = []
    room = KEPT_HEADER_BYTES
    for name, value in headers[:KEPT_HEADERS]:
        room -= len(name.encode()) + len(value or b"")
        if room >= 0:
            kept.append((name, value))
    return kept


def _reason_and_text(rejection: str) -> tuple[str, str]:
    reason, _, text = rejection.partition(": ")
    return reason, text or rejection
