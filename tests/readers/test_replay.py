"""A replay gives the trail's bytes again from any history, and finds whatever is not as the engine left it."""

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace
from support.core_vehicle import TOPICS, policy_of
from support.input_log import ACTIONS, CODEC, READINGS, InputLog, LoggedVehicle, driven

from master_orchestrator.core.audit_chain import hash_of
from master_orchestrator.core.inputs import Input
from master_orchestrator.core.outcome import Outcome
from master_orchestrator.core.policy import Policy
from master_orchestrator.core.state import VehicleState
from master_orchestrator.core.step import step
from master_orchestrator.readers import replay
from master_orchestrator.readers.replay_verdict import Difference
from master_orchestrator_schemas.messages import Cause, Reply, Telemetry, Timer
from master_orchestrator_schemas.topology import load_topology
from master_orchestrator_schemas.vocabulary import AgentType, OperatorAction, Priority, ServiceEventKind, State

TOPOLOGY = load_topology()
CLOCK, FEED = policy_of(TOPOLOGY), policy_of(TOPOLOGY, feed=True)
POLICIES = {"clock": CLOCK, "feed": FEED, "two agents fewer": policy_of(TOPOLOGY, without=(AgentType.FEEDBACK,))}

moves = st.lists(
    st.tuples(st.integers(0, 2), st.sampled_from(sorted(ACTIONS)), st.integers(0, 59)), min_size=1, max_size=80
)


@given(moves=moves, name=st.sampled_from(sorted(POLICIES)))
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
def test_any_history_gives_the_same_bytes_again(moves: list[tuple[int, str, int]], name: str) -> None:
    log = driven(POLICIES[name], moves)

    for applied in ({}, log.ends):
        replayed = log.replayed(POLICIES[name], applied=applied)

        assert ((), ()) == (replayed.differences, replayed.untold)
        assert len(log.trail) == replayed.records


@pytest.fixture
def log() -> InputLog:
    """Two vehicles through all that a workflow can meet, their inputs interleaved."""
    log = InputLog()
    one, other = LoggedVehicle(FEED, "v-1", log), LoggedVehicle(FEED, "v-2", log)
    for _ in range(3):
        other.wait(20_000)
        other.reading(coolant_temp_c=118.0)
        one.refused(TOPICS[Reply], b"nothing")
    one.reading()
    one.wait(1_000)
    one.fault("P0301")
    other.wait(1_000)
    other.fault("C0035")
    one.fail()
    one.send(one.timer(_deadline(one)))
    one.wait(1_000)
    one.reading(odometer_m=7e6)
    one.tick()
    one.operator(OperatorAction.SET_PRIORITY, Priority.URGENT)
    other.advance_to(State.COMPLETED)
    one.advance_to(State.SCHEDULED)
    one.service(ServiceEventKind.NO_SHOW)
    one.advance_to(State.COMPLETED)
    one.reading(check_requested=True, ts_ms=one.at_ms + 1)
    one.operator(OperatorAction.CANCEL)
    other.reading(ts_ms=other.at_ms + 1)
    return log


def _deadline(vehicle: LoggedVehicle) -> Any:
    from master_orchestrator.core.step import deadlines

    return deadlines(vehicle.vehicle_id, vehicle.state)[0]


def test_the_history_of_these_tests_is_clean(log: InputLog) -> None:
    replayed = log.replayed(FEED)
    assert ((), (), 2, len(log.trail)) == (replayed.differences, replayed.untold, replayed.vehicles, replayed.records)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("at_ms", 1),
        ("event", "step_skipped"),
        ("actor", "operator:eve"),
        ("from_state", State.SCHEDULED),
        ("priority", Priority.ROUTINE),
        ("reason", "otherwise"),
        ("attempt", 3),
        ("details", '{"because":"eve"}'),
        ("prev_hash", "f" * 64),
        ("hash", "f" * 64),
    ],
)
def test_a_tampered_record_is_named_with_its_field(log: InputLog, field: str, value: object) -> None:
    """Even if the forger has made the hash fit again."""
    for index in range(0, len(log.trail), 5):
        honest = log.trail[index]
        if getattr(honest[1], field) == value:
            continue
        forged = log.change(index, **{field: value})
        if field != "hash":
            forged = log.change(index, hash=hash_of(forged))

        (difference,) = log.replayed(FEED).differences

        assert (forged.workflow_id, forged.seq, field) == (difference.workflow_id, difference.seq, difference.field)
        log.trail[index] = honest


