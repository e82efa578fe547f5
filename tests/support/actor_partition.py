"""One partition of the ueba app without a broker: records through the processor, table and outputs as bytes."""

from collections import Counter
from typing import Any, TypeVar

import msgspec

from master_orchestrator.behaviour.actor_state import ActorState
from master_orchestrator.behaviour.trail import ActorOutcome
from master_orchestrator.shell.actor_counts import ActorCounts
from master_orchestrator.shell.actor_job import ActorJob
from master_orchestrator.shell.processor import Processor, Work
from master_orchestrator.shell.records import Record
from master_orchestrator_schemas.codec import Codec
from master_orchestrator_schemas.messages import (
    Activity,
    ActorRecord,
    ActorTick,
    Alert,
    Control,
    EntityStatus,
    SessionAct,
    UebaRequest,
)
from master_orchestrator_schemas.metrics import Metrics
from master_orchestrator_schemas.topology import Topology, load_topology
from master_orchestrator_schemas.vocabulary import ActorKind
from support.fetched_records import FetchedRecord

CODEC = Codec()
_LOADED = load_topology()
START_MS = 1_750_000_000_000
MINUTE_MS = 60_000
M = TypeVar("M", Activity, ActorRecord, Alert, Control, EntityStatus)
Body = Activity | UebaRequest | ActorTick


def topology_of_one(**changes: Any) -> Topology:
    """The repository's, with one partition."""
    return _LOADED.model_copy(update={"partitions": 1, **changes})


class ActorPartition:
    """Applies records batch by batch, as the app does. ``at_ms``: the broker's time of the next record."""

    def __init__(self, topology: Topology | None = None) -> None:
        self.topology = topology or topology_of_one()
        self.metrics = Metrics()
        counts = ActorCounts(self.metrics, self.topology.topic_of("Activity"))
        self.job = ActorJob(self.topology, CODEC, counts)
        self.processor: Processor[ActorState, ActorOutcome] = Processor(self.job, self.job.writer, counts)
        self.table: dict[bytes, bytes] = {}
        self.outputs: list[Record] = []
        self.inputs: list[tuple[str, FetchedRecord]] = []
        self.at_ms = START_MS
        self._offsets: Counter[str] = Counter()

    def forget(self) -> None:
        """Keep nothing decoded, as after a restart."""
        self.job._cached.clear()

    def apply(self, *bodies: Body) -> Work[ActorState, ActorOutcome]:
        """One batch."""
        return self.apply_bytes(*((type(body).__name__, body.actor.encode(), CODEC.encode(body)) for body in bodies))

    def apply_bytes(self, *records: tuple[str, bytes | None, bytes | None]) -> Work[ActorState, ActorOutcome]:
        """One batch of message name, key and value."""
        topics = self.topology.ueba_input_topics
        given = []
        for name, key, value in records:
            topic = self.topology.topic_of(name)
            fetched = FetchedRecord(self._offsets[topic], self.at_ms, key, value)
            self._offsets[topic] += 1
            self.inputs.append((topic, fetched))
            given.append((topics.index(topic), fetched))
        work = self.processor.process(0, given, self.table.get)
        self.table |= work.entries
        self.outputs += work.records
        return work

    def out(self, kind: type[M]) -> list[M]:
        """All messages of a kind that were written, oldest first."""
        topic = self.topology.topic_of(kind.__name__)
        return [CODEC.decode(record.value, kind) for record in self.outputs if record.topic == topic]

    def letters(self) -> list[Record]:
        """All dead letters."""
        return [record for record in self.outputs if record.topic == self.topology.dead_letter_topic]


class Worker:
    """An instance of an actor, which numbers its records."""

    def __init__(self, partition: ActorPartition, actor: str, instance: str = "w@h", start_ms: int = START_MS) -> None:
        self.partition, self.actor, self.instance, self.start_ms = partition, actor, instance, start_ms
        self.seq = 0

    def session(self, *acts: SessionAct, **fields: Any) -> Activity:
        """The next record: a command about ``v-1``, where nothing else is said."""
        kind = ActorKind(self.actor.partition(":")[0])
        session = f"command-{self.seq}"
        made = Activity(
            activity_id=f"{session}#{self.instance}#{self.start_ms}#0",
            actor=self.actor,
            kind=kind,
            instance=self.instance,
            start_ms=self.start_ms,
            seq=self.seq,
            session=session,
            workflow_id="v-1~1",
            entity="v-1",
            at_ms=self.partition.at_ms,
            acts=acts,
        )
        self.seq += 1
        return msgspec.structs.replace(made, **fields)
