"""What the judge of behaviour has written: where actors stand, and their trails."""

from collections.abc import Iterator
from typing import TypeVar

from confluent_kafka import Message

from master_orchestrator.readers.decoding import OnUnreadable, decoded, logged
from master_orchestrator.readers.topics import OnProgress, TopicReader, partition_of
from master_orchestrator_schemas.codec import Codec
from master_orchestrator_schemas.kafka import KafkaSettings
from master_orchestrator_schemas.messages import ActorRecord, Control, EntityStatus
from master_orchestrator_schemas.topology import Topology

N = TypeVar("N", EntityStatus, Control)


def read_entities(kafka: KafkaSettings, topology: Topology, progress: OnProgress | None = None) -> list[EntityStatus]:
    """Where every actor stands, the highest risk first."""
    codec, newest = Codec(topology.limits), dict[str, EntityStatus]()
    with TopicReader(kafka, [topology.topic_of("EntityStatus")], range(topology.partitions)) as reader:
        for status in decoded(reader.catch_up(progress), EntityStatus, codec):
            newest[status.actor] = status
    return sorted(newest.values(), key=lambda status: (-status.score, status.actor))


def read_entity(kafka: KafkaSettings, topology: Topology, actor: str) -> EntityStatus | None:
    """Where one actor stands; None of one that was never seen."""
    return _newest(kafka, topology, actor, EntityStatus)


def read_control(kafka: KafkaSettings, topology: Topology, actor: str) -> Control | None:
    """What one actor is held to; None where no control was ever set. Raises :class:`KafkaUnavailableError`."""
    return _newest(kafka, topology, actor, Control)


def read_actor_trail(
    kafka: KafkaSettings, topology: Topology, actor: str, unreadable: OnUnreadable = logged
) -> list[ActorRecord]:
    """The records of one actor, oldest first; of exact repeats the first."""
    with TopicReader(kafka, [topology.topic_of("ActorRecord")], [partition_of(actor, topology.partitions)]) as reader:
        own = _of_actor(reader.catch_up(), actor)
        records = {record.hash: record for record in decoded(own, ActorRecord, Codec(topology.limits), unreadable)}
    return sorted(records.values(), key=lambda record: record.seq)


def read_actor_trails(
    kafka: KafkaSettings, topology: Topology, progress: OnProgress | None = None, unreadable: OnUnreadable = logged
) -> Iterator[ActorRecord]:
    """The records of all actors there are now, partition by partition in order."""
    with TopicReader(kafka, [topology.topic_of("ActorRecord")], range(topology.partitions)) as reader:
        yield from decoded(reader.catch_up(progress), ActorRecord, Codec(topology.limits), unreadable)


def _newest(kafka: KafkaSettings, topology: Topology, actor: str, message_type: type[N]) -> N | None:
    """The newest of one actor, on a topic with one key for each."""
    newest: N | None = None
    topic, partition = topology.topic_of(message_type.__name__), partition_of(actor, topology.partitions)
    with TopicReader(kafka, [topic], [partition]) as reader:
        own = (message for message in reader.catch_up() if message.key() == actor.encode())
        for message in decoded(own, message_type, Codec(topology.limits)):
            newest = message
    return newest


def _of_actor(messages: Iterator[Message], actor: str) -> Iterator[Message]:
    prefix = f"{actor}/".encode()
    return (message for message in messages if (message.key() or b"").startswith(prefix))
