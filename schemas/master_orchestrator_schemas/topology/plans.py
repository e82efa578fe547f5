"""The Kafka configuration of each topic, derived from its terms."""

from collections.abc import Mapping
from dataclasses import dataclass

from master_orchestrator_schemas.limits import Compression, Limits
from master_orchestrator_schemas.topology.terms import TopicTerms

MIB = 1024 * 1024
HEADERS_ROOM = 128 * 1024
"""Bytes that key, headers and batch framing may add to a record's value."""

GZIP_LEVEL = 1
"""The lowest: the others cost twice as much for a tenth less."""
TABLE_COMPRESSION: Compression = "zstd"
"""Of the changelogs, which only the system's own processes read: a quarter of gzip's CPU, and smaller. Where the
topology says the same, as by default, brokers need not compress again."""


@dataclass(frozen=True)
class TopicPlan:
    """A topic as it has to be on the cluster; ``config`` in Kafka's own names and texts."""

    name: str
    partitions: int
    replication: int
    config: Mapping[str, str]


def input_record_bytes(limits: Limits) -> int:
    """``max.message.bytes`` of topics others write.

    It bounds the whole batch, and librdkafka sends batches of up to 1,000,000 bytes without splitting a refused one:
    less than 1 MiB would refuse good records.
    """
    return max(MIB, limits.max_record_bytes + HEADERS_ROOM)


def dead_letter_bytes(limits: Limits) -> int:
    """``max.message.bytes`` of the dead letters: any input as it came, with headers of ours."""
    return input_record_bytes(limits) + HEADERS_ROOM


def durable(replication: int) -> dict[str, str]:
    """With three replicas an acknowledged record is on two of them at least."""
    return {"min.insync.replicas": "2" if replication >= 3 else "1"}


def deleted(retention_ms: int) -> dict[str, str]:
    """Records go after their retention."""
    return {"cleanup.policy": "delete", "retention.ms": str(retention_ms)}


def engine_config(terms: TopicTerms, limits: Limits, compression: Compression) -> dict[str, str]:
    """Configuration of an input or output topic. LogAppendTime: the engine's only clock is the broker's."""
    cleanup = {"cleanup.policy": "compact"} if terms.retention_ms is None else deleted(terms.retention_ms)
    bytes_as_they_came = terms.schema_name is None
    largest = dead_letter_bytes(limits) if bytes_as_they_came else input_record_bytes(limits)
    config = {**cleanup, "message.timestamp.type": "LogAppendTime", "max.message.bytes": str(largest)}
    return config | compressed(compression) if terms.role == "output" else config


def compressed(compression: Compression) -> dict[str, str]:
    """What the broker keeps and gives out, whatever came: the engine writes outputs and changelog in one transaction,
    for which a producer has one compression, the changelog's.
    """
    if compression == "gzip":
        return {"compression.type": "gzip", "compression.gzip.level": str(GZIP_LEVEL)}
    return {"compression.type": "uncompressed" if compression == "none" else compression}


def changelog_config() -> dict[str, str]:
    """Only closed segments are compacted: small ones, compacted early, keep a restore near the size of the state."""
    return {
        "cleanup.policy": "compact",
        "segment.bytes": str(64 * MIB),
        "min.cleanable.dirty.ratio": "0.2",
        "max.message.bytes": str(2 * MIB),
    }
