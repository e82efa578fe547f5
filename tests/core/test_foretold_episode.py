"""A trend opens a workflow like any finding: once, with its date in the trail, the status and the agents' tasks."""

import json

from support.core_vehicle import CoreVehicle

from master_orchestrator_schemas.vocabulary import Priority, State

DAY_MS = 86_400_000


def test_what_is_coming_is_a_scheduled_episode_with_its_date(vehicle: CoreVehicle) -> None:
    for day in range(20):
        vehicle.reading(brake_pad_wear_fl_pct=45.0 + 1.2 * day)
        vehicle.wait(DAY_MS)
    (opened,) = vehicle.recorded("workflow_opened")
    (evidence,) = json.loads(opened.details)["evidence"]
    (status,) = vehicle.statuses.values()

    assert ("brake_pad_worn_trending", Priority.SCHEDULED) == (evidence["rule"], opened.priority)
    assert evidence["crossing_ms"] == status.evidence[0].crossing_ms
    assert evidence["crossing_low_ms"] <= evidence["crossing_ms"] <= evidence["crossing_high_ms"]
    (finding,) = vehicle.last_command.payload["findings"]
    assert evidence["crossing_ms"] == finding["crossing_ms"]
    vehicle.reply({"anomalies": [{"description": "pads", "subsystem": "brakes", "rule": "brake_pad_worn_trending"}]})
    assert State.DIAGNOSIS is vehicle.workflow.state
    (trend,) = [one for one in vehicle.last_command.payload["trends"] if one["signal"] == "brake_pad_wear_fl_pct"]
    assert 90.0 == trend["limit"]


def test_the_appointment_is_wanted_before_the_limit_is_reached(vehicle: CoreVehicle) -> None:
    for day in range(20):
        vehicle.reading(brake_pad_wear_fl_pct=45.0 + 1.2 * day)
        vehicle.wait(DAY_MS)
    cause = {"component": "brake_pads", "probability": 0.9, "subsystem": "brakes"}
    operation = {"name": "replace_pads", "labour_hours": 1.5}
    vehicle.advance_to(
        State.SCHEDULING,
        data_analysis={
            "anomalies": [{"description": "pads", "subsystem": "brakes", "rule": "brake_pad_worn_trending"}]
        },
        diagnosis={"causes": [cause], "operations": [operation]},
        customer_engagement={"answer": "ACCEPT"},
    )
    (finding,) = [one for one in vehicle.workflow.findings if one.crossing]

    assert finding.crossing is not None
    assert finding.crossing[0] == vehicle.last_command.payload["due_by_ms"]