def test_other_bytes_of_the_same_content_are_a_difference(log: InputLog) -> None:
    index = next(i for i, record in enumerate(log.records) if len(record.positions) > 1)
    record = log.records[index]
    backwards = replace(record, positions=dict(reversed(record.positions.items())))
    assert record == backwards
    log.trail[index] = (CODEC.encode(backwards), backwards)

    assert [(record.seq, "bytes")] == [(d.seq, d.field) for d in log.replayed(FEED).differences]


def test_positions_that_name_another_history_are_found(log: InputLog) -> None:
    for index in range(len(log.trail)):
        honest = log.trail[index]
        record = honest[1]
        log.change(index, positions=record.positions | {READINGS: record.positions[READINGS] + 1})
        assert 1 == len(log.replayed(FEED).differences), record
        log.trail[index] = honest


def test_every_deleted_record_is_missed_but_a_vehicle_s_newest(log: InputLog) -> None:
    """What should stand after the newest record is another check's: the engine may not have read so far."""
    newest = {record.vehicle_id: index for index, record in enumerate(log.records)}
    for index in set(range(len(log.trail))) - set(newest.values()):
        deleted = log.trail.pop(index)
        (difference,) = log.replayed(FEED).differences
        assert deleted[1].vehicle_id == difference.workflow_id.rpartition("~")[0]
        log.trail.insert(index, deleted)


def test_a_vehicle_s_newest_record_is_missed_as_far_as_the_inputs_are_known_to_be_applied(log: InputLog) -> None:
    deleted = log.trail.pop()[1]
    before = log.ends | {deleted.cause.topic: deleted.cause.offset}

    (difference,) = log.replayed(FEED, applied=log.ends).differences

    assert (deleted.workflow_id, deleted.seq, "record") == (difference.workflow_id, difference.seq, difference.field)
    assert () == log.replayed(FEED, applied=before).differences


def test_an_invented_record_is_found(log: InputLog) -> None:
    newest = log.records[-1]
    invented = replace(newest, seq=newest.seq + 1)
    log.trail.append((CODEC.encode(invented), invented))

    (difference,) = log.replayed(FEED).differences

    assert (invented.workflow_id, invented.seq, "record") == (difference.workflow_id, difference.seq, difference.field)


def test_an_exact_repeat_of_the_newest_record_is_none(log: InputLog) -> None:
    log.trail.insert(5, log.trail[4])
    assert () == log.replayed(FEED).differences


def test_every_missing_cause_is_named_by_the_record_it_caused(log: InputLog) -> None:
    inputs = log.inputs
    first_by_cause = {record.cause: record for record in reversed(log.records)}
    for cause, record in first_by_cause.items():
        log.inputs = [arrived for arrived in inputs if arrived.cause != cause]
        (difference,) = log.replayed(FEED).differences
        assert (record.workflow_id, record.seq, "cause") == (difference.workflow_id, difference.seq, difference.field)


def test_a_missing_reading_that_left_no_record_shows_in_what_came_of_it() -> None:
    log = InputLog()
    vehicle = LoggedVehicle(CLOCK, "v-1", log)
    for _ in range(40):
        vehicle.wait(5_000)
        vehicle.reading(coolant_temp_c=118.0)
    assert "workflow_opened" == log.records[0].event
    assert () == log.replayed(CLOCK).differences
    del log.inputs[0]

    (difference,) = log.replayed(CLOCK).differences

    assert ("v-1~0", 0) == (difference.workflow_id, difference.seq)


def test_a_reading_that_was_not_there_is_found_where_it_opens_a_workflow(log: InputLog) -> None:
    first = next(i for i, arrived in enumerate(log.inputs) if arrived.key == b"v-1" and arrived.cause.topic == READINGS)
    opener = next(a for a in log.inputs if a.cause == next(r.cause for r in log.records if r.vehicle_id == "v-1"))
    log.inputs[first] = log.inputs[first]._replace(value=opener.value)

    (difference,) = log.replayed(FEED).differences

    assert ("v-1~0", 0, "record") == (difference.workflow_id, difference.seq, difference.field)


