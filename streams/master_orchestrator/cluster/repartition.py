"""More partitions for a system that stands still: every vehicle moves, whole, to the partition its key now has.

Adding partitions to a topic moves nothing, while senders at once choose among all of them. So everything is stopped,
all inputs that came are applied, the counts are raised, and then each vehicle that belongs elsewhere moves in one
transaction: its state and newest statuses go over, its audit records are copied byte for byte (history is never
deleted). It can be interrupted and run again: what has moved is not moved twice.
"""

import time
from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

from confluent_kafka import KafkaError, Message, Producer
from confluent_kafka.admin import AdminClient, NewPartitions
from msgspec.structs import replace

from master_orchestrator.cluster.errors import ProvisionError
from master_orchestrator.cluster.provision import REQUEST_TIMEOUT_S, await_leaders
from master_orchestrator.core.state import decode_state, encode_state
from master_orchestrator.core.table import POSITION_KEY, is_vehicle, pack_vehicle, unpack_positions, unpack_vehicle
from master_orchestrator.readers.topics import TopicReader, partition_of, vehicle_of
from master_orchestrator_schemas.kafka import KafkaSettings, admin_config, headers_of, producer_config
from master_orchestrator_schemas.topology import Topology
from master_orchestrator_schemas.vocabulary import AgentType

ANSWER_S = 60.0
SESSION_S = 15.0
"""More than a stopped member's session."""


class Moved(NamedTuple):
    """What was done: vehicles that went to another partition, and the audit records copied with them."""

    vehicles: int
    records: int


class _Outgoing(NamedTuple):
    topic: str
    partition: int
    key: bytes
    value: bytes | None
    headers: list[tuple[str, bytes | None]]


def repartition(kafka: KafkaSettings, topology: Topology) -> Moved:
    """Raise the topics to the topology's partitions and move the vehicles.

    Raises ProvisionError, before anything is changed, while a member of the system runs, while inputs are not applied,
    and where a topic has more partitions than the topology says.
    """
    admin = AdminClient(admin_config(kafka))
    counts = _counts(admin, topology)
    _refuse_while_running(admin, topology)
    before = min(counts.values())
    _refuse_unapplied(kafka, topology, range(before))
    wanting = [name for name, count in counts.items() if count < topology.partitions]
    if wanting:
        raised = [NewPartitions(name, topology.partitions) for name in wanting]
        for future in admin.create_partitions(raised, request_timeout=REQUEST_TIMEOUT_S).values():
            future.result()
        await_leaders(admin, wanting)
    return _Move(kafka, topology).run()


def _counts(admin: AdminClient, topology: Topology) -> dict[str, int]:
    present = admin.list_topics(timeout=REQUEST_TIMEOUT_S).topics
    names = [plan.name for plan in topology.topic_plans() if plan.name not in topology.assignor_topics]
    if missing := [name for name in names if name not in present]:
        raise ProvisionError(f"Topic {missing[0]} is not there: run 'provision' with the old count first.")
    counts = {name: len(present[name].partitions) for name in names}
    for name, count in counts.items():
        if count > topology.partitions:
            raise ProvisionError(
                f"Topic {name} has {count} partitions, the topology says {topology.partitions}: partitions are never "
                f"removed. Set partitions to {count} at least."
            )
    return counts


def _refuse_while_running(admin: AdminClient, topology: Topology) -> None:
    """Members that have stopped leave their groups when their sessions end."""
    groups = [topology.app_id, *map(topology.agent_group, AgentType)]
    until = time.monotonic() + SESSION_S
    while running := _members(admin, groups):
        if time.monotonic() > until:
            told = ", ".join(f"{count} of {group}" for group, count in running.items())
            raise ProvisionError(f"Members still run ({told}): stop engines, agents and senders first.")
        time.sleep(0.2)


def _members(admin: AdminClient, groups: list[str]) -> dict[str, int]:
    futures = admin.describe_consumer_groups(groups, request_timeout=REQUEST_TIMEOUT_S)
    return {group: len(future.result().members) for group, future in futures.items() if future.result().members}


def _refuse_unapplied(kafka: KafkaSettings, topology: Topology, partitions: Iterable[int]) -> None:
    """A reading left behind would be refused in its old partition. Ticks are sent again, and do not count."""
    topics = [topic for topic in topology.input_topics if topic != topology.topic_of("Timer")]
    for number in partitions:
        applied: dict[str, int] = {}
        for message in _records(kafka, topology.changelog_topic, number):
            if message.key() == POSITION_KEY:
                applied = unpack_positions(message.value())
        with TopicReader(kafka, topics, [number]) as reader:
            ends = reader.end_offsets()
            empty = {partition.topic for partition, start in reader.start_offsets().items() if start == ends[partition]}
        for partition, end in ends.items():
            if partition.topic not in empty and applied.get(partition.topic, 0) < end:
                raise ProvisionError(
                    f"{end - applied.get(partition.topic, 0)} records of {partition} are not yet applied: "
                    f"start the engines with the old count of partitions, stop the senders, and wait until they are."
                )


