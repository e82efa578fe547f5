"""An agent process that is started again whenever it dies, as a supervisor would do: each life is a fork.

Arguments: topic prefix, partitions, folder for its notes, the worker's id. A command of vehicle ``killer`` ends the
process; one of ``slow`` waits for the file ``go``. Notes: ``lives`` has a pid per life, ``started`` the commands.
"""

import os
import sys
import time
from pathlib import Path

from master_orchestrator_agents import AgentSpec, Task, run_agents
from master_orchestrator_schemas.kafka import KafkaSettings
from master_orchestrator_schemas.topology import load_topology
from master_orchestrator_schemas.vocabulary import AgentType


def main(prefix: str, partitions: str, folder: str, worker_id: str) -> None:
    while (pid := os.fork()) != 0:
        note(folder, "lives", str(pid))
        if os.waitpid(pid, 0)[1] == 0:
            return
    live(prefix, int(partitions), folder, worker_id)


def live(prefix: str, partitions: int, folder: str, worker_id: str) -> None:
    topology = load_topology().model_copy(update={"partitions": partitions}).with_prefix(prefix)

    def handler(task: Task) -> None:
        note(folder, "started", f"{os.getpid()}:{task.command_id}")
        if task.vehicle_id.startswith("killer"):
            os._exit(9)
        while task.vehicle_id.startswith("slow") and not Path(folder, "go").exists():
            time.sleep(0.01)

    spec = AgentSpec(AgentType.DIAGNOSIS, handler, max_workers=4)
    run_agents([spec], KafkaSettings(), topology, worker_id=worker_id)


def note(folder: str, name: str, line: str) -> None:
    with Path(folder, name).open("a") as notes:
        notes.write(f"{line}\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
