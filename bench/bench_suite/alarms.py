"""What the ueba app says of harmless bursts on a real system: a wake-up, an outage, a redrive, a backlog."""

import subprocess
import time

import msgspec

from bench_suite.gateway import HEALTHY, START_MS, TelemetrySender
from bench_suite.system import CLI, BenchSystem, MeasuredProcess, await_that, system
from master_orchestrator.readers.actors import read_actor_trails
from master_orchestrator.readers.failed import read_failed
from master_orchestrator_schemas.messages import Dtc
from master_orchestrator_schemas.vocabulary import AgentType

PATIENCE_S = 300.0
STILL_S = 10.0
POLL_S = 0.5
GONE_S = 20.0
"""How long the agents are away."""
SEVERE = 70
FOUND = frozenset({"finding_raised", "finding_grown"})


def alarms(vehicles: int = 1_000) -> dict[str, float]:
    """Findings of 70 and more, and controls, after a wake-up, an outage, a redrive of 1,000 and a backlog: all false.

    All vehicles report a fault at once while a store is gone, so their workflows fail; it is back, and one command
    redrives them. Then the agents die, as many vehicles again report, and the agents find their backlog.
    """
    with system() as own:
        engine, judge = own.engine(), own.start_judge()
        failing = own.start_agents([f"--handler={AgentType.DATA_ANALYSIS.value}=bench_suite.gone_store:analyse"])
        _wake_up(own, "woken", vehicles)
        await_that(lambda: sum(1 for _ in read_failed(own.kafka, own.topology)) == vehicles, PATIENCE_S)
        failing.stop()
        agents = own.start_agents([])
        _redrive(own, vehicles)
        _await_still(engine)
        agents.kill()
        own.processes.remove(agents)
        _wake_up(own, "waiting", vehicles)
        time.sleep(GONE_S)
        own.start_agents([])
        _await_still(engine)
        _await_still(judge, "activity_records_total")
        trail = [*read_actor_trails(own.kafka, own.topology)]
        severities = [msgspec.json.decode(entry.details)["severity"] for entry in trail if entry.event in FOUND]
        return {
            "sessions": judge.metric("master_orchestrator_activity_records_total"),
            "acts": judge.metric("master_orchestrator_acts_total"),
            "findings": len(severities),
            "most_severe": max(severities, default=0.0),
            "findings_of_70_and_more": sum(severity >= SEVERE for severity in severities),
            "controls": sum(entry.event == "control_set" for entry in trail),
        }


def _wake_up(own: BenchSystem, name: str, vehicles: int) -> None:
    gateway = TelemetrySender(own)
    for number in range(vehicles):
        gateway.send(number, name, ts_ms=START_MS, dtcs=(Dtc(code="P0301"),), **HEALTHY)
    gateway.flush()


def _redrive(own: BenchSystem, vehicles: int) -> None:
    command = [
        *CLI,
        "--bootstrap-servers",
        own.kafka.bootstrap_servers,
        "--topology",
        str(own.folder / "topology.yaml"),
    ]
    command += ["redrive-failed", "--limit", str(vehicles), "--per-second", "100", "--operator", "bench", "--yes"]
    subprocess.run([*command, "--reason", "the store is back"], check=True, stdout=subprocess.DEVNULL)


def _await_still(process: MeasuredProcess, metric: str = "commands_total") -> None:
    """Until a count has not risen for a while."""
    count, since_s, until_s = -1.0, 0.0, time.monotonic() + PATIENCE_S
    while time.monotonic() - since_s < STILL_S:
        if time.monotonic() > until_s:
            raise TimeoutError(f"{metric} rises without end")
        now = process.metric(f"master_orchestrator_{metric}")
        if now != count:
            count, since_s = now, time.monotonic()
        time.sleep(POLL_S)