def _records(kafka: KafkaSettings, topic: str, partition: int) -> Iterator[Message]:
    with TopicReader(kafka, [topic], [partition]) as reader:
        yield from reader.catch_up()


class _Move:
    """From each partition, what belongs to others. In memory are the records of one partition's vehicles that move."""

    def __init__(self, kafka: KafkaSettings, topology: Topology) -> None:
        self._kafka, self._topology = kafka, topology
        over = {"transactional.id": f"{topology.app_id}-repartition", "linger.ms": 5}
        self._producer = Producer(producer_config(kafka, topology.limits, topology.compression, **over))
        self._at_home: set[str] = set()

    def run(self) -> Moved:
        """Every vehicle that is not at home."""
        self._producer.init_transactions(ANSWER_S)
        states = {number: self._states(number) for number in range(self._topology.partitions)}
        self._at_home = {
            v for number, vehicle_states in states.items() for v in vehicle_states if self._home(v) == number
        }
        vehicles = records = 0
        for number, vehicle_states in states.items():
            astray = {vehicle: value for vehicle, value in vehicle_states.items() if self._home(vehicle) != number}
            outgoing = self._outputs(number, astray)
            for vehicle, value in astray.items():
                self._commit([*self._state(vehicle, number, value), *outgoing.get(vehicle, ())])
                records += sum(one.topic == self._topology.topic_of("AuditRecord") for one in outgoing.get(vehicle, ()))
            vehicles += len(astray)
        return Moved(vehicles, records)

    def _home(self, vehicle: str) -> int:
        return partition_of(vehicle, self._topology.partitions)

    def _states(self, number: int) -> dict[str, bytes]:
        states: dict[str, bytes] = {}
        for message in _records(self._kafka, self._topology.changelog_topic, number):
            key, value = message.key() or b"", message.value()
            if is_vehicle(key):
                states.pop(key.decode(), None)
                if value is not None:
                    states[key.decode()] = value
        return states

    def _state(self, vehicle: str, number: int, value: bytes) -> Iterator[_Outgoing]:
        """The state as it was, but for the positions: no input of the new partition has been applied to it."""
        topic, key = self._topology.changelog_topic, vehicle.encode()
        if vehicle not in self._at_home:  # a state that is there already has gone on: it stays
            due_ms, state = unpack_vehicle(value)
            moved = pack_vehicle(encode_state(replace(decode_state(state), positions=())), due_ms)
            yield _Outgoing(topic, self._home(vehicle), key, moved, [])
        yield _Outgoing(topic, number, key, None, [])

    def _outputs(self, number: int, astray: Mapping[str, bytes]) -> dict[str, list[_Outgoing]]:
        """By vehicle: its audit records, and the newest status of each of its workflows, which is taken away here."""
        outputs: dict[str, list[_Outgoing]] = {}
        audit, status = self._topology.topic_of("AuditRecord"), self._topology.topic_of("Status")
        newest: dict[bytes, _Outgoing] = {}
        for topic in (audit, status):
            for message in _records(self._kafka, topic, number):
                key = message.key() or b""
                vehicle = _vehicle_of_key(key, is_audit=topic == audit)
                if vehicle not in astray or vehicle in self._at_home or message.value() is None:
                    continue
                headers = headers_of(message)
                copy = _Outgoing(topic, self._home(vehicle), key, message.value(), headers)
                if topic == audit:
                    outputs.setdefault(vehicle, []).append(copy)
                else:
                    newest[key] = copy
        for key, copy in newest.items():
            tombstone = _Outgoing(status, number, key, None, [])
            outputs.setdefault(_vehicle_of_key(key, is_audit=False), []).extend((copy, tombstone))
        return outputs

    def _commit(self, outgoing: Iterable[_Outgoing]) -> None:
        failed: list[KafkaError] = []

        def delivered(error: KafkaError | None, _message: Message) -> None:
            if error is not None:
                failed.append(error)

        self._producer.begin_transaction()
        for one in outgoing:
            self._producer.produce(
                one.topic, one.value, one.key, one.partition, headers=list(one.headers), on_delivery=delivered
            )
        self._producer.flush(ANSWER_S)
        if failed:
            self._producer.abort_transaction(ANSWER_S)
            raise ProvisionError(f"a vehicle could not be moved: {failed[0].str()}; run it again")
        self._producer.commit_transaction(ANSWER_S)


def _vehicle_of_key(key: bytes, *, is_audit: bool) -> str:
    name = key.decode(errors="replace")
    return vehicle_of(name.rpartition("/")[0] if is_audit else name)
