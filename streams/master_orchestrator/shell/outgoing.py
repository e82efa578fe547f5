"""Outgoing records: what an outcome asks for, alerts, and dead letters. Pure; raises ``EncodeError``."""

from master_orchestrator.core.outcome import Outcome
from master_orchestrator.core.rejection import Rejection
from master_orchestrator.shell.job import Outgoing
from master_orchestrator.shell.records import Fetched, Record
from master_orchestrator_schemas.codec import Codec
from master_orchestrator_schemas.dead_letters import (
    CUT_FROM,
    KEPT_KEY_BYTES,
    Origin,
    kept_headers,
    kept_key,
    origin_headers,
)
from master_orchestrator_schemas.headers import envelope_headers
from master_orchestrator_schemas.messages import Activity, Alert, Cause, Command, SenderFeedback
from master_orchestrator_schemas.topology import Topology
from master_orchestrator_schemas.topology.plans import input_record_bytes
from master_orchestrator_schemas.vocabulary import AgentType, Priority

SOURCE = "master-orchestrator/engine"

GIVEN_UP = "retries_exhausted"
"""The reason of a command's dead letter."""


class NoticeWriter:
    """Makes the records that any app writes: alerts, dead letters, feedback to senders. Holds no state."""

    def __init__(self, topology: Topology, codec: Codec, source: str = SOURCE) -> None:
        self._codec, self._source = codec, source
        self._alerts, self._feedback = topology.topic_of("Alert"), topology.topic_of("SenderFeedback")
        self._dead = topology.dead_letter_topic
        self._largest = input_record_bytes(topology.limits) - KEPT_KEY_BYTES

    def alert(self, alert: Alert, traceparent: str | None = None) -> Record:
        """The record of an alert."""
        key = (alert.workflow_id or alert.vehicle_id or alert.alert_id).encode()
        headers = envelope_headers("Alert", self._source, alert.alert_id, alert.at_ms, traceparent)
        return Record(self._alerts, key, self._codec.encode(alert), headers)

    def feedback(self, feedback: SenderFeedback) -> Record:
        """The record that tells a sender of its mistakes."""
        headers = envelope_headers(
            "SenderFeedback", self._source, f"{feedback.sender}/{feedback.at_ms}", feedback.at_ms, None
        )
        return Record(self._feedback, feedback.sender.encode(), self._codec.encode(feedback), headers)

    def dead_letter(self, cause: Cause, record: Fetched, rejection: Rejection) -> Record:
        """The record as it came, bytes untouched, with its origin and the reason in headers."""
        origin = Origin(cause.topic, cause.partition, cause.offset, rejection.code, rejection.text)
        headers = origin_headers(origin, record.timestamp)
        key, value = kept_key(record.key), record.value or b""
        if len(value) > self._largest:
            # A sender's compression can bring in more than any topic takes back. The whole record stays in the input.
            headers += [(CUT_FROM, b"%d" % len(value))]
            value = value[: self._largest]
        return Record(self._dead, key, value, [*kept_headers(record.headers), *headers])


class RecordWriter(NoticeWriter):
    """Makes the records of an outcome, too. One per engine."""

    def __init__(self, topology: Topology, codec: Codec) -> None:
        super().__init__(topology, codec)
        self._command_topics = {
            (agent, priority): topology.command_topic(agent, priority.lane)
            for agent in AgentType
            for priority in Priority
        }
        self._audit, self._status = topology.topic_of("AuditRecord"), topology.topic_of("Status")
        self._activity = topology.topic_of("Activity")

    def outcome(self, outcome: Outcome, key: bytes, at_ms: int) -> Outgoing:
        """All records of the outcome of the vehicle ``key``, stamped with its input's time."""
        encode, trace = self._codec.encode, outcome.traceparent
        records: list[Record] = []
        for entry in outcome.audit:
            audit_key = f"{entry.workflow_id}/{entry.seq}"
            headers = envelope_headers("AuditRecord", SOURCE, audit_key, at_ms, trace)
            records.append(Record(self._audit, audit_key.encode(), encode(entry), headers))
        for status in outcome.status:
            headers = envelope_headers("Status", SOURCE, f"{status.workflow_id}/{status.seq}", at_ms, trace)
            records.append(Record(self._status, status.workflow_id.encode(), encode(status), headers))
        records += [self.alert(alert, trace) for alert in outcome.alerts]
        records += [self._given_up(command, key, trace) for command in outcome.failed_commands]
        return Outgoing(records, [self._command(command, key, trace) for command in outcome.commands])

    def session(self, activity: Activity) -> Record:
        """The record of what an actor asked of the engine."""
        headers = envelope_headers("Activity", SOURCE, activity.activity_id, activity.at_ms, None)
        return Record(self._activity, activity.actor.encode(), self._codec.encode(activity), headers)

    def command_topic(self, command: Command) -> str:
        """The topic of the command's agent and lane."""
        return self._command_topics[command.agent, command.priority]

    def _command(self, command: Command, key: bytes, trace: str | None) -> Record:
        headers = envelope_headers("Command", SOURCE, command.command_id, command.issued_at_ms, trace)
        return Record(self.command_topic(command), key, self._codec.encode(command), headers)

    def _given_up(self, command: Command, key: bytes, trace: str | None) -> Record:
        record = self._command(command, key, trace)
        text = f"command {command.command_id} failed in every try"
        headers = origin_headers(Origin(record.topic, -1, -1, GIVEN_UP, text), command.issued_at_ms)
        return Record(self._dead, key, record.value, [*(record.headers or []), *headers])
