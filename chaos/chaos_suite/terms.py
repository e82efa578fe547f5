"""The run's own topology: the repository's, with the few values that a run of minutes needs otherwise."""

from pathlib import Path
from typing import Any

import yaml

from master_orchestrator_schemas.topology.loader import default_path

KEPT = "365d"
QUICK, SLOW = "20s", "5min"
REPLY_WITHIN = {
    "DATA_ANALYSIS": QUICK,
    "DIAGNOSIS": QUICK,
    "SCHEDULING": QUICK,
    "MANUFACTURING_QUALITY": QUICK,
    "CUSTOMER_ENGAGEMENT": SLOW,
    "FEEDBACK": SLOW,
}


def write_topology(path: Path) -> None:
    """Write the run's topology.yaml."""
    topology: dict[str, Any] = yaml.safe_load(default_path().read_text(encoding="utf-8"))
    for agent, reply_within in REPLY_WITHIN.items():
        topology["agents"][agent]["reply_within"] = reply_within
    for terms in (*topology["topics"].values(), topology["commands"]):
        if "retention" in terms:
            terms["retention"] = KEPT
    path.write_text(yaml.safe_dump(topology, sort_keys=False), encoding="utf-8")
