"""The engine's gauges that are computed at each scrape: a value that was true once is not shown for long."""

import time
from collections.abc import Callable, Iterable, Mapping

from master_orchestrator.shell.engine import JobEngine
from master_orchestrator.shell.input_progress import Behind, LogPlace
from master_orchestrator.shell.open_work import OpenWork
from master_orchestrator_schemas.metrics import Metrics
from master_orchestrator_schemas.places import Partition
from master_orchestrator_schemas.topology import Topology

WAITS_FOR_PEOPLE_MS = 3_600_000
"""Whose replies may take longer waits for people: an old command of that agent says nothing of its runners."""


def bind_gauges(
    metrics: Metrics, topology: Topology, engine: JobEngine, log: Callable[[], Mapping[Partition, LogPlace]]
) -> None:
    """Have ``metrics`` ask ``engine``, and ``log`` for what the consumer knows of its topic-partitions."""
    metrics.input_lag_records.read = lambda: _by_topic_partition(engine.behind(log()), 0)
    metrics.input_oldest_seconds.read = lambda: _by_topic_partition(engine.behind(log()), 1)
    metrics.last_commit_timestamp_seconds.read = lambda: _by_partition(engine.committed_s)
    metrics.table_bytes.read = lambda: _by_partition(engine.table_sizes())
    metrics.timers_pending.read = lambda: [((), engine.timers_pending)]
    metrics.topology_info.labels(topology.fingerprint).set(1)


def bind_work(metrics: Metrics, topology: Topology, work: OpenWork) -> None:
    """Have ``metrics`` ask ``work`` for the workflows and commands that are open."""
    metrics.workflows.read = work.workflows
    metrics.commands_open.read = work.commands
    metrics.commands_oldest_seconds.read = lambda: work.oldest(time.time_ns() // 1_000_000)
    for agent, terms in topology.agents.items():
        if terms.reply_within_ms < WAITS_FOR_PEOPLE_MS:
            for lane, bound in topology.lanes.items():
                metrics.lane_bound_seconds.labels(agent, lane).set(bound.max_wait_ms / 1000)


def _by_topic_partition(behind: Mapping[Partition, Behind], field: int) -> Iterable[tuple[tuple[str, str], float]]:
    return [((topic, str(partition)), lag[field]) for (topic, partition), lag in behind.items()]


def _by_partition(values: Mapping[int, float]) -> Iterable[tuple[tuple[str], float]]:
    return [((str(partition),), value) for partition, value in dict(values).items()]
