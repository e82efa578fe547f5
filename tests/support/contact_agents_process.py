"""Runs the six reference agents with a file of contacts, for tests to kill: Kafka's address, topology, folder."""

import pickle
import sys
from pathlib import Path

from master_orchestrator_agents import AgentSpec, run_agents
from master_orchestrator_agents.reference import reference_agents
from master_orchestrator_schemas.kafka import KafkaSettings


def main(bootstrap: str, topology_file: str, folder: str) -> None:
    topology = pickle.loads(Path(topology_file).read_bytes())  # noqa: S301  written by the test itself
    books = Path(folder)
    agents = reference_agents(books, topology=topology, contacts=books / "contacts.toml")
    specs = [AgentSpec(agent, handler, max_workers=2) for agent, handler in agents.items()]
    run_agents(specs, KafkaSettings(bootstrap_servers=bootstrap), topology, worker_id="r1")


if __name__ == "__main__":
    main(*sys.argv[1:])
