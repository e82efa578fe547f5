"""docs/service.md: its plan is one that the loader takes."""

import re
from pathlib import Path

import yaml

from master_orchestrator_schemas.topology import Topology
from master_orchestrator_schemas.topology.service_checks import service_problems
from master_orchestrator_schemas.topology.service_plans import ServicePlanTerms

PAGE = Path(__file__).parents[2] / "docs" / "service.md"


def test_the_page_s_plan_is_a_part_of_a_topology(topology: Topology) -> None:
    blocks = re.findall(r"```yaml\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    plans = ServicePlanTerms.model_validate(yaml.safe_load(blocks[0])["service_plans"])
    assert [] == list(service_problems(plans))
    assert set(topology.service_plans.plans) == set(plans.plans)
    assert 40_000.0 == plans.vehicles["truck-7"].items["oil_and_filters"].distance_km
