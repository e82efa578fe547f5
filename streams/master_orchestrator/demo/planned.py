"""The demo's topology: one vehicle of the fleet is due for regular service."""

from datetime import date, timedelta

import yaml

from master_orchestrator.simulation.fleet import Fleet
from master_orchestrator_schemas.plain_yaml import read_yaml

PLAN, ITEM = "demo", "oil_and_filters"
PLANNED = {ITEM: {"distance": "15000km", "time": "12mo", "labour_hours": 0.8, "parts": ["oil", "oil_filter"]}}
LAST = timedelta(days=360)
"""Ago: due in five days, so that a workflow opens ahead."""


def with_service_due(topology: str, fleet: Fleet, today: date) -> str:
    """The YAML text with a plan for the first vehicle that does not break down; as it is if all do."""
    planned = next((plan.vehicle_id for plan in fleet.roster() if plan.fault is None), None)
    if planned is None:
        return topology
    content, _ = read_yaml(topology)
    section = content.setdefault("service_plans", {})
    section.setdefault("plans", {})[PLAN] = PLANNED
    last = {"items": {ITEM: {"last": {"date": today - LAST}}}}
    section.setdefault("vehicles", {})[planned] = {"plan": PLAN, **last}
    return yaml.safe_dump(content, sort_keys=False)
