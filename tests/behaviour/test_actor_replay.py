"""The replay of an actor's inputs gives the bytes of its trail, and says so where it does not."""

from collections import deque

import msgspec
import pytest
from support.actor_partition import CODEC, MINUTE_MS, ActorPartition, Worker
from support.actor_partition import topology_of_one as topology_of_one_

from master_orchestrator.behaviour.acts import HOUR_MS
from master_orchestrator.behaviour.conduct import Conduct
from master_orchestrator.behaviour.repeats import CHUNK, CHUNKS
from master_orchestrator.behaviour.trail import hash_of
from master_orchestrator.core.audit_chain import Violation, verify_chain
from master_orchestrator.core.intake import RecordReader
from master_orchestrator.readers.replay import Arrived
from master_orchestrator.readers.verify_actors import ActorReplay, Written
from master_orchestrator_schemas.messages import ActorRecord, ActorTick, Cause, SessionAct, UebaRequest
from master_orchestrator_schemas.registry import UEBA_INPUTS, UebaBody
from master_orchestrator_schemas.vocabulary import ActError, Action, ActOutcome, DeniedBy, Phase, UebaAction

AGENT = "agent:FEEDBACK"
READ = SessionAct(action=Action.READ, resource="survey", rows=3, max_rows=3)
BREACH = SessionAct(
    action=Action.READ, resource="audit_log", outcome=ActOutcome.DENIED, error=ActError.DENIED, denied_by=DeniedBy.LINE
)


@pytest.fixture(scope="module")
def lived() -> ActorPartition:
    """An agent that worked for days, was found out twice, answered for it, and was asked about."""
    partition = ActorPartition(topology_of_one_(charters={}))
    worker = Worker(partition, AGENT)
    for number in range(40):
        partition.apply(*(worker.session(READ) for _ in range(6)), ActorTick(actor=AGENT, deadline_id="band", due_ms=1))
        partition.at_ms += 5 * HOUR_MS
        if number in {20, 30}:
            partition.apply(worker.session(BREACH, READ))
            partition.apply_bytes(("Activity", AGENT.encode(), b"not readable"))
            partition.apply(_release(f"r-{number}"), _release(f"r-{number}"))
            partition.at_ms += MINUTE_MS
    dump = SessionAct(action=Action.READ, resource="survey", count=90, rows=9_000, max_rows=100)
    partition.apply(worker.session(dump), worker.session(goodbye=True))
    return partition


def _release(name: str) -> UebaRequest:
    return UebaRequest(actor=AGENT, request_id=name, action=UebaAction.RELEASE, by="ada", reason="mended")


def written(partition: ActorPartition) -> list[Written]:
    topic = partition.topology.topic_of("ActorRecord")
    values = [record.value for record in partition.outputs if record.topic == topic]
    return [Written(CODEC.decode(value, ActorRecord), value) for value in values]


def replayed(
    partition: ActorPartition, trail: list[Written], without: Cause | None = None, actor: str = AGENT
) -> tuple[Violation | None, ActorReplay]:
    inputs: dict[str, deque[Arrived]] = {}
    for topic, record in partition.inputs:
        cause = Cause(topic=topic, partition=0, offset=record.offset)
        if cause != without:
            inputs.setdefault(topic, deque()).append(Arrived(cause, record.timestamp, record.key, record.value))
    topology = partition.topology
    reader: RecordReader[UebaBody] = RecordReader(topology, CODEC, UEBA_INPUTS, "actor")
    replay = ActorReplay(actor, Conduct.from_topology(topology), reader, CODEC)
    return replay.run(trail, inputs, dict.fromkeys(topology.ueba_input_topics, 10**9)), replay


def test_the_inputs_give_the_same_bytes_again(lived: ActorPartition) -> None:
    trail = written(lived)
    events = {each.record.event for each in trail}
    assert {"finding_raised", "band_changed", "control_set", "control_released"} <= events
    violation, replay = replayed(lived, trail)
    assert violation is None
    assert len(trail) == replay.records
    assert [] == verify_chain([each.record for each in trail], lambda record: record.actor, hash_of)


