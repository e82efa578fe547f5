"""A campaign on a real broker: each vehicle is asked for, until somebody closes the campaign."""

import uuid
from collections.abc import Callable

import pytest
from support.engine_process import EngineProcess

from master_orchestrator.client import campaigns
from master_orchestrator.client.asking import ask
from master_orchestrator.client.campaigns import ask_paced, campaign_request
from master_orchestrator.readers.campaigns import CampaignPart, Participation, read_campaigns
from master_orchestrator_schemas.kafka import KafkaSettings
from master_orchestrator_schemas.messages import Campaign
from master_orchestrator_schemas.topology import Topology
from master_orchestrator_schemas.vocabulary import OperatorAction

pytestmark = pytest.mark.kafka


def test_a_campaign_that_is_closed_is_opened_no_further(
    kafka: KafkaSettings,
    live_topology: Topology,
    engine: EngineProcess,
    vehicle: Callable[[], str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(campaigns, "LOOK_EVERY_S", 0.0)
    work, cars = Campaign(campaign_id=f"R-{uuid.uuid4().hex}", operation="replace_hose"), [vehicle(), vehicle()]
    requests = [campaign_request(car, OperatorAction.OPEN_CAMPAIGN, work, operator="ada") for car in cars]
    opening = ask_paced(kafka, live_topology, requests, apart_s=0.0, timeout=60)
    first, opened = next(opening)
    assert (cars[0], "workflow_opened") == (first.vehicle_id, opened.audit[0].event)

    close = campaign_request(cars[0], OperatorAction.CLOSE_CAMPAIGN, work, operator="ben", reason="wrong parts")
    closed = ask(kafka, live_topology, close, 60).audit[0]
    assert ("campaign_closed", "operator:ben") == (closed.event, closed.actor)
    assert [] == list(opening)
    assert {cars[0]: Participation(f"{cars[0]}~0", CampaignPart.OPEN)} == read_campaigns(kafka, live_topology).of(
        work.campaign_id
    )
