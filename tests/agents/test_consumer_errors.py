"""Which of the client's errors end a runner, so that it is started again, and which it waits out."""

from typing import Any

import pytest
from confluent_kafka import KafkaError

from master_orchestrator_agents.errors import RunnerError
from master_orchestrator_agents.runner import consumer as consuming
from master_orchestrator_agents.runner.consumer import LaneConsumer


class Event:
    """An error as a consumer gives it out among its messages."""

    def __init__(self, code: int) -> None:
        self._error = KafkaError(code, "made up")

    def error(self) -> KafkaError:
        return self._error

    def topic(self) -> None:
        return None

    def partition(self) -> int:
        return -1


def nothing(_partitions: object) -> None: ...


def consumer(code: int, monkeypatch: pytest.MonkeyPatch) -> LaneConsumer:
    class Client:
        def __init__(self, _config: dict[str, Any]) -> None: ...

        def poll(self, _timeout: float) -> Event:
            return Event(code)

        def consume(self, _count: int, timeout: float) -> list[Event]:
            assert 0 == timeout
            return []

    monkeypatch.setattr(consuming, "Consumer", Client)
    return LaneConsumer({}, [], revoked=nothing, lost=nothing, committed=nothing, commit_failed=nothing)


@pytest.mark.parametrize("code", [KafkaError._FATAL, KafkaError.FENCED_INSTANCE_ID])
def test_a_member_that_was_fenced_ends_its_runner(code: int, monkeypatch: pytest.MonkeyPatch) -> None:
    assert not KafkaError(code, "made up").fatal()
    with pytest.raises(RunnerError, match="cannot go on"):
        consumer(code, monkeypatch).fetch(0)


@pytest.mark.parametrize("code", [KafkaError._ALL_BROKERS_DOWN, KafkaError._TRANSPORT, KafkaError.NOT_COORDINATOR])
def test_brokers_that_are_away_are_waited_for(code: int, monkeypatch: pytest.MonkeyPatch) -> None:
    assert [] == consumer(code, monkeypatch).fetch(0)
