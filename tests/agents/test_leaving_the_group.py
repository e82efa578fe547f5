"""How a consumer leaves its group: a rebalance that is under way ends first, for in ``close`` it may hang for good."""

from typing import Any

import pytest
from confluent_kafka import KafkaError, KafkaException

from master_orchestrator_agents.runner import consumer as consuming
from master_orchestrator_agents.runner.consumer import LaneConsumer


def nothing(_partitions: object) -> None: ...


def leave(monkeypatch: pytest.MonkeyPatch, *, polls: int, is_broken: bool = False) -> list[str]:
    """What is called of a client that has no partitions after N polls."""
    called: list[str] = []

    class Client:
        def __init__(self, _config: dict[str, Any]) -> None: ...

        def unsubscribe(self) -> None:
            called.append("unsubscribe")
            if is_broken:
                raise KafkaException(KafkaError(KafkaError._FATAL))

        def poll(self, _timeout: float) -> None:
            called.append("poll")

        def assignment(self) -> list[str]:
            return ["held"] * (called.count("poll") < polls)

        def close(self) -> None:
            called.append("close")

    monkeypatch.setattr(consuming, "Consumer", Client)
    lanes = LaneConsumer({}, [], revoked=nothing, lost=nothing, committed=nothing, commit_failed=nothing)
    lanes.close(timeout=5.0)
    return called


def test_it_gives_its_partitions_up_before_it_closes(monkeypatch: pytest.MonkeyPatch) -> None:
    assert ["unsubscribe", "poll", "poll", "poll", "close"] == leave(monkeypatch, polls=3)


def test_one_that_has_none_serves_what_waits_for_it_before_it_closes(monkeypatch: pytest.MonkeyPatch) -> None:
    assert ["unsubscribe", "poll", "close"] == leave(monkeypatch, polls=0)


def test_it_does_not_wait_for_partitions_without_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(consuming, "SETTLE_S", 0.0)
    assert ["unsubscribe", "poll", "close"] == leave(monkeypatch, polls=1_000)


def test_a_client_with_a_fatal_error_is_closed(monkeypatch: pytest.MonkeyPatch) -> None:
    assert ["unsubscribe", "close"] == leave(monkeypatch, polls=0, is_broken=True)
