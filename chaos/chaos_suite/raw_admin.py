"""What is asked of the cluster through aiokafka, since confluent-kafka cannot.

It has no call to reassign replicas, one to elect leaders that does not work (election.py), and its
describe_consumer_groups aborts the whole process ("eonce->refcnt > 0") when the time is up before a coordinator is
found, as happens in a run like this.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterable, Mapping
from typing import Any, TypeVar

from aiokafka.admin import AIOKafkaAdminClient  # type: ignore[import-untyped]  # aiokafka ships no types
from aiokafka.coordinator.protocol import ConsumerProtocol  # type: ignore[import-untyped]  # as above
from aiokafka.errors import KafkaError, for_code  # type: ignore[import-untyped]  # as above
from aiokafka.protocol.admin import AlterPartitionReassignmentsRequest  # type: ignore[import-untyped]  # as above

from chaos_suite.election import ElectPreferred
from master_orchestrator_schemas.places import Partition

logging.getLogger("aiokafka").setLevel(logging.CRITICAL)  # that a broker does not answer is what the answers say

ANSWER_S = 6.0
T = TypeVar("T")


class NoAnswerError(Exception):
    """The cluster did not answer in time, or answered with an error."""


def owned_partitions(bootstrap_servers: str, group: str) -> set[Partition]:
    """What a settled group's members own; nothing while it rebalances. Raises NoAnswerError."""

    async def ask(admin: Any) -> set[Partition]:
        (answer,) = await admin.describe_consumer_groups([group])
        ((_error, _group, state, _kind, _protocol, members, *_),) = answer.groups
        if state != "Stable":
            return set()
        assigned = [ConsumerProtocol.ASSIGNMENT.decode(member[-1]) for member in members]
        return {Partition(tp.topic, tp.partition) for each in assigned for tp in each.partitions()}

    return _asked(bootstrap_servers, ask)


def reorder_replicas(bootstrap_servers: str, replicas: Mapping[Partition, list[int]]) -> None:
    """Give partitions another order of their replicas, the preferred leader first. Raises NoAnswerError."""

    async def ask(admin: Any) -> None:
        answer = await admin._send_to_controller(AlterPartitionReassignmentsRequest(5_000, _by_topic(replicas), {}))
        errors = [code for _topic, places, _ in answer.responses for _n, code, _text, _tags in places if code]
        for code in (answer.error_code, *errors):
            if code:
                raise for_code(code)

    _asked(bootstrap_servers, ask)


def elect_preferred(bootstrap_servers: str, partitions: Iterable[Partition]) -> int:
    """Have the first of each partition's replicas lead it; how many leaders that changed. Raises NoAnswerError."""
    topics: dict[str, list[int]] = {}
    for topic, partition in partitions:
        topics.setdefault(topic, []).append(partition)

    async def ask(admin: Any) -> int:
        answer = await admin._send_to_controller(ElectPreferred(list(topics.items()), 5_000))
        if answer.error_code:
            raise for_code(answer.error_code)
        return sum(not code for _topic, partitions in answer.topics for _n, code, _text in partitions)

    return _asked(bootstrap_servers, ask)


def _by_topic(replicas: Mapping[Partition, list[int]]) -> list[object]:
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
