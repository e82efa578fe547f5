"""An engine reads what engines of older versions have stored, in the middle of everything, and finishes it."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from unittest import mock

import msgspec
import pytest
from msgspec.structs import replace
from support.engine_partition import EngineOfPartition, PartitionContent, PartitionVehicle, frozen_topology
from support.frozen_fleet import FOLDER
from support.state_shape import state_shape

from master_orchestrator.core import state as state_module
from master_orchestrator.core.audit_chain import verify_chain
from master_orchestrator.core.errors import ForeignStateError
from master_orchestrator.core.fold import as_folded, fold_audit
from master_orchestrator.core.state import decode_state, encode_state
from master_orchestrator.core.state_versions import STATE_VERSION, Fields, Upgrade
from master_orchestrator.core.step import deadlines
from master_orchestrator.core.table import is_vehicle, unpack_vehicle
from master_orchestrator.core.triage import trends
from master_orchestrator_schemas.messages import AuditRecord, Status
from master_orchestrator_schemas.vocabulary import OperatorAction, State

FROZEN = sorted(FOLDER.glob("v*.jsonl"))
ODOMETER = 6
"""The place of ``odometer_m`` in version 1."""

frozen_version = pytest.mark.parametrize("frozen", FROZEN, ids=[path.stem for path in FROZEN])


@frozen_version
def test_every_workflow_of_an_older_version_is_finished(frozen: Path) -> None:
    engine = EngineOfPartition(frozen_topology(), PartitionContent.read(frozen))
    vehicles = [key.decode() for key in engine.partition.table if is_vehicle(key)]
    assert len(vehicles) >= 17
    for vehicle_id in vehicles:
        _finish(PartitionVehicle(engine, vehicle_id))


@frozen_version
def test_the_trail_of_an_older_version_is_whole_and_says_what_its_statuses_say(frozen: Path) -> None:
    topology, partition = frozen_topology(), PartitionContent.read(frozen)
    vehicles = [key.decode() for key in partition.table if is_vehicle(key)]
    for vehicle_id in vehicles:
        trail = partition.of_vehicle(vehicle_id, topology.topic_of("AuditRecord"), AuditRecord)
        statuses = partition.of_vehicle(vehicle_id, topology.topic_of("Status"), Status)
        assert [] == verify_chain(trail)
        assert {status.workflow_id: as_folded(status) for status in statuses} == fold_audit(trail)


def _finish(vehicle: PartitionVehicle) -> None:
    """Take a vehicle from wherever it stands to the end of its workflow, and of its side tasks."""
    if vehicle.state.workflow is None:
        vehicle.reading(check_requested=True)
    elif vehicle.workflow.state is State.FAILED:
        vehicle.operator(OperatorAction.REDRIVE)
    vehicle.advance_to(State.COMPLETED)
    for command in vehicle.commands:
        vehicle.reply(command=command)
    for deadline in deadlines(vehicle.vehicle_id, vehicle.state):  # of a side task that waits for its next attempt
        vehicle.tick(deadline)
        vehicle.reply()
    assert [] == deadlines(vehicle.vehicle_id, vehicle.state)
    records = vehicle.trail()
    assert [] == verify_chain(records)
    assert {State.COMPLETED} == {status.state for status in fold_audit(records).values()}


def test_what_a_hot_engine_was_seen_to_do_before_counts_after() -> None:
    """The third hot reading opens the workflow, for which the first two came before the upgrade."""
    vehicle = PartitionVehicle(EngineOfPartition(frozen_topology(), PartitionContent.read(FROZEN[0])), "hot")
    vehicle.reading(coolant_temp_c=118.0, ts_ms=vehicle.state.trackers.ts_ms + 5_000)
    assert ["coolant_boiling"] == [finding.rule for finding in vehicle.workflow.findings]


def test_what_version_6_remembered_of_worn_pads_is_known_after_the_upgrade() -> None:
    engine = EngineOfPartition(frozen_topology(), PartitionContent.read(FOLDER / "v6.jsonl"))
    vehicle = PartitionVehicle(engine, "worn")
    known = {trend.signal: trend for trend in trends(engine.policy.triage, vehicle.state.trackers)}
    assert 1.2 == pytest.approx(known["brake_pad_wear_fl_pct"].per_day, rel=0.05)
    assert vehicle.state.trackers.due_ms > 0


def test_the_newest_version_is_frozen_as_it_is() -> None:
    shape = FOLDER / f"v{STATE_VERSION}.shape"
    assert shape.read_text(encoding="utf-8") == state_shape(), (
        "what the engine stores has changed: raise STATE_VERSION and add a step to UPGRADES (core/state_versions.py), "
        "then python tests/versions/freeze.py"
    )


# --- versions that there are not yet, and no longer ---


@contextmanager
def engine_of(version: int, upgrades: Mapping[int, Upgrade]) -> Iterator[None]:
    """The code as an engine of another version would have it."""
    with (
        mock.patch.object(state_module, "STATE_VERSION", version),
        mock.patch.object(state_module, "NEWEST", state_module.NEWEST[:3] + version.to_bytes()),
        mock.patch.object(state_module, "UPGRADES", upgrades),
    ):
        yield


def in_kilometres(fields: Fields) -> Fields:
    """A step that changes what a field means."""
    metres = fields[ODOMETER]
    return [*fields[:ODOMETER], None if metres is None else metres / 1000, *fields[ODOMETER + 1 :]]


def test_a_later_engine_upgrades_step_by_step_and_finishes_all() -> None:
    """Two versions on: the first step changes a field's meaning, the second one appends a field."""
    steps = {STATE_VERSION: in_kilometres, STATE_VERSION + 1: lambda fields: [*fields, "a later field"]}
    partition, later = PartitionContent.read(FOLDER / f"v{STATE_VERSION}.jsonl"), STATE_VERSION + 2
    with engine_of(later, steps):
        engine = EngineOfPartition(frozen_topology(), partition)
        scheduled = PartitionVehicle(engine, "scheduled")
        assert (later, 81_000.0) == (scheduled.state.version, scheduled.state.odometer_m)
        for vehicle_id in [key.decode() for key in partition.table if is_vehicle(key)]:
            _finish(PartitionVehicle(engine, vehicle_id))
    stored = [unpack_vehicle(value)[1] for key, value in partition.table.items() if is_vehicle(key)]
    assert {later} == {msgspec.msgpack.decode(state)[0] for state in stored}


