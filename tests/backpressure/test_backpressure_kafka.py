"""More waits than fits into memory while agents are away: memory stays bounded, and urgent goes first afterwards.

``python bench backpressure`` does the same with a million records.
"""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from confluent_kafka import Producer
from support.engine_process import EngineProcess
from support.engine_system import EngineSystem, engine_system
from support.topics import CODEC, TopicLog, topic_log

from master_orchestrator_agents import AgentRunner, Task
from master_orchestrator_schemas.kafka import KafkaSettings, producer_config
from master_orchestrator_schemas.messages import Dtc, Telemetry
from master_orchestrator_schemas.topology import Topology
from master_orchestrator_schemas.vocabulary import AgentType, Lane

pytestmark = pytest.mark.kafka

READINGS = 28_000
CHECKS, URGENT = 2_000, 20
SERVICE_S = 0.01
"""A handler's work. One that takes no time is through with what the first fetch brought before a second has come."""
LARGE = {f"a_signal_that_no_rule_of_ours_knows_and_that_is_kept_{n:08d}": float(n) for n in range(128)}
"""Makes a reading of 9 KB: all of them together are 250 MB."""
START_MS = 1_700_000_000_000


@pytest.fixture
def system(kafka: KafkaSettings, unique_topology: Topology, tmp_path: Path) -> Iterator[EngineSystem]:
    with engine_system(kafka, unique_topology, tmp_path) as system:
        yield system


def test_memory_is_bounded_and_urgent_commands_are_handled_first(system: EngineSystem) -> None:
    waiting_mb = _fill(system) / 2**20
    engine = system.start()
    commands = [system.topology.command_topic(AgentType.DATA_ANALYSIS, lane) for lane in (Lane.ROUTINE, Lane.URGENT)]
    with topic_log(system.kafka, commands[0]) as routine, topic_log(system.kafka, commands[1]) as urgent:
        peak_mb = max(_watched(engine, routine, CHECKS), _watched(engine, urgent, URGENT))
    assert peak_mb < waiting_mb, "the engine holds what waits"
    handled = _handled_until_urgent_is_done(system)
    assert len(handled) <= CHECKS // 10, "urgent commands waited behind others"


def _fill(system: EngineSystem) -> int:
    """Readings in plenty of few vehicles, a check of many, and last of all the urgent ones; the bytes of it all."""
    topic, filled = system.topology.topic_of("Telemetry"), 0
    producer = Producer(producer_config(system.kafka, **{"compression.type": "none"}))
    values = {}
    for number in range(READINGS):
        vehicle_id = f"large-{number % 100}"
        if vehicle_id not in values:
            values[vehicle_id] = CODEC.encode(Telemetry(vehicle_id=vehicle_id, ts_ms=START_MS, extras=LARGE))
        producer.produce(topic, values[vehicle_id], vehicle_id)
        producer.poll(0)
        filled += len(values[vehicle_id])
    assert 0 == producer.flush(60)
    system.request_checks(range(CHECKS))
    for number in range(URGENT):
        system.sender.send(Telemetry(vehicle_id=f"urgent-{number}", ts_ms=START_MS, dtcs=(Dtc(code="P0217"),)))
    system.sender.flush()
    return filled


def _watched(engine: EngineProcess, commands: TopicLog, count: int) -> float:
    """The engine's largest memory until N commands are out, in MB."""
    peak = [engine.rss_mb]

    def out(log: TopicLog) -> bool:
        peak.append(engine.rss_mb)
        return len(log.messages) >= count

    commands.until(out, 150)
    return max(peak)


def _handled_until_urgent_is_done(system: EngineSystem) -> list[str]:
    """The vehicles in the order in which an agent that is back handles their commands, one at a time."""
    handled: list[str] = []
    done = threading.Event()

    def handler(task: Task) -> None:
        time.sleep(SERVICE_S)
        handled.append(task.vehicle_id)
        if URGENT == sum(vehicle_id.startswith("urgent") for vehicle_id in handled):
            done.set()

    with running(
        AgentRunner(AgentType.DATA_ANALYSIS, handler, kafka=system.kafka, topology=system.topology, max_workers=1)
    ):
        assert done.wait(120)
    return handled


@contextmanager
def running(runner: AgentRunner) -> Iterator[None]:
    """A runner in a thread."""
    thread = threading.Thread(target=runner.run)
    thread.start()
    try:
        yield
    finally:
        runner.stop()
        thread.join()