def test_an_undecodable_cause_is_told(log: InputLog) -> None:
    cause = log.records[0].cause
    log.inputs = [a._replace(value=b"?") if a.cause == cause else a for a in log.inputs]

    (difference,) = log.replayed(FEED).differences

    assert "cause" == difference.field
    assert "undecodable" in difference.text


def test_what_the_engine_failed_at_and_set_aside_the_replay_leaves_out_too(monkeypatch: pytest.MonkeyPatch) -> None:
    log = InputLog()
    vehicle = LoggedVehicle(FEED, "v-1", log)
    vehicle.fault("P0301")
    poison = log.append(TOPICS[Telemetry], vehicle.at_ms, b"v-1", log.inputs[-1].value)
    vehicle.advance_to(State.SCHEDULED)

    def failing(policy: Policy, vehicle_id: str, state: VehicleState | None, given: Input) -> Outcome:
        if given.cause == poison.cause:
            raise ZeroDivisionError
        return step(policy, vehicle_id, state, given)

    monkeypatch.setattr(replay, "step", failing)
    replayed = log.replayed(FEED)
    assert ((), len(log.trail)) == (replayed.differences, replayed.records)


def test_another_rule_shows_at_the_first_record_it_makes_differ(log: InputLog) -> None:
    waits = FEED.retry_waits_ms
    changed = replace(FEED, retry_waits_ms=(waits[0] + 1, *waits[1:]))
    failed = next(record for record in log.records if record.event == "step_failed")

    (difference,) = log.replayed(changed).differences

    assert Difference(failed.workflow_id, failed.seq, "details", difference.text) == difference
    assert "retry_at_ms" in difference.text


def test_only_the_vehicle_that_differs_is_named(log: InputLog) -> None:
    index = next(i for i, record in enumerate(log.records) if record.vehicle_id == "v-2")
    log.change(index, actor="operator:eve")

    replayed = log.replayed(FEED)

    assert ["v-2~0"] == [difference.workflow_id for difference in replayed.differences]
    assert sum(record.vehicle_id == "v-1" for record in log.records) == replayed.records


# --- inputs that retention took ---


def test_a_vehicle_whose_inputs_are_gone_cannot_be_replayed(log: InputLog) -> None:
    tick = next(record for record in log.records if record.cause.topic == TOPICS[Timer])
    replayed = log.replayed(FEED, {TOPICS[Timer]: tick.cause.offset + 1})

    assert () == replayed.differences
    assert tick.vehicle_id in [untold.vehicle_id for untold in replayed.untold]


def test_inputs_gone_that_no_record_rests_on_do_no_harm() -> None:
    """Early ticks, and the inputs of others."""
    log = InputLog()
    one = LoggedVehicle(CLOCK, "v-1", log)
    one.fault("P0301")
    one.send(one.timer(_deadline(one)))
    one.send(one.timer(_deadline(one)))
    one.fail()

    replayed = log.replayed(CLOCK, {TOPICS[Timer]: 1})

    assert ((), (), len(log.trail)) == (replayed.differences, replayed.untold, replayed.records)


def test_where_early_readings_are_gone_a_difference_is_no_proof() -> None:
    log = InputLog()
    one, other = LoggedVehicle(CLOCK, "v-1", log), LoggedVehicle(CLOCK, "v-2", log)
    for _ in range(40):
        one.wait(5_000)
        one.reading(coolant_temp_c=118.0)
    other.wait(200_000)
    other.fault("P0301")

    replayed = log.replayed(CLOCK, {READINGS: 2})

    assert () == replayed.differences
    assert ["v-1"] == [untold.vehicle_id for untold in replayed.untold]
    assert (1, sum(record.vehicle_id == "v-2" for record in log.records)) == (replayed.vehicles, replayed.records)


def test_a_cause_on_a_topic_that_is_no_input_is_a_difference(log: InputLog) -> None:
    log.change(0, cause=Cause(topic="elsewhere", partition=3, offset=0), positions={"elsewhere": 1})
    assert ["cause"] == [difference.field for difference in log.replayed(FEED).differences]


def test_positions_before_the_first_input_are_no_way_to_pass_for_gone(log: InputLog) -> None:
    record = log.records[0]
    log.change(0, positions=record.positions | {TOPICS[Timer]: -5})

    assert 1 == len(log.replayed(FEED).differences)
