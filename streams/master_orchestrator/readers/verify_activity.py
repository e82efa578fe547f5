"""`audit verify --activity`: each accepted reply has a session, each session of an agent a command that was issued."""

from collections.abc import Iterable
from dataclasses import dataclass, field

import msgspec

from master_orchestrator.core.audit_chain import Violation
from master_orchestrator.core.request_session import REJECTED
from master_orchestrator.readers.activity import read_activity
from master_orchestrator.readers.audit import read_audit
from master_orchestrator.readers.audit_verdict import AuditVerdict
from master_orchestrator.readers.replay_verdict import Untold
from master_orchestrator.readers.topics import OnProgress
from master_orchestrator_schemas.kafka import KafkaSettings
from master_orchestrator_schemas.messages import Activity, AuditRecord
from master_orchestrator_schemas.topology import Topology
from master_orchestrator_schemas.vocabulary import ActorKind

NO_SESSION, NO_COMMAND = "reply_without_session", "session_without_command"
BEFORE_RECORDING = "replies were accepted before the first session on record: whether they had one cannot be told"


@dataclass
class Sessions:
    """Agents' sessions: command id -> workflow id; ``since_ms``: the broker's time of the first activity."""

    commands: dict[str, str] = field(default_factory=dict)
    since_ms: int | None = None

    def add(self, at_ms: int, record: Activity) -> None:
        """One record of the activity topic."""
        self.since_ms = at_ms if self.since_ms is None else min(self.since_ms, at_ms)
        if record.kind is ActorKind.AGENT and record.session is not None:
            self.commands[record.session] = record.workflow_id or ""


@dataclass
class Commands:
    """What the trail says of commands: which were issued, and which were answered by a reply that was taken."""

    issued: set[str] = field(default_factory=set)
    answered: dict[str, AuditRecord] = field(default_factory=dict)

    def add(self, record: AuditRecord) -> None:
        """One record of the trail."""
        details = msgspec.json.decode(record.details, type=dict)
        if isinstance(issued := details.get("issued"), str):
            self.issued.add(issued)
        if record.event != REJECTED and isinstance(answered := details.get("answered"), str):
            self.answered[answered] = record

    def add_all(self, records: Iterable[AuditRecord]) -> None:
        """Several."""
        for record in records:
            self.add(record)


def compared(commands: Commands, sessions: Sessions) -> AuditVerdict:
    """What one says that the other does not know of."""
    silent = [record for command, record in commands.answered.items() if command not in sessions.commands]
    first_ms = sessions.since_ms
    early = [record for record in silent if first_ms is None or record.at_ms < first_ms]
    wrong = [_no_session(record) for record in silent if first_ms is not None and record.at_ms >= first_ms]
    strange = [_no_command(*each) for each in sessions.commands.items() if each[0] not in commands.issued]
    return AuditVerdict(
        violations=(*wrong, *strange), untold=(Untold(None, len(early), BEFORE_RECORDING),) if early else ()
    )


def _no_session(record: AuditRecord) -> Violation:
    text = "the reply was taken, and no session says what was done for it"
    return Violation(record.workflow_id, record.seq, NO_SESSION, text)


def _no_command(command: str, workflow_id: str) -> Violation:
    return Violation(workflow_id, -1, NO_COMMAND, f"a session is about {command}, which the trail has not issued")


def verify_activity(
    kafka: KafkaSettings, topology: Topology, progress: OnProgress | None = None, workflow_id: str | None = None
) -> AuditVerdict:
    """The verdict on all sessions and replies there are now, or on those of one workflow.

    A session may come and a command be issued meanwhile: replies are read before sessions, commands after them.
    """
    commands, sessions = Commands(), Sessions()
    commands.add_all(read_audit(kafka, topology, workflow_id, progress))
    for at_ms, record in read_activity(kafka, topology):
        if workflow_id is None or record.workflow_id in (None, workflow_id):
            sessions.add(at_ms, record)
    if not sessions.commands.keys() <= commands.issued:
        later = Commands()
        later.add_all(read_audit(kafka, topology, workflow_id))
        commands.issued |= later.issued
    return compared(commands, sessions)
