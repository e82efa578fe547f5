"""A million records waiting and no agent there: does memory stay bounded, and does urgent work go first afterwards?"""

import time
from typing import NamedTuple

from confluent_kafka import Consumer, TopicPartition

from bench_suite.gateway import CODEC, HEALTHY, START_MS, TelemetrySender
from bench_suite.system import BenchSystem, MeasuredProcess, await_that, system
from master_orchestrator_schemas.kafka import consumer_config
from master_orchestrator_schemas.messages import Dtc, Reply, Status
from master_orchestrator_schemas.vocabulary import AgentType, State

PER_VEHICLE = 5
"""Readings of each vehicle, of which the last asks for a check."""
URGENT, WAITING = "urgent", "waiting"
PATIENCE_S = 1_800.0


class CatchUpTimes(NamedTuple):
    """What was seen once the agents were back; times in seconds from their first reply on."""

    urgent_answered_s: float
    others_before: int
    urgent_completed_s: float


def backpressure(records: int = 1_000_000, urgent: int = 100) -> dict[str, float]:
    """N readings wait for the engine, then a fifth as many commands for agents; the urgent ones came last.

    All agents have a day to answer: what waits longer than their terms would be asked for again. ``peak``: the most
    that was seen while it worked. ``urgent_answered``: all urgent vehicles have the answer to their first command,
    before which ``others_before`` were answered; ``urgent_completed``: all their workflows have ended.
    """
    vehicles = records // PER_VEHICLE
    with system(reply_within=dict.fromkeys(AgentType, "24h")) as own:
        engine = own.engine()
        idle_mb = engine.rss_mb()
        own.stop(engine)
        _fill(TelemetrySender(own), vehicles, urgent)
        started = time.monotonic()
        engine = own.engine()
        peak_mb = _watched(engine, own)
        seconds = time.monotonic() - started
        commands = engine.metric("master_orchestrator_commands_total")
        after_mb = engine.rss_mb()
        agents = own.agents()
        returned = _returned(own, urgent)
        return {
            "records_waiting": records + urgent,
            "engine_idle_mb": idle_mb,
            "engine_peak_mb": peak_mb,
            "engine_after_mb": after_mb,
            "records_per_s": (records + urgent) / seconds,
            "commands_waiting": commands,
            "agents_mb": agents.rss_mb(),
            "engine_end_mb": engine.rss_mb(),
            **returned._asdict(),
        }


def _fill(gateway: TelemetrySender, vehicles: int, urgent: int) -> None:
    """All readings, the urgent vehicles' last."""
    for reading in range(PER_VEHICLE):
        for number in range(vehicles):
            check = reading == PER_VEHICLE - 1
            gateway.send(number, WAITING, ts_ms=START_MS + 1_000 * reading, check_requested=check, **HEALTHY)
    for number in range(urgent):
        gateway.send(number, URGENT, ts_ms=START_MS, dtcs=(Dtc(code="P0217"),), **HEALTHY)
    gateway.flush()


def _watched(engine: MeasuredProcess, own: BenchSystem) -> float:
    """The engine's largest memory until it has read everything."""
    peak_mb = [engine.rss_mb()]

    def done() -> bool:
        peak_mb.append(engine.rss_mb())
        return own.lag() == 0

    await_that(done, PATIENCE_S)
    return max(peak_mb)


def _returned(own: BenchSystem, urgent: int) -> CatchUpTimes:
    """Read replies and statuses until the urgent workflows have ended."""
    replies, statuses = own.topology.topic_of("Reply"), own.topology.topic_of("Status")
    consumer = Consumer(consumer_config(own.kafka, "bench"))
    consumer.assign(
        [TopicPartition(topic, n, 0) for topic in (replies, statuses) for n in range(own.topology.partitions)]
    )
    answered: list[tuple[int, bool]] = []
    completed: dict[str, int] = {}
    deadline = time.monotonic() + PATIENCE_S
    while len(completed) < urgent:
        if time.monotonic() > deadline:
            raise TimeoutError(f"{len(completed)} of {urgent} urgent workflows have ended; see the logs")
        for message in consumer.consume(5_000, 0.2):
            if message.error() is not None:
                continue
            at_ms = message.timestamp()[1]
            if message.topic() == statuses:
                status = CODEC.decode(message.value() or b"", Status)
                if status.vehicle_id.startswith(URGENT) and status.state is State.COMPLETED:
                    completed.setdefault(status.workflow_id, at_ms)
            else:
                reply = CODEC.decode(message.value() or b"", Reply)
                is_first = reply.agent is AgentType.DATA_ANALYSIS and reply.vehicle_id.startswith(URGENT)
                answered.append((at_ms, is_first))
    consumer.close()
    begin_ms, last_ms = min(answered)[0], max(at_ms for at_ms, is_first in answered if is_first)
    return CatchUpTimes(
        urgent_answered_s=(last_ms - begin_ms) / 1000,
        others_before=sum(at_ms < last_ms and not is_first for at_ms, is_first in answered),
        urgent_completed_s=(max(completed.values()) - begin_ms) / 1000,
    )
