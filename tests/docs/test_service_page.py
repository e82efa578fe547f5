"""docs/service.md: its plan is one that the loader takes."""

import re
from pathlib import Path

from master_orchestrator_schemas.topology import parse_topology
from master_orchestrator_schemas.topology.loader import default_path

PAGE = Path(__file__).parents[2] / "docs" / "service.md"


def test_the_page_s_plan_is_a_part_of_a_topology() -> None:
    blocks = re.findall(r"```yaml\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    topology = parse_topology(default_path().read_text(encoding="utf-8") + blocks[0])
    assert {"passenger_car", "truck"} == set(topology.service_plans.plans)
    assert 40_000.0 == topology.service_plans.vehicles["truck-7"].items["oil_and_filters"].distance_km
