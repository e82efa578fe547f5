"""Tens of thousands of checks at once: does any of them fail, time out, or wait longer than its lane allows?"""

import time
from collections.abc import Sequence

from bench_suite.gateway import CODEC, HEALTHY, START_MS, TelemetrySender
from bench_suite.system import BenchSystem, MeasuredProcess, await_that, system
from master_orchestrator.readers.topics import TopicReader
from master_orchestrator_schemas.messages import Command, Reply
from master_orchestrator_schemas.vocabulary import AgentType, Lane

PATIENCE_S = 3_600.0


def burst(checks: int = 36_000) -> dict[str, float]:
    """All checks are asked for at once; every agent takes 20 ms and has eight workers or more."""
    return _burst(checks, [f"--handler={agent.value}=bench_suite.noop_agents:agree_after_20_ms" for agent in AgentType])


def burst_reference(checks: int = 48_000) -> dict[str, float]:
    """The same with the reference agents."""
    return _burst(checks, [])


def _burst(checks: int, agents: Sequence[str]) -> dict[str, float]:
    """``failed``, ``timed_out``, ``skipped`` are to be 0, and no ``wait_s`` above its lane's ``max_wait``."""
    with system() as own:
        engine, runners = own.engine(), own.start_agents(agents)
        gateway = TelemetrySender(own)
        started = time.monotonic()
        for number in range(checks):
            gateway.send(number, ts_ms=START_MS, check_requested=True, **HEALTHY)
        gateway.flush()
        await_that(lambda: _ended(engine) >= checks, PATIENCE_S)
        return {
            "seconds": time.monotonic() - started,
            "failed": engine.metric(f"{_PREFIX}workflows_ended_total", state="FAILED"),
            "timed_out": engine.metric(f"{_PREFIX}retries_total", reason="timeout"),
            "retries": engine.metric(f"{_PREFIX}retries_total"),
            "skipped": runners.metric(f"{_PREFIX}commands_skipped_total", reason="deadline_passed"),
            "commands": engine.metric(f"{_PREFIX}commands_total"),
            **_longest_waits(own),
        }


_PREFIX = "master_orchestrator_"


def _ended(engine: MeasuredProcess) -> float:
    return engine.metric(f"{_PREFIX}workflows_ended_total")


def _longest_waits(own: BenchSystem) -> dict[str, float]:
    """Per lane that was used: from a command's record to its handler, and what the lane allows (seconds)."""
    topology, sent_ms = own.topology, dict[str, tuple[Lane, int]]()
    longest = dict[Lane, float]()
    with TopicReader(own.kafka, topology.command_topics, range(topology.partitions)) as reader:
        for message in reader.catch_up():
            command = CODEC.decode(message.value() or b"", Command)
            sent_ms.setdefault(command.command_id, (command.priority.lane, message.timestamp()[1]))
    with TopicReader(own.kafka, [topology.topic_of("Reply")], range(topology.partitions)) as reader:
        for message in reader.catch_up():
            reply = CODEC.decode(message.value() or b"", Reply)
            lane, at_ms = sent_ms[reply.command_id]
            wait_s = (message.timestamp()[1] - reply.handled_in_ms - at_ms) / 1_000
            longest[lane] = max(wait_s, longest.get(lane, 0.0))
    waits = {f"{lane}_wait_s": wait_s for lane, wait_s in longest.items()}
    return waits | {f"{lane}_max_wait_s": topology.lanes[lane].max_wait_ms / 1_000 for lane in longest}
