"""Ours: what ``master-orchestrator up`` runs, with agents that do nothing and a workshop that reports the work done."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import yaml

from master_orchestrator_schemas.vocabulary import AgentType
from workflow_peers.peer import Running
from workflow_peers.processes import Command, Part

PROGRAMS = Path(__file__).parent / "programs"
BENCH = Path(__file__).parents[1]
HANDLERS = [word for agent in AgentType for word in ("--handler", f"{agent.value}=noop_agents:agree")]


@dataclass(frozen=True)
class Ours:
    """An embedded broker, one engine, one process with all agents, as a user starts them."""

    name: str = "Master Orchestrator"
    terms: str = "Kafka transactions, page cache of one broker; all 10 states, audit trail"
    in_flight: int = 1_500

    def prepare(self, home: Path) -> None:
        """It is there; the jars of its broker are fetched at the first start."""

    @contextmanager
    def running(self, folder: Path) -> Iterator[Running]:
        """The system; its load generator waits until it is up."""
        topology, data = folder / "topology.yaml", folder / "data"
        terms = yaml.safe_load((BENCH.parent / "topology.yaml").read_text(encoding="utf-8"))
        terms["service"]["workshop_feed"] = True  # only the event moves it on, not the appointment's time
        topology.write_text(yaml.safe_dump(terms), encoding="utf-8")
        options: Command = ["--topology", topology, "--data-dir", data]
        command: Command = [sys.executable, "-m", "master_orchestrator.cli", *options, "up", "--no-metrics", *HANDLERS]
        system = Part(command, folder / "system.log", env={"PYTHONPATH": str(BENCH)})
        try:
            yield Running({"system": system}, [sys.executable, PROGRAMS / "our_load.py", data, topology])
        finally:
            system.stop()
