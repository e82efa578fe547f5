"""A real Prometheus and Alertmanager watch a real system under load and faults, with the files that are deployed."""

import pickle
import re
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import dashboards
import pytest
import yaml
from support.engine_process import EngineProcess
from support.prometheus import FOLDER, MINUTE_S, PROGRAMS, Prometheus, observing, shortened
from support.topics import InputSender

from master_orchestrator.cluster.node_settings import free_port
from master_orchestrator_schemas.kafka import KafkaSettings
from master_orchestrator_schemas.messages import ServiceEvent, Telemetry
from master_orchestrator_schemas.metric_kinds import Process
from master_orchestrator_schemas.metrics import TABLE
from master_orchestrator_schemas.topology import Topology
from master_orchestrator_schemas.vocabulary import ServiceEventKind

pytestmark = [
    pytest.mark.kafka,
    pytest.mark.skipif(
        any(shutil.which(program) is None for program in PROGRAMS), reason=f"Debian's {PROGRAMS} are not here"
    ),
]
AGENTS = Path(__file__).parents[1] / "support" / "observed_agents.py"
DRIVEN_MS = 1_700_000_000_000
VARIABLE = re.compile(r"\$(agent|lane|priority|instance)")
COMPARISON = re.compile(r"(==|[<>]=?)( bool)?")
FAULTS = ("error", "reject", "decline", "poison")
"""Vehicles that an agent fails, rejects, whose owner declines, at whose records the engine fails."""

OF_THE_JUDGE = {'job="ueba"', *(metric.name for metric in TABLE if metric.process is Process.UEBA)}
OUTAGE = {"AgentDown", "UrgentWaiting", "UrgentPickupBurnFast"}
BAD_VEHICLES = {
    "AgentErrors",
    "WorkflowsFailingBurnFast",
    "DeadLettersGrowing",
    "RecordUnprocessable",
    "UrgentUnresolved",
}
ENGINE_KILLED = {"EngineDown", "ProcessRestarting"}


class Fleet:
    """Sends a few readings a second until it is stopped: all is well, and while ``bad`` is set faults as well."""

    def __init__(self, kafka: KafkaSettings, topology: Topology) -> None:
        self._sender = InputSender(kafka, topology)
        self._telemetry = topology.topic_of("Telemetry")
        self._stopping, self.bad = threading.Event(), threading.Event()
        self._thread = threading.Thread(target=self._run, name="fleet")

    def __enter__(self) -> "Fleet":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stopping.set()
        self._thread.join()

    def _run(self) -> None:
        number = 0
        while not self._stopping.wait(0.25):
            number += 1
            self._hot(f"hot-{number}")
            self._sender.send(Telemetry(vehicle_id=f"asks-{number}", ts_ms=DRIVEN_MS, check_requested=True))
            if self.bad.is_set():
                self._faults(number)
            self._sender.flush()

    def _hot(self, vehicle: str) -> None:
        """The coolant boils: URGENT."""
        for ts_ms in (DRIVEN_MS, DRIVEN_MS + 12_000):
            reading = Telemetry(vehicle_id=vehicle, ts_ms=ts_ms, engine_rpm=2_000.0, coolant_temp_c=121.0)
            self._sender.send(reading)

    def _faults(self, number: int) -> None:
        for name in FAULTS:
            self._hot(f"{name}-{number}")
        self._hot("poison")
        self._sender.send_bytes(self._telemetry, b"car", b"{not json")
        self._sender.send_bytes(self._telemetry, b"new", b'{"vehicle_id": "new", "ts_ms": 1, "flux": "seven"}')
        vehicle, kind = f"unknown-{number}", ServiceEventKind.CHECKED_IN
        event = ServiceEvent(vehicle_id=vehicle, workflow_id=f"{vehicle}~0", event_id="e", kind=kind, ts_ms=DRIVEN_MS)
        self._sender.send(event)


