"""Golden histories: input records as text, each followed by what the engine makes of it.

A history is a YAML file. ``steps`` has the input records of one partition in the order applied, each with ``gives``,
the records that its transaction and the outbox would hold, and ``state``, a digest of the vehicle's stored value.
``ends`` has the stored state of each vehicle after the last step. What is readable in it, and how: ``golden_text.py``.
"""

import difflib
from pathlib import Path
from typing import Any

import msgspec
import yaml

from master_orchestrator_schemas.metrics import Metrics
from master_orchestrator_schemas.partitioner import partition_of_key
from master_orchestrator_schemas.registry import INPUTS, TYPES
from master_orchestrator_schemas.topology import Topology, load_topology
from support.fetched_records import FetchedRecord
from support.golden_text import CODEC, digest, readable_record, readable_value
from support.vehicle_processor import VehicleWork, vehicle_processor

PARTITION = 3
FOLDER = Path(__file__).parents[1] / "golden"
Given = dict[str, Any]
"""An input as it stands in a file: ``topic``, ``offset``, ``at_ms``, ``key``, and ``message`` or else ``value``."""
Output = tuple[str, bytes, bytes]
"""Topic, key and value of a record."""


class GoldenHistory:
    """One file: its inputs, what was recorded of them, and what today's engine makes of them."""

    def __init__(self, path: Path) -> None:
        self.path, self._text = path, path.read_text(encoding="utf-8")
        self.recorded: dict[str, Any] = yaml.safe_load(self._text)

    @property
    def inputs(self) -> list[Given]:
        """The inputs of all steps."""
        return [step["input"] for step in self.recorded["steps"]]

    def run(self) -> "GoldenRun":
        """A partition on which nothing has happened."""
        topology = _all_at_home(load_topology(), {given["key"].encode() for given in self.inputs})
        service = topology.service.model_copy(update=self.recorded.get("service", {}))
        return GoldenRun(topology.model_copy(update={"service": service}))

    def now(self) -> dict[str, Any]:
        """The file's content as it would be recorded today."""
        run = self.run()
        steps = [{"input": given, **run.step(given)} for given in self.inputs]
        return {**self.recorded, "steps": steps, "ends": run.ends()}

    def difference(self) -> str | None:
        """Where today's engine first differs from what was recorded; None if nowhere."""
        return first_difference(self.recorded, self.now())

    def record(self) -> str:
        """Write what today's engine makes of the inputs into the file; the change as a unified diff."""
        text = yaml.safe_dump(self.now(), sort_keys=False, width=120, default_flow_style=None, allow_unicode=True)
        before, after = self._text.splitlines(), text.splitlines()
        self.path.write_text(text, encoding="utf-8")
        return "\n".join(difflib.unified_diff(before, after, self.path.name, self.path.name, lineterm="", n=2))


def _all_at_home(topology: Topology, keys: set[bytes]) -> Topology:
    """With the partition count that puts all these vehicles into the histories' partition."""
    counts = range(PARTITION + 1, 100_000)
    count = next(n for n in counts if {PARTITION} == {partition_of_key(key, n) for key in keys})
    return topology.model_copy(update={"partitions": count})


class GoldenRun:
    """The engine's processor on one partition, its table in memory."""

    def __init__(self, topology: Topology) -> None:
        self._topology, self._table = topology, dict[bytes, bytes]()
        self.metrics = Metrics()
        self._processor = vehicle_processor(topology, self.metrics)

    def step(self, given: Given) -> dict[str, Any]:
        """What one input gives: its records, and a digest of the stored value of each vehicle it touched."""
        work = self.work(given)
        dead = self._topology.dead_letter_topic
        gives = [readable_record(record, is_dead=record.topic == dead) for record in (*work.records, *work.commands)]
        return {"gives": gives, "state": [digest(value) for value in work.entries.values()]}

    def work(self, given: Given) -> VehicleWork:
        """What one input comes to."""
        work = self._processor.process(PARTITION, [self._fetched(given)], self._table.get)
        self._table |= work.entries
        return work

    def outputs(self, batch: list[Given]) -> list[Output]:
        """The records that a batch of inputs gives, and then its commands."""
        work = self._processor.process(PARTITION, [self._fetched(given) for given in batch], self._table.get)
        self._table |= work.entries
        return [record[:3] for record in (*work.records, *work.commands)]

    def ends(self) -> dict[str, Any]:
        """Each vehicle's stored state."""
        return {key.decode(): readable_value(value) for key, value in sorted(self._table.items())}

    def _fetched(self, given: Given) -> tuple[int, FetchedRecord]:
        rank = self._topology.input_topics.index(given["topic"])
        value = given.get("value")
        if "message" in given:
            value = CODEC.encode(msgspec.convert(given["message"], TYPES[INPUTS[rank]]))
        elif isinstance(value, str):
            value = value.encode()
        headers = tuple((name, text.encode()) for name, text in given.get("headers", {}).items())
        return rank, FetchedRecord(given["offset"], given["at_ms"], given["key"].encode(), value, headers)


def first_difference(recorded: Any, now: Any, place: str = "") -> str | None:
    """Where two trees first differ, in words: the place, what was recorded, what is now. None if nowhere."""
    if isinstance(recorded, dict) and isinstance(now, dict):
        pairs = [(recorded.get(key), now.get(key), f"{place} {key}") for key in {**recorded, **now}]
    elif isinstance(recorded, list) and isinstance(now, list):
        longer = range(max(len(recorded), len(now)))
        pairs = [_item(_at(recorded, index), _at(now, index), f"{place}[{index}]") for index in longer]
    else:
        return None if recorded == now else f"{place.strip()}: recorded {recorded!r}, now {now!r}"
    return next((difference for pair in pairs if (difference := first_difference(*pair)) is not None), None)


def _at(items: list[Any], index: int) -> Any:
    return items[index] if index < len(items) else None


def _item(recorded: Any, now: Any, place: str) -> tuple[Any, Any, str]:
    """A list's item, its place with what helps to find it in the file: a record's topic and offset or key."""
    item = recorded or now
    record = item.get("input", item) if isinstance(item, dict) else {}
    name = f" ({record['topic']} {record.get('offset', record['key'])})" if "topic" in record else ""
    return recorded, now, place + name
