"""What a metric is: one line of the table in ``metrics.py``, and what it becomes in a process."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from enum import Enum, auto
from itertools import product
from typing import Any, Generic, TypeVar, overload

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from prometheus_client.metrics_core import GaugeMetricFamily
from prometheus_client.metrics_core import Metric as Family
from prometheus_client.registry import Collector

PREFIX = "master_orchestrator"


class Process(Enum):
    """Whose metric it is. STREAM: both apps', the engine's and that of the judge of behaviour."""

    ENGINE = auto()
    RUNNER = auto()
    UEBA = auto()
    STREAM = auto()


class LiveGauge(Collector):
    """A gauge whose value the function ``read`` computes at each scrape; it has no value until ``read`` is set."""

    def __init__(
        self, name: str, says: str, labels: Sequence[str] = (), registry: CollectorRegistry | None = None
    ) -> None:
        self._name, self._says, self._labels = name, says, labels
        self.read: Callable[[], Iterable[tuple[Sequence[str], float]]] = lambda: ()
        """Called by a thread of the HTTP server: label values and value, each set of labels once."""
        if registry is not None:
            registry.register(self)

    def describe(self) -> Iterator[Family]:
        """Name and type, without samples."""
        yield GaugeMetricFamily(self._name, self._says, labels=self._labels)

    def collect(self) -> Iterator[Family]:
        """The samples as they are now."""
        family = GaugeMetricFamily(self._name, self._says, labels=self._labels)
        for labels, value in self.read():
            family.add_metric(labels, value)
        yield family


M = TypeVar("M", bound="Counter | Gauge | Histogram | LiveGauge")
Labels = Mapping[str, Sequence[str] | None]
"""Label -> its values, or None where they are known at run time only."""


class Metric(Generic[M]):
    """One metric of the table: a class attribute there, a registered collector in an instance.

    Args:
        kind: counter, gauge, histogram, or a gauge that is computed at each scrape.
        name: without the prefix.
        says: one sentence, for the documents and for Prometheus.
        labels: with their values where these are known: every combination then starts at 0.
        only: the combinations of label values that occur, where not all of them do.
        buckets: of a histogram.
        process: whose it is; None for both.
    """

    def __init__(
        self,
        kind: type[M],
        name: str,
        says: str,
        labels: Labels | None = None,
        *,
        only: Sequence[Sequence[str]] | None = None,
        buckets: Sequence[float] = (),
        process: Process | None = None,
    ) -> None:
        self.kind, self.name, self.says, self.labels = kind, f"{PREFIX}_{name}", says, labels or {}
        self.buckets, self.process = buckets, process
        self._only = only
        self._attribute = ""

    def __set_name__(self, owner: type, name: str) -> None:
        self._attribute = name

    @overload
    def __get__(self, instance: None, owner: type) -> "Metric[M]": ...

    @overload
    def __get__(self, instance: object, owner: type) -> M: ...

    def __get__(self, instance: object | None, owner: type) -> "Metric[M] | M":
        if instance is None:
            return self
        made: M = vars(instance)[f"_{self._attribute}"]
        return made

    def register(self, instance: object, registry: CollectorRegistry) -> None:
        """Make it for one process, with every known set of labels at 0."""
        options: dict[str, Any] = {"buckets": self.buckets} if self.kind is Histogram else {}
        made: Any = self.kind(self.name, self.says, tuple(self.labels), registry=registry, **options)
        vars(instance)[f"_{self._attribute}"] = made
        if not isinstance(made, LiveGauge):
            for values in self.known():
                made.labels(*values)

    def known(self) -> list[tuple[str, ...]]:
        """The sets of label values that are known beforehand; none of a metric without labels."""
        if self._only is not None:
            return [tuple(values) for values in self._only]
        values = [values for values in self.labels.values() if values is not None]
        return list(product(*values)) if values and len(values) == len(self.labels) else []

    def of(self, process: Process) -> bool:
        """Whether a process has it."""
        stream = self.process is Process.STREAM and process in (Process.ENGINE, Process.UEBA)
        return stream or self.process in (None, process)

    @property
    def unit(self) -> str:
        """The unit in its name: seconds, bytes, records …; ratio and total are none."""
        words = self.name.removesuffix("_total").split("_")
        return words[-1] if words[-1] in ("seconds", "bytes", "records", "ratio") else ""
