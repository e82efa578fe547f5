"""An engine that is slow is told from one that does not run."""

import pytest

from master_orchestrator.client.pending import KafkaPending
from master_orchestrator.readers.engine_lag import Committed, EngineLag
from master_orchestrator_schemas.messages import Cause
from master_orchestrator_schemas.places import Partition

RECORD = Cause(topic="operator.requests", partition=1, offset=50_099)


def overdue(committed: Committed | None) -> str:
    """What a caller is told after 30 s."""
    pending = KafkaPending("car-1", "kafka:9092", EngineLag(lambda: committed).behind)
    pending.stands_at(RECORD)
    return str(pending.overdue(30))


def test_an_engine_that_is_behind_says_by_how_much() -> None:
    told = overdue({Partition(RECORD.topic, 1): 100, Partition("vehicle.telemetry", 1): 7})
    assert "the engine is behind by 50,000 records" in told
    assert "operator.requests[1]@50099 within 30 s" in told


def test_one_that_has_committed_nothing_yet_has_all_of_them_before_it() -> None:
    assert "behind by 50,100 records" in overdue({})


@pytest.mark.parametrize("committed", [None, {Partition(RECORD.topic, 1): 50_100}])
def test_where_none_runs_or_nothing_is_left_no_engine_answered(committed: Committed | None) -> None:
    assert "no engine answered" in overdue(committed)


def test_many_callers_ask_kafka_once() -> None:
    requests: list[None] = []

    def committed() -> Committed:
        requests.append(None)
        return {}

    lag = EngineLag(committed)
    assert [1, 2] == [lag.behind(Cause(topic="t", partition=0, offset=offset)) for offset in (0, 1)]
    assert 1 == len(requests)
