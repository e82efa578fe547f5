"""FAILED workflows that can be redriven: the newest workflow of their vehicle, for a reason that an operator names."""

import heapq
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, field

from master_orchestrator.readers.statuses import read_newest
from master_orchestrator.readers.topics import OnProgress, vehicle_of
from master_orchestrator_schemas.kafka import KafkaSettings
from master_orchestrator_schemas.messages import Status
from master_orchestrator_schemas.topology import Topology
from master_orchestrator_schemas.vocabulary import Reason, State

WORTH_A_TRY = frozenset({Reason.RETRIES_EXHAUSTED, Reason.AGENT_REJECTED})
"""What is redriven where no reason is named: what an operator cancelled stays cancelled."""


@dataclass(frozen=True, slots=True)
class FailedWorkflow:
    """A workflow in FAILED; ``since_ms``: milliseconds since 1970 UTC."""

    workflow_id: str
    reason: Reason | None
    step: str
    since_ms: int


@dataclass
class FailedListing:
    """Some of the failed workflows, the longest failed first, and how many there are."""

    rows: list[FailedWorkflow] = field(default_factory=list)
    total: int = 0


def failed_now(statuses: Iterable[Status]) -> Iterator[FailedWorkflow]:
    """The vehicles' newest workflows that are FAILED now; ``statuses`` of one workflow in the order of their topic.

    A vehicle that has opened another workflow since has put its failed one behind it: the engine would reject it. Kept
    per vehicle: an id, and a few words if it failed.
    """
    newest: dict[str, tuple[int, FailedWorkflow | None]] = {}
    for status in statuses:
        vehicle, episode = vehicle_of(status.workflow_id), _episode(status.workflow_id)
        if episode >= newest.get(vehicle, (-1, None))[0]:
            newest[vehicle] = episode, _failed(status)
    return (failed for _, failed in newest.values() if failed is not None)


def longest_failed(
    failed: Iterable[FailedWorkflow], reasons: Collection[Reason], not_after_ms: int | None, limit: int
) -> FailedListing:
    """Those that failed for one of ``reasons``, not after the given time; count all, keep ``limit``."""
    listing = FailedListing()

    def counted() -> Iterator[FailedWorkflow]:
        for one in failed:
            if one.reason in reasons and (not_after_ms is None or one.since_ms <= not_after_ms):
                listing.total += 1
                yield one

    listing.rows = heapq.nsmallest(limit, counted(), key=lambda one: (one.since_ms, one.workflow_id))
    return listing


def read_failed(
    kafka: KafkaSettings, topology: Topology, progress: OnProgress | None = None
) -> Iterator[FailedWorkflow]:
    """:func:`failed_now` of the whole topic, one partition in memory at a time."""
    for partition in range(topology.partitions):
        newest = read_newest(kafka, topology, progress, partitions=[partition])
        yield from failed_now(newest.matching(lambda _: True))


def _failed(status: Status) -> FailedWorkflow | None:
    """One without a step has no point to go on from."""
    if status.state is not State.FAILED or status.step is None:
        return None
    since_ms = status.history[-1].at_ms if status.history else status.updated_at_ms
    return FailedWorkflow(status.workflow_id, status.reason, status.step, since_ms)


def _episode(workflow_id: str) -> int:
    return int(workflow_id.rpartition("~")[2])
