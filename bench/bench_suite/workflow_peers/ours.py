"""Ours: what ``master-orchestrator up`` runs, with agents that do nothing and a workshop that reports the work done."""

import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import yaml
from confluent_kafka.admin import AlterConfigOpType, ConfigEntry, ConfigResource

from bench_suite.workflow_peers.peer import Running
from bench_suite.workflow_peers.processes import PATIENCE_S, ChildProcess, CommandLine
from master_orchestrator.cluster.broker import running_bootstrap_servers
from master_orchestrator_schemas.kafka import KafkaSettings, admin_config
from master_orchestrator_schemas.kafka_reach import await_kafka, quiet_admin
from master_orchestrator_schemas.vocabulary import AgentType

PROGRAMS = Path(__file__).parent / "programs"
BENCH = Path(__file__).parents[2]
HANDLERS = [word for agent in AgentType for word in ("--handler", f"{agent.value}=bench_suite.noop_agents:agree")]


@dataclass(frozen=True)
class Ours:
    """An embedded broker, one engine, one process with all agents, as a user starts them.

    ``fsynced``: the broker is told to flush at each append, which nobody does who has replicas.
    """

    fsynced: bool = False
    in_flight: int = 4_000

    @property
    def name(self) -> str:
        """With what the broker does."""
        return "Master Orchestrator, fsynced" if self.fsynced else "Master Orchestrator"

    @property
    def terms(self) -> str:
        """Kafka's, and ours."""
        kept = "log flushed at each append" if self.fsynced else "page cache of one broker"
        return f"Kafka transactions, {kept}; all 10 states, audit trail, statuses"

    def prepare(self, home: Path) -> None:
        """It is there; the jars of its broker are fetched at the first start."""

    @contextmanager
    def running(self, folder: Path) -> Iterator[Running]:
        """The system; its load generator waits until it is up."""
        topology, data = folder / "topology.yaml", folder / "data"
        terms = yaml.safe_load((BENCH.parent / "topology.yaml").read_text(encoding="utf-8"))
        terms["service"]["workshop_feed"] = True  # only the event moves it on, not the appointment's time
        topology.write_text(yaml.safe_dump(terms), encoding="utf-8")
        options: CommandLine = ["--topology", topology, "--data-dir", data]
        command: CommandLine = [
            sys.executable,
            "-m",
            "master_orchestrator.cli",
            *options,
            "up",
            "--no-metrics",
            *HANDLERS,
        ]
        system = ChildProcess(command, folder / "system.log", env={"PYTHONPATH": str(BENCH)})
        try:
            if self.fsynced:
                _flush_each_append(system, data)
            yield Running({"system": system}, [sys.executable, PROGRAMS / "our_load.py", data, topology])
        finally:
            system.stop()


def _flush_each_append(system: ChildProcess, data: Path) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while (address := running_bootstrap_servers(data / "kafka")) is None:
        system.must_live(deadline)
        time.sleep(0.05)
    kafka = admin_config(KafkaSettings(bootstrap_servers=address))
    await_kafka(kafka, (), threading.Event())
    flush = ConfigEntry("log.flush.interval.messages", "1", incremental_operation=AlterConfigOpType.SET)
    broker = ConfigResource(ConfigResource.Type.BROKER, "1", incremental_configs=[flush])
    admin = quiet_admin(kafka)  # held: its answers die with it
    for done in admin.incremental_alter_configs([broker]).values():
        done.result()
