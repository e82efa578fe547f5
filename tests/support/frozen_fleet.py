"""A partition whose vehicles are in the middle of all that can happen, to be frozen and finished by later engines."""

from pathlib import Path
from typing import Any

from master_orchestrator_schemas.vocabulary import AgentType, Answer, Channel, OperatorAction, State
from support.engine_partition import (
    SERVED,
    EngineOfPartition,
    InputRecord,
    PartitionContent,
    PartitionVehicle,
    frozen_topology,
)

FOLDER = Path(__file__).parents[1] / "versions"
DAY_MS = 86_400_000
CAUSE = {"component": "coil", "probability": 0.9, "subsystem": "ignition", "dtc": "P0301"}
RESULTS: dict[str, dict[str, Any]] = {
    "data_analysis": {"anomalies": [{"description": "misfire", "subsystem": "ignition", "rule": "dtc:P0301"}]},
    "diagnosis": {"causes": [CAUSE], "operations": [{"name": "replace_coil", "labour_hours": 1.5, "parts": ["C-1"]}]},
    "customer_engagement": {"answer": "ACCEPT", "preferred_from_ms": 1_700_000_000_000},
}
WORKING = (State.DIAGNOSIS, State.CUSTOMER_ENGAGEMENT, State.SCHEDULING, State.IN_SERVICE, State.FEEDBACK)


def frozen_fleet() -> PartitionContent:
    """Every vehicle is named after what it waits for. The newest batch's commands are in the outbox alone."""
    engine = EngineOfPartition(frozen_topology(), PartitionContent())
    _watched(engine)
    _foretold(engine)
    for state in WORKING:
        _in_state(engine, state)
    _in_state(engine, State.SCHEDULED)
    _retrying(engine)
    _raised(engine)
    _conversing(engine)
    _campaigns(engine)
    _served(engine)
    _ended(engine)
    _side_tasks(engine)
    _undelivered(engine)
    return engine.partition


def _watched(engine: EngineOfPartition) -> None:
    """Healthy; and hot for two readings, of which the third would open a workflow."""
    PartitionVehicle(engine, "healthy").reading(model="T-Line", odometer_m=81_000_000.0, tyre_fl_kpa=230.0)
    hot = PartitionVehicle(engine, "hot")
    for _ in range(3):
        hot.reading(coolant_temp_c=117.0 if hot.offsets["all"] else 95.0)
        hot.wait(5_000)


def _foretold(engine: EngineOfPartition) -> None:
    """Pads that wear fast: what is remembered of them from day to day has opened a workflow."""
    worn = PartitionVehicle(engine, "worn")
    for day in range(18):
        worn.reading(brake_pad_wear_fl_pct=45.0 + 1.2 * day)
        worn.wait(DAY_MS)


def _in_state(engine: EngineOfPartition, state: State) -> None:
    vehicle = PartitionVehicle(engine, state.value.lower())
    vehicle.fault("P0301", model="T-Line", odometer_m=81_000_000.0)
    start_ms = vehicle.at_ms + DAY_MS
    booked = {"appointment_id": "a1", "workshop_id": "ws-1", "start_ms": start_ms, "end_ms": start_ms + 7_200_000}
    vehicle.advance_to(state, **RESULTS, scheduling=booked)


def _retrying(engine: EngineOfPartition) -> None:
    """In RETRY after a failure; and in the second execution of a step after a time-out."""
    failed = PartitionVehicle(engine, "retry")
    failed.fault("P0562")
    failed.fail()
    again = PartitionVehicle(engine, "executed-again")
    again.fault("P0562")
    again.tick()
    again.tick()


def _raised(engine: EngineOfPartition) -> None:
    """A command issued again on a higher lane."""
    vehicle = PartitionVehicle(engine, "raised")
    vehicle.fault("P0128")
    vehicle.wait(1_000)
    vehicle.fault("P0217")


def _conversing(engine: EngineOfPartition) -> None:
    """The owner's answer is waited for; the second contact is on its way, after an opt-out; an offer was chosen."""
    names = ("answer-awaited", "contacted-again", "offer-chosen")
    awaited, again, chosen = vehicles = [PartitionVehicle(engine, name) for name in names]
    for vehicle in vehicles:
        vehicle.fault("P0301")
        vehicle.advance_to(State.CUSTOMER_ENGAGEMENT, **RESULTS)
        start_ms = vehicle.at_ms + DAY_MS
        slot = {"workshop_id": "ws-1", "start_ms": start_ms, "end_ms": start_ms + 1, "held_until_ms": start_ms}
        vehicle.reply({"channel": "push", "waits_until_ms": vehicle.at_ms + 7_200_000, "offers": [slot]})
    again.answer(Answer.OPT_OUT, channel=Channel.PUSH, contact_id=again.last_command.command_id)
    chosen.answer(Answer.ACCEPT, offer=1)
    awaited.answer(Answer.OPT_OUT, workflow_id="answer-awaited~7")


def _campaigns(engine: EngineOfPartition) -> None:
    """Opened for a campaign; and booked for something else, so that the campaign's work waits."""
    PartitionVehicle(engine, "campaign-opened").campaign("R-1")
    waiting = PartitionVehicle(engine, "campaign-waits")
    waiting.fault("P0301")
    start_ms = waiting.at_ms + DAY_MS
    waiting.advance_to(State.SCHEDULED, **RESULTS, scheduling={"start_ms": start_ms, "end_ms": start_ms + 1})
    waiting.campaign("R-1")


def _served(engine: EngineOfPartition) -> None:
    """Regular service is due, and with DATA_ANALYSIS; the same was done, and the odometer has jumped since."""
    due, done = vehicles = [PartitionVehicle(engine, name) for name in SERVED]
    for vehicle in vehicles:
        for day in range(20):
            vehicle.reading(odometer_m=50_000_000.0 + 48_000 * day, speed_kmh=60.0)
            vehicle.wait(DAY_MS)
    assert due.workflow.service
    done.advance_to(State.COMPLETED)
    for day in range(2):
        done.reading(odometer_m=80_000_000.0 + 48_000 * day)
        done.wait(DAY_MS)


def _ended(engine: EngineOfPartition) -> None:
    cancelled = PartitionVehicle(engine, "cancelled")
    cancelled.fault("P0301")
    cancelled.advance_to(State.CUSTOMER_ENGAGEMENT, **RESULTS)
    cancelled.operator(OperatorAction.CANCEL)
    declined = PartitionVehicle(engine, "declined")
    declined.fault("P0301")
    declined.advance_to(State.CUSTOMER_ENGAGEMENT, **RESULTS)
    declined.reply({"answer": "DECLINE"})


def _side_tasks(engine: EngineOfPartition) -> None:
    """The MANUFACTURING_QUALITY task waits for its next attempt; and that of a workflow which another has replaced."""
    retrying = PartitionVehicle(engine, "side-task-retrying")
    retrying.fault("P0301")
    retrying.advance_to(State.FEEDBACK, **RESULTS)
    retrying.fail(command=next(c for c in retrying.commands if c.agent is AgentType.MANUFACTURING_QUALITY))
    older = PartitionVehicle(engine, "side-task-of-older")
    older.fault("P0128")
    older.advance_to(State.FEEDBACK, **RESULTS)
    older.wait(1_000)
    older.fault("P0217")


def _undelivered(engine: EngineOfPartition) -> None:
    """Three vehicles open in one batch: their commands have not left the outbox."""
    batch: list[InputRecord] = []
    for number in range(3):
        vehicle = PartitionVehicle(engine, f"undelivered-{number}")
        vehicle.held = batch
        vehicle.fault("P0301")
    engine.apply(*batch)
