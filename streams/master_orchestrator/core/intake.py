"""From a record of an input topic to the core's input: which records are applied, and which are rejected. Pure.

The live engine and ``audit verify --replay`` share this, so that a replay leaves out just what the engine left out.
"""

from collections.abc import Iterable
from operator import attrgetter
from typing import Any, Generic, TypeVar

from master_orchestrator.core.inputs import Body, Input
from master_orchestrator.core.rejection import RejectedError
from master_orchestrator_schemas.codec import Codec, DecodeError, Read
from master_orchestrator_schemas.headers import gateway_of, traceparent_of
from master_orchestrator_schemas.messages import Cause, Telemetry
from master_orchestrator_schemas.messages.telemetry import MAX_MS
from master_orchestrator_schemas.partitioner import partition_of_key
from master_orchestrator_schemas.registry import INPUTS, TYPES, Message
from master_orchestrator_schemas.topology import Topology

WRONG_PARTITION = (
    "{} belongs to partition {} of {}: set the producer's partitioner to murmur2 (librdkafka and kcat: "
    "partitioner=murmur2_random; others: docs/contracts.md), restart it if partitions were added, then redrive this "
    "letter"
)


B = TypeVar("B", bound=Message)


class RecordReader(Generic[B]):
    """Decodes records of an app's input topics, and checks their keys and partitions.

    ``inputs``: the names of their messages. ``key``: the field that a record's key repeats.
    """

    def __init__(self, topology: Topology, codec: Codec, inputs: Iterable[str], key: str) -> None:
        self._codec, self._partitions = codec, topology.partitions
        self._key, self._key_of = key, attrgetter(key)
        topics = ((topology.topic_of(name), name) for name in inputs)
        self._bodies: dict[str, tuple[type[Any], bool]] = {
            topic: (TYPES[name], topology.topics[topic].json_allowed) for topic, name in topics
        }

    def read(self, cause: Cause, *, at_ms: int, key: bytes | None, value: bytes | None) -> Read[B]:
        """What the record at ``cause`` holds. Raises :class:`RejectedError`."""
        read = self._read(cause.topic, value)
        name: str = self._key_of(read.message)
        if key is None or key != name.encode():
            raise RejectedError("key_mismatch", f"the record's key is {key!r}, its {self._key} {name!r}")
        self._at_home(cause, key)
        if not 0 <= at_ms <= MAX_MS:  # deadlines are computed from it, and have to fit into 64 bits
            raise RejectedError("invalid_timestamp", f"the record's timestamp {at_ms} is not a time from 1970 to 9999")
        return read

    def _at_home(self, cause: Cause, key: bytes) -> None:
        """In another partition than its vehicle's, its replies and timers would pass it by."""
        home = partition_of_key(key, self._partitions)
        if cause.partition != home:
            raise RejectedError("wrong_partition", WRONG_PARTITION.format(key.decode(), home, self._partitions))

    def _read(self, topic: str, value: bytes | None) -> Read[B]:
        body_type, json_allowed = self._bodies[topic]
        if value is None:
            raise RejectedError("empty", "the record has no value")
        try:
            return self._codec.read(value, body_type, json_allowed=json_allowed)
        except DecodeError as error:
            raise RejectedError(error.reason, str(error)) from error


class Intake(RecordReader[Body]):
    """Reads what the engine is given."""

    def __init__(self, topology: Topology, codec: Codec) -> None:
        super().__init__(topology, codec, INPUTS, "vehicle_id")
        self._readings = topology.topic_of(Telemetry.__name__)

    def take(
        self,
        cause: Cause,
        *,
        at_ms: int,
        key: bytes | None,
        value: bytes | None,
        headers: Iterable[tuple[str, bytes | None]] | None,
    ) -> Input:
        """The input that the record at ``cause`` is. Raises :class:`RejectedError`."""
        body, left_out = self.read(cause, at_ms=at_ms, key=key, value=value)
        return Input(
            cause=cause,
            at_ms=at_ms,
            body=body,
            traceparent=traceparent_of(headers),
            gateway=None if headers is None or cause.topic != self._readings else gateway_of(headers),
            left_out=left_out,
        )
