"""One partition of an engine without a broker: inputs through the processor, table and outputs as bytes.

And vehicles on it, driven as in the tests of the core. A partition can be written to a file and read from one.
"""

import json
from base64 import b64decode, b64encode
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from master_orchestrator.core import table
from master_orchestrator.core.inputs import Body
from master_orchestrator.core.policy import Policy
from master_orchestrator.shell import layout
from master_orchestrator.shell.records import Record
from master_orchestrator_schemas.codec import Codec
from master_orchestrator_schemas.messages import AuditRecord, Command
from master_orchestrator_schemas.topology import Topology, load_topology
from master_orchestrator_schemas.topology.service_plans import ServicePlanTerms
from support.core_vehicle import EPOCH_MS, CoreVehicle
from support.fetched_records import FetchedRecord
from support.vehicle_processor import vehicle_processor

CODEC = Codec()
PARTITION = 0


class InputRecord(NamedTuple):
    """A record of an input topic."""

    topic: str
    at_ms: int
    key: bytes
    value: bytes


class PartitionContent(msgspec.Struct):
    """What Kafka has of a partition: inputs, table (as the changelog gives it), outputs, delivered commands.

    The outbox, in the table, has the commands and sessions of the newest batch; they count as not yet delivered.
    """

    inputs: list[InputRecord] = []
    table: dict[bytes, bytes] = {}
    outputs: list[Record] = []
    commands: list[Record] = []

    @property
    def outbox(self) -> list[Record]:
        """The newest batch's commands."""
        return layout.unpack_outbox(self.table.get)

    @property
    def positions(self) -> dict[str, int]:
        """Input topic -> next offset."""
        return table.unpack_positions(self.table.get(table.POSITION_KEY))

    def of_vehicle(self, vehicle_id: str, topic: str, message_type: type[Any]) -> list[Any]:
        """A vehicle's messages on an output topic, oldest first."""
        messages = [CODEC.decode(record.value, message_type) for record in self.outputs if record.topic == topic]
        return [message for message in messages if message.vehicle_id == vehicle_id]

    def write(self, path: Path) -> None:
        """One line per record, its name to be read by people, its bytes in base64."""
        lines = [["input", at_ms, topic, _text(key), _coded(value), []] for topic, at_ms, key, value in self.inputs]
        lines += [["table", 0, "", _text(key), _coded(value), []] for key, value in self.table.items()]
        for kind, records in (("output", self.outputs), ("command", self.commands)):
            lines += [[kind, 0, r.topic, _text(r.key), _coded(r.value), _headers(r)] for r in records]
        path.write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")

    @classmethod
    def read(cls, path: Path) -> "PartitionContent":
        """The inverse of :meth:`write`."""
        partition = cls()
        for line in path.read_text(encoding="utf-8").splitlines():
            kind, at_ms, topic, key_text, coded, headers = json.loads(line)
            key, value = key_text.encode(), b64decode(coded)
            if kind == "input":
                partition.inputs.append(InputRecord(topic, at_ms, key, value))
            elif kind == "table":
                partition.table[key] = value
            else:
                record = Record(topic, key, value, [(name, text.encode()) for name, text in headers])
                (partition.outputs if kind == "output" else partition.commands).append(record)
        return partition


def _text(key: bytes) -> str:
    return key.decode()


def _coded(value: bytes) -> str:
    return b64encode(value).decode()


def _headers(record: Record) -> list[tuple[str, str]]:
    return [(name, (value or b"").decode()) for name, value in record.headers or ()]


class EngineOfPartition:
    """Applies inputs to a partition as an engine does, batch by batch."""

    def __init__(self, topology: Topology, partition: PartitionContent) -> None:
        self.topology, self.partition = topology, partition
        self.policy = Policy.from_topology(topology)
        self._processor = vehicle_processor(topology)
        self._offsets = Counter(partition.positions)

    def apply(self, *batch: InputRecord) -> list[Record]:
        """Apply one batch; its commands, which are in the outbox now, and those of the batch before delivered."""
        partition = self.partition
        partition.commands += partition.outbox
        work = self._processor.process(PARTITION, [self._fetched(given) for given in batch], partition.table.get)
        partition.inputs += batch
        partition.outputs += work.records
        partition.table |= work.entries | layout.pack_outbox(work.commands)
        partition.table[table.POSITION_KEY] = table.pack_positions(self._offsets)
        return work.commands

    def input_of(self, body: Body, at_ms: int) -> InputRecord:
        """A message as the next record of its topic."""
        topic = self.topology.topic_of(type(body).__name__)
        return InputRecord(topic, at_ms, body.vehicle_id.encode(), CODEC.encode(body))

    def _fetched(self, given: InputRecord) -> tuple[int, FetchedRecord]:
        offset = self._offsets[given.topic]
        self._offsets[given.topic] += 1
        rank = self.topology.input_topics.index(given.topic)
        return rank, FetchedRecord(offset, given.at_ms, given.key, given.value)


class PartitionVehicle(CoreVehicle):
    """A vehicle on an :class:`EngineOfPartition`; goes on where the partition's table left it."""

    def __init__(self, engine: EngineOfPartition, vehicle_id: str) -> None:
        super().__init__(engine.policy, vehicle_id)
        self.engine = engine
        self.held: list[InputRecord] | None = None
        known = self._commands([*engine.partition.commands, *engine.partition.outbox])
        self.commands = [command for command in known if command.vehicle_id == vehicle_id]
        self.at_ms = max([EPOCH_MS, *(given.at_ms for given in engine.partition.inputs)])
        self._take_stored()

    def send(self, body: Body, *, traceparent: str | None = None) -> None:  # type: ignore[override]  # noqa: ARG002  the outcome is in the partition
        """Apply an input as a batch of its own; or hold it for a batch, where ``held`` is a list."""
        self.offsets["all"] += 1  # ids of requests are made of it
        given = self.engine.input_of(body, self.at_ms)
        if self.held is not None:
            self.held.append(given)
            return
        self.commands += self._commands(self.engine.apply(given))
        self._take_stored()

    def trail(self) -> list[AuditRecord]:
        """All audit records of the vehicle."""
        topic = self.engine.topology.topic_of("AuditRecord")
        return self.engine.partition.of_vehicle(self.vehicle_id, topic, AuditRecord)

    def _commands(self, records: Iterable[Record]) -> list[Command]:
        """Those among the records of an outbox, which holds the sessions of requests, too."""
        activity = self.engine.topology.topic_of("Activity")
        return [CODEC.decode(record.value, Command) for record in records if record.topic != activity]

    def _take_stored(self) -> None:
        value = self.engine.partition.table.get(self.vehicle_id.encode())
        self.stored = None if value is None else table.unpack_vehicle(value)[1]


SERVED = ("service-due", "service-done")
"""Vehicles of the frozen partitions that have a service plan."""


def frozen_topology() -> Topology:
    """The topology of the frozen partitions: the repository's with a service plan, one partition, names of its own."""
    plans = ServicePlanTerms.model_validate(
        {
            "plans": {"short": {"oil_and_filters": {"distance": "1000km"}, "inspection": {"time": "20d"}}},
            "vehicles": {vehicle: {"plan": "short"} for vehicle in SERVED},
        }
    )
    return load_topology().model_copy(update={"partitions": 1, "service_plans": plans}).with_prefix("frozen-")
