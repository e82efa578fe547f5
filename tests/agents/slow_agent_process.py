"""An agent process for the tests to kill: arguments are topic prefix, partitions, two files and the worker's id."""

import sys
import time
from pathlib import Path

from master_orchestrator_agents import AgentSpec, Task, run_agents
from master_orchestrator_agents.runner.consumer import CONSUMER_OVERRIDES
from master_orchestrator_schemas.kafka import KafkaSettings
from master_orchestrator_schemas.topology import load_topology
from master_orchestrator_schemas.vocabulary import AgentType


def main(prefix: str, partitions: str, started: str, go: str, worker_id: str) -> None:
    CONSUMER_OVERRIDES["session.timeout.ms"] = 6_000  # the least that brokers allow: tests wait for its end
    topology = load_topology().model_copy(update={"partitions": int(partitions)}).with_prefix(prefix)

    def handler(task: Task) -> None:
        with Path(started).open("a") as notes:
            notes.write(f"{task.command_id}\n")
        while task.vehicle_id != "quick" and not Path(go).exists():
            time.sleep(0.01)

    spec = AgentSpec(AgentType.DIAGNOSIS, handler, max_workers=4)
    run_agents([spec], KafkaSettings(), topology, worker_id=worker_id)


if __name__ == "__main__":
    main(*sys.argv[1:])