def test_a_state_without_the_newest_field_takes_its_default() -> None:
    vehicle = PartitionVehicle(EngineOfPartition(frozen_topology(), PartitionContent()), "v-1")
    vehicle.fault("P0301")
    fields = msgspec.msgpack.decode(encode_state(vehicle.state))
    older = msgspec.msgpack.encode([0, *fields[1:-1]])
    with engine_of(STATE_VERSION, dict.fromkeys(range(STATE_VERSION), lambda fields: fields)):
        assert replace(vehicle.state, gateway=None) == decode_state(older)


def test_a_newer_state_is_refused_and_told_what_to_do() -> None:
    newer = msgspec.msgpack.encode([STATE_VERSION + 1, "who knows what"])
    with pytest.raises(
        ForeignStateError, match=rf"version {STATE_VERSION + 1}, written by a newer engine.*upgrade this engine"
    ):
        decode_state(newer)


def test_a_state_that_is_too_old_is_refused_and_told_what_to_do() -> None:
    with pytest.raises(
        ForeignStateError, match=rf"version 0, which this engine \(version {STATE_VERSION}\) cannot upgrade"
    ):
        decode_state(msgspec.msgpack.encode([0, []]))


def test_bytes_that_are_no_state_are_no_version() -> None:
    with pytest.raises(msgspec.DecodeError):
        decode_state(b"\x91\xa5hello")
