"""Kafka's ElectLeaders request, version 1, for aiokafka, which has none.

confluent-kafka 2.16.0 has one that cannot be called: "more argument specifiers than keyword list entries".
"""

from aiokafka.protocol.api import (  # type: ignore[import-untyped]  # aiokafka ships no types
    Request,
    RequestStruct,
    Response,
)
from aiokafka.protocol.types import (  # type: ignore[import-untyped]  # as above
    Array,
    Int8,
    Int16,
    Int32,
    Schema,
    String,
)

PREFERRED = 0


class Elected(Response):  # type: ignore[misc]  # a class without types, as above
    """What became of each partition."""

    API_KEY = 43
    API_VERSION = 1
    _OF_PARTITION = Array(("partition", Int32), ("error_code", Int16), ("error_message", String("utf-8")))
    SCHEMA = Schema(
        ("throttle_time_ms", Int32),
        ("error_code", Int16),
        ("topics", Array(("topic", String("utf-8")), ("partitions", _OF_PARTITION))),
    )


class _Elect(RequestStruct):  # type: ignore[misc]  # as above
    API_KEY = 43
    API_VERSION = 1
    RESPONSE_TYPE = Elected
    SCHEMA = Schema(
        ("election_type", Int8),
        ("topics", Array(("topic", String("utf-8")), ("partitions", Array(Int32)))),
        ("timeout_ms", Int32),
    )


class ElectPreferred(Request[_Elect]):  # type: ignore[misc]  # as above
    """Elect the first in-sync replica of each partition's list; ``topics``: (topic, partitions)."""

    API_KEY = 43

    def __init__(self, topics: list[tuple[str, list[int]]], timeout_ms: int) -> None:
        self._topics, self._timeout_ms = topics, timeout_ms

    def build(self, request: type[_Elect]) -> _Elect:
        """The request of the version that the broker knows."""
        return request(PREFERRED, self._topics, self._timeout_ms)
