"""What has to hold of every batch, whatever its records were. Each violation is a :class:`WrongError`."""

from collections.abc import Iterable, Sequence
from typing import Any

from fuzz_suite.findings import WrongError
from fuzz_suite.records.arrival import Arrival
from fuzz_suite.records.stage import PARTITION, PartitionStage, RecordFate
from master_orchestrator.core.outcome import Outcome
from master_orchestrator.core.state import GENESIS, VehicleState, decode_state, encode_state
from master_orchestrator.core.statuses import status_of
from master_orchestrator.core.step import deadlines
from master_orchestrator.core.table import is_vehicle, unpack_vehicle
from master_orchestrator.readers.verify import verify
from master_orchestrator.shell.processor import Work
from master_orchestrator.shell.records import Record
from master_orchestrator_schemas.codec import Codec
from master_orchestrator_schemas.messages import Activity, Alert, AuditRecord, Command, SenderFeedback, Status
from master_orchestrator_schemas.reasons import CORE_REASONS, INTAKE_REASONS
from master_orchestrator_schemas.registry import INPUTS
from master_orchestrator_schemas.tasks import TASKS
from master_orchestrator_schemas.topology.plans import input_record_bytes

MAX_STATE_BYTES = 4_096
REFUSALS = (INTAKE_REASONS.keys() | CORE_REASONS.keys()) - {"wrong_vehicle"}
"""Why a record may become a dead letter. Not ``wrong_vehicle``: intake compares key and message before the core does.
Not ``unprocessable``: it means a bug in the core.
"""


class Judge:
    """Holds every batch against what is promised, and every workflow's trail against the records before it."""

    def __init__(self, stage: PartitionStage) -> None:
        self._stage = stage
        topology = stage.around.topology
        self._codec: Codec = stage.around.codec
        self._types: dict[str, type[Any]] = {
            topology.topic_of("AuditRecord"): AuditRecord,
            topology.topic_of("Status"): Status,
            topology.topic_of("Alert"): Alert,
            topology.topic_of("SenderFeedback"): SenderFeedback,
            topology.topic_of("Activity"): Activity,
            **dict.fromkeys(topology.command_topics, Command),
        }
        self._dead = topology.dead_letter_topic
        self._largest = input_record_bytes(topology.limits)
        self._trails: dict[str, list[AuditRecord]] = {}
        self._newest: dict[str, AuditRecord] = {}
        self._statuses: dict[str, Status] = {}

    def batch(self, work: Work[VehicleState, Outcome], fates: Sequence[RecordFate]) -> None:
        """One batch."""
        for fate in fates:
            if fate.letter is not None:
                self._letter(fate.letter, fate.record)
            if fate.outcome is not None:
                self._outcome(fate.outcome)
        self._outputs([record for record in work.records if record.topic != self._dead], work.commands)
        for key, state in work.states.items():
            self._state(key, state, work)

    def _letter(self, letter: Record, record: Arrival) -> None:
        """The record as it came, in full but for what no topic takes."""
        headers, value = dict(letter.headers or ()), record.value or b""
        cut = headers.get("dead_letter_cut_from")
        if letter.value != (value if cut is None else value[: len(letter.value)]):
            raise WrongError("a dead letter has other bytes than its record")
        if cut is not None and (int(cut) != len(value) or len(value) < self._largest - 4_096):
            raise WrongError("a dead letter was cut without need")
        if letter.key != (record.key or b"")[: len(letter.key)]:
            raise WrongError("a dead letter has another key than its record")
        if headers["dead_letter_partition"] != b"%d" % PARTITION:
            raise WrongError("a dead letter names another partition")

    def _outputs(self, records: Iterable[Record], commands: Iterable[Record]) -> None:
        for record in (*records, *commands):
            message = self._codec.decode(record.value, self._types[record.topic])
            if self._codec.encode(message) != record.value:
                raise WrongError("an output does not come back", record.topic)
            if isinstance(message, Command):
                TASKS[message.agent].model_validate(message.payload)

    def _outcome(self, outcome: Outcome) -> None:
        if outcome.rejection is not None and outcome.audit:
            raise WrongError("rejected, but recorded in a trail", str(outcome.rejection))
        for record in outcome.audit:
            self._audit(record)
        self._statuses |= {status.workflow_id: status for status in outcome.status}

    def _audit(self, record: AuditRecord) -> None:
        """A link of the chain: it goes on from the one before. Hash and move are checked at the end."""
        before = self._newest.get(record.workflow_id)
        if (record.seq, record.prev_hash) != ((0, GENESIS) if before is None else (before.seq + 1, before.hash)):
            raise WrongError("a trail does not go on from its last record", f"{record.workflow_id}/{record.seq}")
        self._newest[record.workflow_id] = record
        self._trails.setdefault(record.vehicle_id, []).append(record)

    def _state(self, key: bytes, state: VehicleState, work: Work[VehicleState, Outcome]) -> None:
        if not is_vehicle(key):
            raise WrongError("a vehicle under a reserved key", repr(key))
        due_ms, encoded = unpack_vehicle(work.entries[key])
        if len(encoded) >= MAX_STATE_BYTES:
            raise WrongError("a state over its bound", f"{len(encoded)} bytes")
        decoded = decode_state(encoded)
        if decoded != state or encode_state(decoded) != encoded:
            raise WrongError("a state does not come back")
        waiting = deadlines(key.decode(), state)
        if due_ms != min((deadline.due_ms for deadline in waiting), default=0):
            raise WrongError("a stored deadline is not the state's")
        workflow = state.workflow
        if workflow is not None and workflow.is_open and workflow.wait is None:
            raise WrongError("an open workflow waits for nothing", workflow.state)
        if workflow is not None and workflow.seq != self._newest[workflow.workflow_id].seq:
            raise WrongError("a state is not where its trail is")

    def retire(self, vehicle_id: str) -> None:
        """The whole story of a vehicle, as ``audit verify`` judges it, and its state. Nothing is kept of it."""
        records = self._trails.pop(vehicle_id, [])
        statuses = {record.workflow_id: self._statuses[record.workflow_id] for record in records}
        for workflow_id in statuses:
            del self._statuses[workflow_id], self._newest[workflow_id]
        if violations := verify(records, (), statuses).violations:
            raise WrongError(f"audit verify finds {violations[0].kind}", violations[0].text)
        state = self._stage.state(vehicle_id)
        if state is not None and state.workflow is not None:
            newest = state.workflow
            if status_of(vehicle_id, newest) != statuses[newest.workflow_id]:
                raise WrongError("the state's status is not the one told", newest.workflow_id)


def ending(fate: RecordFate) -> str:
    """How a record ended, in one word. Raises :class:`WrongError` for one that is not accounted for."""
    schema = INPUTS[fate.record.rank]
    if fate.reason is not None:
        if fate.reason not in REFUSALS:
            raise WrongError(f"a record is {fate.reason}", str(dict((fate.letter and fate.letter.headers) or ())))
        return f"dead_letter.{fate.reason}"
    if fate.quiet:
        return "reading.taken_in"
    outcome = fate.outcome
    if fate.accepted and outcome is None:
        return "reading.quiet"
    if outcome is None:
        raise WrongError("a record is lost: neither applied nor a dead letter", schema)
    if outcome.audit:
        return "rejected_in_trail" if outcome.audit[0].event == "rejected" else f"recorded.{schema}"
    if schema == "Telemetry":
        return "reading.taken_in" if fate.accepted else "reading.late_or_repeated"
    if schema == "Timer":
        return "tick.without_effect"
    raise WrongError("a record has left no trace", schema)
