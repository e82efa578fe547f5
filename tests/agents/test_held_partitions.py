"""A partition that was held when it went is not held when it comes back: the client keeps a pause over both."""

from collections.abc import Callable
from typing import Any

import pytest
from confluent_kafka import TopicPartition

from master_orchestrator_agents.runner import consumer as consuming
from master_orchestrator_agents.runner.consumer import LaneConsumer
from master_orchestrator_schemas.places import Partition

PARTITION = Partition("lane", 0)


class Client:
    """Pauses as the real one does: until it is told to resume, even if the partition changes hands."""

    def __init__(self, _config: dict[str, Any]) -> None:
        self.paused: set[tuple[str, int]] = set()

    def pause(self, partitions: list[TopicPartition]) -> None:
        self.paused |= {(each.topic, each.partition) for each in partitions}

    def resume(self, partitions: list[TopicPartition]) -> None:
        self.paused -= {(each.topic, each.partition) for each in partitions}

    def list_topics(self, timeout: float) -> Any:
        assert timeout > 0
        return type("Metadata", (), {"topics": {PARTITION.topic: None}})

    def subscribe(self, _topics: list[str], **callbacks: Callable[..., None]) -> None:
        self.callbacks = callbacks


@pytest.mark.parametrize("event", ["on_lost", "on_revoke"])
def test_what_was_held_is_fetched_again_when_it_comes_back(event: str, monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[Client] = []

    def client(config: dict[str, Any]) -> Client:
        made.append(Client(config))
        return made[-1]

    def nothing(_partitions: object) -> None: ...

    monkeypatch.setattr(consuming, "Consumer", client)
    consumer = LaneConsumer(
        {}, [PARTITION.topic], revoked=nothing, lost=nothing, committed=nothing, commit_failed=nothing
    )
    consumer.start()
    assigned = [TopicPartition(*PARTITION)]
    made[0].callbacks["on_assign"](made[0], assigned)
    consumer.set_paused(frozenset([PARTITION]))
    assert {PARTITION} == made[0].paused

    made[0].callbacks[event](made[0], assigned)
    made[0].callbacks["on_assign"](made[0], assigned)
    consumer.set_paused(frozenset())
    assert set() == made[0].paused
