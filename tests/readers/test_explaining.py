"""`ueba explain` in sentences: score, findings, sessions, what was done, and what can be done."""

from support.actor_partition import MINUTE_MS, START_MS, ActorPartition, Worker, topology_of_one

from master_orchestrator.readers.explaining import explanation_text, explanation_value
from master_orchestrator_schemas.messages import ActorRecord, EntityStatus, SessionAct, UebaRequest
from master_orchestrator_schemas.vocabulary import ActError, Action, ActOutcome, DeniedBy, UebaAction, Verdict

AGENT = "agent:FEEDBACK"
BREACH = SessionAct(
    action=Action.READ, resource="audit_log", outcome=ActOutcome.DENIED, error=ActError.DENIED, denied_by=DeniedBy.LINE
)


def test_a_breach_is_explained_with_its_session_its_control_and_the_commands_to_answer_it() -> None:
    partition = ActorPartition(topology_of_one())
    partition.apply(Worker(partition, AGENT).session(BREACH))
    text = _explained(partition)
    assert text.startswith(f"{AGENT}: risk 85.5, band high, held to THROTTLE until ")
    assert "read of audit_log by agent:FEEDBACK: it fails the check of line; it was denied" in text
    assert "adds 85.5 to the score" in text
    assert "session command-0 by w@h: 1 act; workflow v-1~1" in text
    assert f"ueba ack {AGENT}/0 --benign" in text
    assert f"ueba release {AGENT}" in text
    assert "ueba: control set" in text


def test_what_came_on_top_of_what_the_trail_was_told_is_explained_too() -> None:
    """A finding that grows without becoming more severe is not told again: its second act was left out."""
    partition = ActorPartition(topology_of_one())
    worker = Worker(partition, AGENT)
    partition.apply(worker.session(BREACH, session="command-0"))
    told = len([record for record in partition.out(ActorRecord) if record.finding_id == f"{AGENT}/0"])
    partition.apply(worker.session(BREACH, session="command-0"), worker.session(BREACH, session="command-1"))
    assert told == len([record for record in partition.out(ActorRecord) if record.finding_id == f"{AGENT}/0"])
    partition.at_ms += MINUTE_MS
    partition.apply(worker.session())
    text = _explained(partition)
    assert "session command-0 by w@h: 2 acts; workflow v-1~1" in text
    assert "session command-1 by w@h: 1 act; workflow v-1~1" in text


def test_what_an_operator_did_is_told_with_name_and_reason() -> None:
    partition = ActorPartition(topology_of_one())
    partition.apply(Worker(partition, AGENT).session(BREACH))
    partition.apply(
        UebaRequest(
            actor=AGENT,
            request_id="1",
            action=UebaAction.ACKNOWLEDGE,
            by="ada",
            reason="a drill",
            finding_id=f"{AGENT}/0",
            verdict=Verdict.BENIGN,
        )
    )
    text = _explained(partition)
    assert "operator:ada: acknowledged of agent:FEEDBACK/0 BENIGN (a drill)" in text
    assert "risk 0, band quiet" in text


def _explained(partition: ActorPartition) -> str:
    status = partition.out(EntityStatus)[-1]
    return explanation_text(explanation_value(status, partition.out(ActorRecord), START_MS))