@contextmanager
def running_agents(kafka: KafkaSettings, topology: Path, port: int, log: Path) -> Iterator[None]:
    command = [sys.executable, str(AGENTS), kafka.bootstrap_servers, str(topology), str(port)]
    with log.open("ab") as output:
        process = subprocess.Popen(command, stdout=output, stderr=subprocess.STDOUT)
    try:
        yield
    finally:
        process.kill()
        process.wait()


def expressions() -> list[str]:
    """Of all recording rules, panels and alerts but those of the judge of behaviour, which does not run here.

    They are as Prometheus is to execute them in the time of the test.

    An alert's expression is empty while all is well. So its thresholds become sums, and what silences it a condition:
    it has a value if all its series are there and their labels fit each other.
    """
    rules = [rule for name in ("rules.yml", "alerts.yml") for group in _groups(name) for rule in group["rules"]]
    panels = [query for _, board, _ in dashboards.BOARDS.values() for panel in board for query, _ in panel.queries]
    all_expressions = [*(rule["expr"] for rule in rules), *(VARIABLE.sub(".*", query) for query in panels)]
    timed = [shortened(expression).replace("$__rate_interval", f"{5 * MINUTE_S}s") for expression in all_expressions]
    ours = [expression for expression in timed if not any(name in expression for name in OF_THE_JUDGE)]
    return [COMPARISON.sub("+", expression).replace(" unless ", " and ") for expression in ours]


def _groups(name: str) -> list[dict[str, list[dict[str, str]]]]:
    groups: list[dict[str, list[dict[str, str]]]] = yaml.safe_load((FOLDER / name).read_text())["groups"]
    return groups


def test_every_expression_has_data_and_alerts_arrive_and_resolve(
    kafka: KafkaSettings, unique_topology: Topology, tmp_path: Path
) -> None:
    ports = {"engine": free_port(), "agents": free_port()}
    pickled = tmp_path / "topology.pickle"
    pickled.write_bytes(pickle.dumps(unique_topology))
    options = ("--metrics-port", str(ports["engine"]), "--core-fails-for", "poison")
    engine = EngineProcess(kafka, unique_topology, tmp_path / "w1", "w1", *options)
    with ExitStack() as stack:
        prometheus = stack.enter_context(observing(tmp_path, ports))
        engine.start()
        stack.callback(engine.kill)
        fleet = stack.enter_context(Fleet(kafka, unique_topology))
        with running_agents(kafka, pickled, ports["agents"], tmp_path / "agents.log"):
            fleet.bad.set()
            _all_have_data(prometheus)
            _arrive(prometheus, BAD_VEHICLES)
            fleet.bad.clear()
            _killed_again_and_again(prometheus, engine)
        _arrive(prometheus, OUTAGE)
        stack.enter_context(running_agents(kafka, pickled, ports["agents"], tmp_path / "agents.log"))
        _resolve(prometheus, OUTAGE | BAD_VEHICLES | ENGINE_KILLED)


def _all_have_data(prometheus: Prometheus) -> None:
    empty = expressions()

    def try_again() -> bool:
        empty[:] = [expression for expression in empty if not prometheus.query(expression)]
        return not empty

    prometheus.until(try_again, 60, lambda: "no data:\n" + "\n".join(empty))


def _killed_again_and_again(prometheus: Prometheus, engine: EngineProcess) -> None:
    engine.kill()
    _arrive(prometheus, {"EngineDown"})
    for starts in range(1, 4):
        engine.kill()
        engine.start()
        seen = f'changes(process_start_time_seconds{{job="engine"}}[2m]) >= {starts}'
        prometheus.until(lambda query=seen: prometheus.query(query), 30, lambda: "the engine is not up")  # type: ignore[misc]  # mypy cannot infer a lambda's default
    _arrive(prometheus, {"ProcessRestarting"})


def _arrive(prometheus: Prometheus, names: set[str]) -> None:
    seen = prometheus.webhook.firing
    prometheus.until(lambda: names <= seen, 60, lambda: f"not told: {names - seen}")


def _resolve(prometheus: Prometheus, names: set[str]) -> None:
    seen = prometheus.webhook.resolved
    prometheus.until(lambda: names <= seen, 90, lambda: f"not told to be over: {names - seen}")
