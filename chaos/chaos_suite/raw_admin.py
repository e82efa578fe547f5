"""Two questions to the cluster that confluent-kafka cannot be trusted with, asked through aiokafka.

It has no call to reassign replicas, and its describe_consumer_groups aborts the whole process
("eonce->refcnt > 0", librdkafka 2.x) when the time is up before a coordinator is found, as it is in a run like this.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, TypeVar

from aiokafka.admin import AIOKafkaAdminClient  # type: ignore[import-untyped]  # aiokafka ships no types
from aiokafka.coordinator.protocol import ConsumerProtocol  # type: ignore[import-untyped]  # as above
from aiokafka.errors import KafkaError, for_code  # type: ignore[import-untyped]  # as above
from aiokafka.protocol.admin import AlterPartitionReassignmentsRequest  # type: ignore[import-untyped]  # as above

logging.getLogger("aiokafka").setLevel(logging.CRITICAL)  # that a broker does not answer is what the answers say

ANSWER_S = 4.0
Place = tuple[str, int]
"""Topic and partition."""
T = TypeVar("T")


class NoAnswerError(Exception):
    """The cluster did not answer in time, or answered with an error."""


def owned_partitions(bootstrap_servers: str, group: str) -> set[Place]:
    """What a settled group's members own; nothing while it rebalances. Raises NoAnswerError."""

    async def ask(admin: Any) -> set[Place]:
        (answer,) = await admin.describe_consumer_groups([group])
        ((_error, _group, state, _kind, _protocol, members, *_),) = answer.groups
        if state != "Stable":
            return set()
        assigned = [ConsumerProtocol.ASSIGNMENT.decode(member[-1]) for member in members]
        return {(place.topic, place.partition) for each in assigned for place in each.partitions()}

    return _asked(bootstrap_servers, ask)


def reorder_replicas(bootstrap_servers: str, replicas: Mapping[Place, list[int]]) -> None:
    """Give partitions another order of their replicas, the preferred leader first. Raises NoAnswerError."""

    async def ask(admin: Any) -> None:
        answer = await admin._send_to_controller(AlterPartitionReassignmentsRequest(5_000, _by_topic(replicas), {}))
        errors = [code for _topic, places, _ in answer.responses for _n, code, _text, _tags in places if code]
        for code in (answer.error_code, *errors):
            if code:
                raise for_code(code)

    _asked(bootstrap_servers, ask)


def _by_topic(replicas: Mapping[Place, list[int]]) -> list[object]:
    topics: dict[str, list[object]] = {}
    for (topic, partition), order in replicas.items():
        topics.setdefault(topic, []).append((partition, order, {}))
    return [(topic, places, {}) for topic, places in topics.items()]


def _asked(bootstrap_servers: str, ask: Callable[[Any], Awaitable[T]]) -> T:
    async def connected() -> T:
        admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap_servers.split(","), request_timeout_ms=2_000)
        try:
            await admin.start()
            return await ask(admin)
        finally:
            await admin.close()

    try:
        return asyncio.run(asyncio.wait_for(connected(), ANSWER_S))
    except (KafkaError, TimeoutError, OSError) as error:
        raise NoAnswerError(repr(error)) from error