def test_a_finding_that_grew_by_a_tick_grows_in_the_replay_too() -> None:
    """Nothing told of the second silence, so a replay did not know that the finding went on, and began another one."""
    partition = ActorPartition(topology_of_one_(charters={}))
    first, second, third = (Worker(partition, AGENT, f"w{number}@h") for number in range(3))
    for silent in (first, second):
        partition.apply(silent.session(READ))
        partition.at_ms += 40 * MINUTE_MS
        partition.apply(ActorTick(actor=AGENT, deadline_id="silence", due_ms=1))
    partition.apply(second.session(READ), third.session(READ))
    third.seq += 1
    partition.at_ms += 40 * MINUTE_MS
    partition.apply(third.session(READ))
    partition.apply(third.session(goodbye=True))
    violation, _ = replayed(partition, written(partition))
    assert violation is None


@pytest.mark.parametrize("deadline", ["band", "tell", "until"])
@pytest.mark.parametrize(("actor", "lag_ms"), [(AGENT, 6 * MINUTE_MS), ("operator:ada", 25 * HOUR_MS)])
def test_a_tick_that_overtakes_activity_judges_none_of_it(deadline: str, actor: str, lag_ms: int) -> None:
    """After an outage of the app these ticks come at once, and the activity of the outage is read after them."""
    partition = ActorPartition(topology_of_one_(charters={}))
    first, second = (Worker(partition, actor, f"w{number}@h") for number in range(2))
    partition.apply(first.session(READ), first.session(goodbye=True))
    began_ms = partition.at_ms
    partition.at_ms = began_ms + lag_ms
    partition.apply(ActorTick(actor=actor, deadline_id=deadline, due_ms=1))
    partition.at_ms = began_ms + MINUTE_MS // 2
    partition.apply(second.session(READ, phase=Phase.BEFORE))
    partition.at_ms = began_ms + lag_ms + MINUTE_MS
    partition.apply(second.session(BREACH))
    trail = written(partition)
    violation, replay = replayed(partition, trail, actor=actor)
    assert violation is None
    assert 0 < len(trail) == replay.records


def test_activity_from_before_a_tick_that_found_nothing_may_be_read_after_it() -> None:
    """A broker's clock was set back by a day: the replay applied what was begun then first, and the tick found it."""
    partition = ActorPartition(topology_of_one_(charters={}))
    ada = Worker(partition, "operator:ada")
    for known in (False, True):
        if known:
            partition.apply(ada.session(READ))
        partition.apply(ActorTick(actor="operator:ada", deadline_id="unheard", due_ms=partition.at_ms))
    now_ms, partition.at_ms = partition.at_ms, 0
    partition.apply(ada.session(READ, phase=Phase.BEFORE))
    partition.at_ms = now_ms + MINUTE_MS
    partition.apply(ada.session(BREACH))
    trail = written(partition)
    violation, replay = replayed(partition, trail, actor="operator:ada")
    assert violation is None
    assert 0 < len(trail) == replay.records


def test_brokers_whose_clocks_differ_by_minutes_lead_to_the_same_silence() -> None:
    """Ticks are stamped seven minutes later than activity: the five minutes begin again, and no record said when."""
    partition = ActorPartition(topology_of_one_(charters={}))
    worker = Worker(partition, AGENT)
    partition.apply(worker.session(READ))
    for _ in range(2):
        partition.at_ms += 7 * MINUTE_MS
        partition.apply(ActorTick(actor=AGENT, deadline_id="silence", due_ms=partition.at_ms))
        partition.at_ms -= 2 * MINUTE_MS
        partition.apply(worker.session(READ))
    trail = written(partition)
    assert "finding_raised" in {each.record.event for each in trail}
    violation, _ = replayed(partition, trail)
    assert violation is None


