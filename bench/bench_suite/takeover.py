"""How long a killed engine's partitions stand still: it starts again at once, or another one takes over."""

import json
import statistics
import threading
import time
from collections.abc import Callable
from datetime import datetime
from typing import Any

from confluent_kafka import Consumer, TopicPartition

from bench_suite.gateway import CODEC, HEALTHY, START_MS, TelemetrySender
from bench_suite.system import BenchSystem, MeasuredProcess, await_that, system
from master_orchestrator_schemas.kafka import consumer_config
from master_orchestrator_schemas.messages import AuditRecord

KILLED, OTHER = "killed", "other"
PER_S = 100
"""Workflows that are asked for per second, of new vehicles, over all partitions."""
Phases = dict[str, float]


def takeover(vehicles: int = 20_000, rounds: int = 3) -> dict[str, float]:
    """Two engines, of which one is killed (kill -9) under load; from the kill on, in seconds, the worst of ``rounds``.

    ``owned``: partitions are owned by another worker; ``progress``: on each of the killed one's partitions a
    record that was sent after the kill has its audit record, committed. ``restore``: fencing and reading the changelog.
    """
    with system(reply_within={"DATA_ANALYSIS": "24h"}) as own:  # no agents run, and nothing may time out
        own.start_engine(KILLED)
        own.engine(OTHER)
        gateway = TelemetrySender(own)
        for number in range(vehicles):
            gateway.send(number, "parked", ts_ms=START_MS, **HEALTHY)
        gateway.flush()
        await_that(lambda: own.lag() == 0)
        with CheckTraffic(own, gateway) as traffic:
            again = [_kill(own, traffic, restart=True) for _ in range(rounds)]
            other = [_kill(own, traffic, restart=False) for _ in range(rounds)]
    return {**_worst("restarted", again), **_worst("taken_over", other)}


def _worst(name: str, runs: list[Phases]) -> dict[str, float]:
    figures = {f"{name}_{phase}_s": max(run[phase] for run in runs) for phase in runs[0]}
    return {**figures, f"{name}_progress_median_s": statistics.median(run["progress"] for run in runs)}


def _kill(own: BenchSystem, traffic: "CheckTraffic", *, restart: bool) -> Phases:
    """One round; both engines run and own partitions before it and after it."""
    victim, partitions = own.engines[KILLED], _partitions_of(own, KILLED)
    taker = KILLED if restart else OTHER
    restored_before = 0.0 if restart else _restore_s(own.engines[OTHER])
    sent, killed_at, monotonic = traffic.sent, time.time(), time.monotonic()
    victim.kill()
    own.processes.remove(victim)
    if restart:
        own.start_engine(KILLED)
    phases: Phases = {}
    if not restart:
        phases["detected"] = _seconds_until(monotonic, lambda: own.engines[OTHER].owned() == 0)
    phases["progress"] = _seconds_until(monotonic, lambda: traffic.past(sent, partitions))
    phases["owned"] = _owned_at(own, taker) - killed_at
    phases["restore"] = _restore_s(own.engines[taker]) - restored_before
    if not restart:
        own.start_engine(KILLED)
    await_that(lambda: own.owned() == own.topology.partitions and own.engines[KILLED].owned() > 0)
    await_that(lambda: own.lag() < 5 * PER_S)
    return phases


def _seconds_until(begin: float, condition: Callable[[], bool]) -> float:
    while not condition():
        if time.monotonic() - begin > 120:
            raise TimeoutError("the partitions stand still; see the engines' logs")
        time.sleep(0.02)
    return time.monotonic() - begin


def _restore_s(engine: MeasuredProcess) -> float:
    return engine.metric("master_orchestrator_restore_seconds_sum")


def _owned_lines(own: BenchSystem, worker: str) -> list[dict[str, Any]]:
    lines = (own.folder / f"{worker}.log").read_text(encoding="utf-8").splitlines()
    entries = [json.loads(line) for line in lines if line.startswith("{") and "partitions_owned" in line]
    return [line for line in entries if line["message"] == "partitions_owned" and line["partitions"]]


def _partitions_of(own: BenchSystem, worker: str) -> list[int]:
    """What the engine owns, by its log."""
    partitions: list[int] = _owned_lines(own, worker)[-1]["partitions"]
    return partitions


def _owned_at(own: BenchSystem, worker: str) -> float:
    """When it came to own what it owns, seconds since 1970."""
    return datetime.fromisoformat(_owned_lines(own, worker)[-1]["timestamp"]).timestamp()


class CheckTraffic:
    """Asks for checks at a steady rate, and reads the audit records that come of them; a context manager."""

    def __init__(self, own: BenchSystem, gateway: TelemetrySender) -> None:
        self.sent = 0
        self._gateway, self._ending = gateway, threading.Event()
        self._newest = dict.fromkeys(range(own.topology.partitions), -1)
        self._consumer = Consumer(consumer_config(own.kafka, "bench", **{"auto.offset.reset": "latest"}))
        topic = own.topology.topic_of("AuditRecord")
        parts = [TopicPartition(topic, number) for number in self._newest]
        ends = [self._consumer.get_watermark_offsets(part, timeout=10)[1] for part in parts]
        self._consumer.assign([TopicPartition(topic, n, end) for n, end in zip(self._newest, ends, strict=True)])
        self._threads = [threading.Thread(target=run) for run in (self._send, self._read)]

    def __enter__(self) -> "CheckTraffic":
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ending.set()
        for thread in self._threads:
            thread.join()
        self._consumer.close()

    def past(self, number: int, partitions: list[int]) -> bool:
        """Whether each partition has audit records of vehicles from ``number`` on."""
        return all(self._newest[partition] >= number for partition in partitions)

    def _send(self) -> None:
        while not self._ending.wait(1 / PER_S):
            self._gateway.send(self.sent, ts_ms=START_MS, check_requested=True)
            self.sent += 1

    def _read(self) -> None:
        while not self._ending.is_set():
            for message in self._consumer.consume(1_000, 0.02):
                if message.error() is None:
                    record = CODEC.decode(message.value() or b"", AuditRecord)
                    number = int(record.vehicle_id.rpartition("-")[2])
                    partition = message.partition() or 0
                    self._newest[partition] = max(self._newest[partition], number)
