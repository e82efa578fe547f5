"""What the commands that read Kafka take with tens of thousands of workflows: seconds, and the most memory."""

import os
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass

import psutil
from confluent_kafka import Producer
from confluent_kafka.admin import AdminClient, AlterConfigOpType, ConfigEntry, ConfigResource, ResourceType
from msgspec.structs import replace

from bench_suite.gateway import CODEC, START_MS
from bench_suite.system import CLI, BenchSystem, system
from master_orchestrator.core.inputs import Input
from master_orchestrator.core.outcome import Outcome
from master_orchestrator.core.policy import Policy
from master_orchestrator.core.state import VehicleState
from master_orchestrator.core.step import deadlines, step
from master_orchestrator.readers.topics import partition_of
from master_orchestrator_schemas.kafka import admin_config, producer_config
from master_orchestrator_schemas.messages import AuditRecord, Cause, Command, Reply, Status, Telemetry, Timer
from master_orchestrator_schemas.registry import Body
from master_orchestrator_schemas.results import RESULTS
from master_orchestrator_schemas.topology import Topology

LOOKED_AT = 20_000
OPEN_OF_TEN = 1
DAY_MS = 86_400_000
COMMANDS = {
    "workflows": ["workflows"],
    "workflows_all_json": ["workflows", "-o", "ndjson"],
    "workflows_prefix": ["workflows", "truck-20"],
    "stats": ["stats"],
    "status_open": ["status", f"truck-{LOOKED_AT}~0"],
    "status_ended": ["status", f"truck-{LOOKED_AT + 1}~0"],
}
StepOutputs = tuple[list[AuditRecord], list[Status]]
"""What one input leads to."""


def terminal(workflows: int = 50_000) -> dict[str, float]:
    """Seconds and most memory of ``workflows``, ``stats`` and ``status``: 50,000 workflows, a tenth of them open."""
    with system() as own:
        figures = {"records": float(_write(own, workflows))}
        for name, words in COMMANDS.items():
            figures[f"{name}_s"], figures[f"{name}_mb"] = _measured(own, words)
        return figures


def _write(own: BenchSystem, workflows: int) -> int:
    """Write the records of ``workflows`` workflows of a day, each a copy of one. Returns the number of records."""
    moments = list(_Story(own.topology).tell())
    producer = Producer(producer_config(own.kafka))
    audit, status = own.topology.topic_of("AuditRecord"), own.topology.topic_of("Status")
    _let_records_say_when(own, [audit, status])
    now_ms, written = time.time_ns() // 1_000_000, 0
    for number in range(workflows):
        vehicle = f"truck-{number}"
        told = moments[: number // 10 % len(moments) + 1] if number % 10 < OPEN_OF_TEN else moments
        partition = partition_of(vehicle, own.topology.partitions)
        opened_at_ms = now_ms - DAY_MS * (workflows - number) // workflows
        for records, statuses in told:
            for record in records:
                value = CODEC.encode(replace(record, vehicle_id=vehicle, workflow_id=f"{vehicle}~0"))
                producer.produce(audit, value, f"{vehicle}~0/{record.seq}".encode(), partition, timestamp=opened_at_ms)
            for newest in statuses:
                status_now = replace(newest, vehicle_id=vehicle, workflow_id=f"{vehicle}~0", created_at_ms=opened_at_ms)
                value = CODEC.encode(status_now)
                producer.produce(status, value, f"{vehicle}~0".encode(), partition, timestamp=opened_at_ms)
            written += len(records) + len(statuses)
        if number % 100 == 0:
            producer.flush()
    producer.flush()
    return written


def _let_records_say_when(own: BenchSystem, topics: list[str]) -> None:
    """A day's records are written within a minute: their topics take the records' times instead of the broker's."""
    entry = ConfigEntry("message.timestamp.type", "CreateTime", incremental_operation=AlterConfigOpType.SET)
    resources = [ConfigResource(ResourceType.TOPIC, topic, incremental_configs=[entry]) for topic in topics]
    admin = AdminClient(admin_config(own.kafka))
    for future in admin.incremental_alter_configs(resources).values():
        future.result()
    time.sleep(2)  # a broker takes its configuration from the metadata log


def _measured(own: BenchSystem, words: list[str]) -> tuple[float, float]:
    """Seconds, and the most resident memory in MB."""
    environment = {**os.environ, "KAFKA_BOOTSTRAP_SERVERS": own.kafka.bootstrap_servers}
    call = [*CLI, "--topology", str(own.folder / "topology.yaml"), *words]
    started, most = time.monotonic(), 0
    with subprocess.Popen(call, stdout=subprocess.DEVNULL, env=environment) as process:
        watched = psutil.Process(process.pid)
        while process.poll() is None:
            most = max(most, watched.memory_info().rss)
            time.sleep(0.02)
    if process.returncode:
        raise RuntimeError(f"{words} ended with {process.returncode}")
    return time.monotonic() - started, most / 2**20


@dataclass
class _Story:
    """One workflow from an overheated engine to its end, as the core tells it."""

    topology: Topology
    vehicle_id: str = "truck"

    def __post_init__(self) -> None:
        self._policy = Policy.from_topology(self.topology)
        self._state: VehicleState | None = None
        self._offset = 0
        self._at_ms = START_MS

    def tell(self) -> Iterator[StepOutputs]:
        """What its inputs lead to, one after the other."""
        hot = Telemetry(vehicle_id=self.vehicle_id, ts_ms=self._at_ms, engine_rpm=2_000.0, coolant_temp_c=121.0)
        self._step(hot)
        outcome = self._step(replace(hot, ts_ms=self._at_ms + 12_000))
        while outcome.state.workflow is not None and outcome.state.workflow.is_open:
            yield outcome.audit, outcome.status
            outcome = self._step(self._next(outcome))
        yield outcome.audit, outcome.status

    def _next(self, outcome: Outcome) -> Body:
        if outcome.commands:
            return _reply(outcome.commands[-1])
        tick = min(deadlines(self.vehicle_id, outcome.state), key=lambda each: each.due_ms)
        self._at_ms = max(self._at_ms, tick.due_ms)
        return Timer(
            vehicle_id=self.vehicle_id,
            workflow_id=tick.workflow_id,
            deadline_id=tick.deadline_id,
            due_ms=tick.due_ms,
        )

    def _step(self, body: Body) -> Outcome:
        cause = Cause(topic=self.topology.topic_of(type(body).__name__), partition=0, offset=self._offset)
        self._at_ms, self._offset = self._at_ms + 100, self._offset + 1
        outcome = step(self._policy, self.vehicle_id, self._state, Input(cause=cause, at_ms=self._at_ms, body=body))
        self._state = outcome.state
        return outcome


def _reply(command: Command) -> Reply:
    return Reply(
        command_id=command.command_id,
        workflow_id=command.workflow_id,
        vehicle_id=command.vehicle_id,
        agent=command.agent,
        worker="bench",
        handled_in_ms=5,
        result=RESULTS[command.agent]().to_wire(),
    )
