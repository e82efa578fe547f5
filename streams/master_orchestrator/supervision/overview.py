"""What the processes' metrics say of the whole system at one moment."""

from collections import Counter
from collections.abc import Iterable, Iterator
from http import HTTPStatus
from typing import NamedTuple

from prometheus_client.parser import text_string_to_metric_families

from master_orchestrator.supervision.facts import fetched
from master_orchestrator_schemas.health import METRICS
from master_orchestrator_schemas.metric_kinds import PREFIX
from master_orchestrator_schemas.vocabulary import AgentType, Lane


class LaneLoad(NamedTuple):
    """Commands without a reply, the age of the oldest, and how old it may get: None where people are waited for."""

    agent: str
    lane: str
    open: int
    oldest_s: float
    bound_s: float | None


class AgentLoad(NamedTuple):
    """Workers at work and in all, and replies since the runners started: results, and failures."""

    agent: str
    busy: int
    workers: int
    results: int
    failures: int


class Overview:
    """The samples of several processes: counts are added up, of ages the greatest counts."""

    def __init__(self, pages: Iterable[str]) -> None:
        self._samples = [
            sample for page in pages for family in text_string_to_metric_families(page) for sample in family.samples
        ]

    def total(self, name: str, **labels: str) -> int:
        """The sum over all samples of a metric that have these labels."""
        return int(sum(value for _, value in self._values(name, labels)))

    def by(self, name: str, label: str) -> Counter[str]:
        """The sums by one label."""
        sums: Counter[str] = Counter()
        for labels, value in self._values(name, {}):
            sums[labels[label]] += int(value)
        return sums

    def lanes(self) -> list[LaneLoad]:
        """Every lane that has commands without a reply."""
        loads = []
        for agent in AgentType:
            for lane in Lane:
                labels = {"agent": agent.value, "lane": lane.value}
                if count := self.total("commands_open", **labels):
                    oldest = max((value for _, value in self._values("commands_oldest_seconds", labels)), default=0.0)
                    bounds = [value for _, value in self._values("lane_bound_seconds", labels)]
                    loads.append(LaneLoad(agent.value, lane.value, count, oldest, bounds[0] if bounds else None))
        return loads

    def agents(self) -> list[AgentLoad]:
        """Every agent type, with or without runners."""
        return [
            AgentLoad(
                agent.value,
                self.total("workers_busy", agent=agent.value),
                self.total("workers", agent=agent.value),
                results := self.total("replies_total", agent=agent.value, outcome="result"),
                self.total("replies_total", agent=agent.value) - results,
            )
            for agent in AgentType
        ]

    def _values(self, name: str, labels: dict[str, str]) -> Iterator[tuple[dict[str, str], float]]:
        full = f"{PREFIX}_{name}"
        for sample in self._samples:
            if sample.name == full and labels.items() <= sample.labels.items():
                yield sample.labels, sample.value


def overview(addresses: Iterable[str]) -> tuple[Overview, list[str]]:
    """What the processes at these addresses (``http://host:port``) say, and which of them do not answer."""
    pages, silent = [], []
    for address in addresses:
        page = _page(address)
        if page is None:
            silent.append(address)
        else:
            pages.append(page)
    return Overview(pages), silent


def _page(address: str) -> str | None:
    """The metrics of a process; None if there is nobody who serves any."""
    answer = fetched(address + METRICS)
    if answer is None or answer[0] != HTTPStatus.OK:
        return None
    try:
        list(text_string_to_metric_families(answer[1]))
    except ValueError:
        return None
    return answer[1]