@pytest.mark.parametrize("deadline", ["band", "tell", "until"])
def test_a_tick_about_an_actor_of_whom_nothing_is_known_stays_before_what_follows(deadline: str) -> None:
    """It was a dead letter, and a replay came to it after a control that had ended by then."""
    partition = ActorPartition(topology_of_one_(charters={}))
    worker = Worker(partition, AGENT)
    partition.apply(ActorTick(actor=AGENT, deadline_id=deadline, due_ms=1))
    partition.at_ms -= 25 * HOUR_MS
    partition.apply(worker.session(BREACH))
    partition.at_ms += MINUTE_MS
    partition.apply(ActorTick(actor=AGENT, deadline_id="tell", due_ms=1), worker.session(goodbye=True))
    partition.apply(_release("r"))
    trail = written(partition)
    assert "control_set" in {each.record.event for each in trail}
    violation, _ = replayed(partition, trail)
    assert violation is None


def test_activity_is_applied_first_behind_the_trail_too_in_whatever_order_topics_are_read() -> None:
    partition = ActorPartition(topology_of_one_(charters={}))
    partition.apply(Worker(partition, AGENT).session(READ))
    partition.apply(ActorTick(actor=AGENT, deadline_id="tell", due_ms=1))
    partition.inputs.reverse()
    violation, _ = replayed(partition, written(partition))
    assert violation is None


def test_a_request_that_is_repeated_at_once_is_a_repeat_in_the_replay_too() -> None:
    """The replay applied the sessions after it first, by which time the request's id was forgotten."""
    partition = ActorPartition(topology_of_one_(charters={}))
    worker = Worker(partition, AGENT)
    partition.apply(worker.session(READ))
    partition.apply(_release("r"), _release("r"))
    for _ in range(CHUNK * CHUNKS // 64):
        partition.apply(*(worker.session() for _ in range(64)))
    violation, _ = replayed(partition, written(partition))
    assert violation is None


def test_a_silence_that_was_taken_out_and_chained_again_is_found() -> None:
    """The instance speaks again before the next record, so that a tick at another place found nothing."""
    partition = ActorPartition(topology_of_one_(charters={}))
    worker = Worker(partition, AGENT)
    partition.apply(worker.session(READ))
    partition.at_ms += 5 * MINUTE_MS
    partition.apply(ActorTick(actor=AGENT, deadline_id="silence", due_ms=partition.at_ms))
    partition.apply(worker.session(READ))
    violation, _ = replayed(partition, [])
    assert violation is not None
    assert "not in the trail" in violation.text


def test_a_record_that_was_forged_and_chained_again_is_found(lived: ActorPartition) -> None:
    trail = written(lived)
    forged, before = [], "0" * 64
    for each in trail:
        record = msgspec.structs.replace(each.record, prev_hash=before)
        if record.event == "finding_raised":
            record = msgspec.structs.replace(record, details=record.details.replace("audit_log", "survey"))
        record = msgspec.structs.replace(record, hash=hash_of(record))
        before = record.hash
        forged.append(Written(record, CODEC.encode(record)))
    assert [] == verify_chain([each.record for each in forged], lambda record: record.actor, hash_of)
    violation, _ = replayed(lived, forged)
    assert violation is not None
    assert "gives another record" in violation.text


def test_a_tail_that_was_cut_is_found(lived: ActorPartition) -> None:
    violation, _ = replayed(lived, written(lived)[:-1])
    assert violation is not None
    assert "not in the trail" in violation.text


def test_a_cause_that_is_gone_is_found(lived: ActorPartition) -> None:
    trail = written(lived)
    violation, _ = replayed(lived, trail, without=trail[0].record.cause)
    assert violation is not None
    assert "is not there" in violation.text


@pytest.mark.parametrize("place", [0, 3, -1])
def test_an_edited_record_breaks_the_chain(lived: ActorPartition, place: int) -> None:
    records = [each.record for each in written(lived)]
    records[place] = msgspec.structs.replace(records[place], score=1.0)
    assert "edited" in {v.kind for v in verify_chain(records, lambda record: record.actor, hash_of)}
