"""Holes before fetched records: sought back to once, and believed if they come back.

A hole comes from records that Faust threw away during a rebalance (seeking back brings them), from the markers of a
gateway that uses transactions, or from retention that overtook the engine, which is alerted.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

import structlog

from master_orchestrator.shell.ordering import Admitted, admit
from master_orchestrator.shell.records import Fetched
from master_orchestrator_schemas.messages import Alert
from master_orchestrator_schemas.metrics import Metrics
from master_orchestrator_schemas.places import Partition
from master_orchestrator_schemas.vocabulary import AlertKind

log = structlog.get_logger(__name__)


class Hole(NamedTuple):
    """A jump in a topic-partition's offsets, and where its log began when it was met."""

    expected: int
    found: int
    log_start: int

    @property
    def lost(self) -> int:
        """How many records retention removed before they were applied."""
        return max(0, min(self.log_start, self.found) - self.expected)


class Contiguity:
    """Admits fetched records; remembers the holes it wants sought back to."""

    def __init__(self, metrics: Metrics) -> None:
        self._metrics = metrics
        self._known: dict[Partition, Hole] = {}
        self._met: dict[Partition, tuple[int, int]] = {}

    def forget(self) -> None:
        """Partitions have changed hands."""
        self._known.clear()
        self._met.clear()

    def admit(
        self, partition: Partition, expected: int, records: Sequence[Fetched], alert: Callable[[Alert], None]
    ) -> Admitted:
        """What of ``records`` may be applied; ``alert`` is called if a hole turns out to be a loss."""
        hole = self._known.get(partition)
        real = hole is not None and (hole.expected, hole.found) == (expected, records[0].offset)
        admitted = admit(expected, records, hole_is_real=real)
        if admitted.hole_at is not None:
            self._met[partition] = (expected, admitted.hole_at)
        elif admitted.first:
            self._metrics.duplicate_records.labels(partition.topic).inc(admitted.first)
        if hole is not None and real:
            del self._known[partition]
            self._metrics.offset_holes.labels(partition.topic).inc()
            if hole.lost:
                alert(data_lost(partition, hole.expected, f"{hole.lost} records", records[0].timestamp))
        return admitted

    def met(self) -> dict[Partition, int]:
        """Topic-partitions to be sought back, with the offset expected there."""
        return {partition: expected for partition, (expected, _) in self._met.items()}

    def sought(self, log_starts: Mapping[Partition, int]) -> None:
        """The holes met are about to be sought back to; where they come again they are real."""
        for partition, (expected, found) in self._met.items():
            self._known[partition] = Hole(expected, found, log_starts[partition])
            self._metrics.reseeks.labels(partition.topic).inc()
            log.info("hole_in_input", note="seeking back", partition=str(partition), expected=expected, found=found)
        self._met.clear()


def data_lost(partition: Partition, expected: int, what: str, at_ms: int) -> Alert:
    """The alert that acknowledged records were gone before the engine had read them."""
    return Alert(
        alert_id=f"{partition.topic}/{partition.partition}/{expected}/DATA_LOST",
        kind=AlertKind.DATA_LOST,
        at_ms=at_ms,
        message=(
            f"{what} of {partition} from offset {expected} on were gone before the engine had read them; "
            "raise the topic's retention, and ask the senders to send again"
        ),
    )
