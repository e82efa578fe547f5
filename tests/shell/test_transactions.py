"""What a partition's producer does when its transaction fails: write the same again, or give way."""

import pytest
from confluent_kafka import KafkaError, KafkaException

from master_orchestrator.shell import clients
from master_orchestrator.shell.clients import ATTEMPTS, PartitionProducer
from master_orchestrator.shell.errors import FencedError, ShellError
from master_orchestrator.shell.records import Record
from master_orchestrator_schemas.kafka import KafkaSettings
from master_orchestrator_schemas.metrics import PREFIX, Metrics
from master_orchestrator_schemas.topology import Topology

BATCH = [Record("audit", b"k", b"1"), Record("status", b"k", b"2")]
LAST = Record("changelog", b"position", b"3")

DOOMED = KafkaError(KafkaError._STATE)
"""``produce``, once an earlier record was refused."""
ABORTABLE = KafkaError(KafkaError.OUT_OF_ORDER_SEQUENCE_NUMBER, txn_requires_abort=True)
RETRIABLE = KafkaError(KafkaError._TIMED_OUT, retriable=True)
FATAL = KafkaError(KafkaError._FENCED, fatal=True)
OTHER = KafkaError(KafkaError.TOPIC_AUTHORIZATION_FAILED)


class Delivered:
    """A delivery report's message."""

    def offset(self) -> int:
        return 41


class ScriptedProducer:
    """librdkafka's producer, whose calls fail as told: by method, one error a call, None for success."""

    def __init__(self, **script: list[KafkaError | None]) -> None:
        self.script, self.calls = script, list[str]()

    def _call(self, name: str) -> None:
        self.calls.append(name)
        if (failures := self.script.get(name)) and (error := failures.pop(0)) is not None:
            raise KafkaException(error)

    def list_topics(self, _topic: str, _timeout: float) -> None:
        self._call("list")

    def init_transactions(self, _timeout: float) -> None:
        self._call("init")

    def begin_transaction(self) -> None:
        self._call("begin")

    def produce(self, topic: str, *_record: object, on_delivery: clients.Report, **_more: object) -> None:
        self._call("produce")
        if topic == LAST.topic:
            on_delivery(None, Delivered())  # type: ignore[arg-type]  # a message is not made by hand

    def commit_transaction(self, _timeout: float) -> None:
        self._call("commit")

    def abort_transaction(self, _timeout: float) -> None:
        self._call("abort")


WRITE = ["begin", "produce", "produce", "produce", "commit"]


def partition_producer(
    topology: Topology, monkeypatch: pytest.MonkeyPatch, scripted: ScriptedProducer, metrics: Metrics | None = None
) -> PartitionProducer:
    monkeypatch.setattr(clients, "Producer", lambda _config: scripted)
    monkeypatch.setattr(clients, "RETRY_PAUSE_S", 0.0)
    producer = PartitionProducer(KafkaSettings(), topology, 0, metrics or Metrics(), app=topology.engine_app)
    scripted.calls.clear()
    return producer


@pytest.mark.parametrize(
    ("script", "calls"),
    [
        ({}, WRITE),
        ({"produce": [None, DOOMED]}, ["begin", "produce", "produce", "abort", *WRITE]),
        ({"commit": [ABORTABLE]}, [*WRITE, "abort", *WRITE]),
        ({"commit": [RETRIABLE]}, [*WRITE, "commit"]),
        ({"commit": [ABORTABLE], "abort": [RETRIABLE]}, [*WRITE, "abort", "abort", *WRITE]),
    ],
    ids=["well", "a record refused, told by the next", "commit refused", "commit in doubt", "abort in doubt"],
)
def test_the_same_is_written_again_until_it_is_committed(
    topology: Topology, monkeypatch: pytest.MonkeyPatch, script: dict[str, list[KafkaError | None]], calls: list[str]
) -> None:
    scripted = ScriptedProducer(**script)
    assert 41 == partition_producer(topology, monkeypatch, scripted).commit(BATCH, LAST)
    assert calls == scripted.calls


@pytest.mark.parametrize(
    "script",
    [{"commit": [FATAL]}, {"produce": [DOOMED], "abort": [FATAL]}, {"commit": [ABORTABLE], "abort": [FATAL]}],
    ids=["told at the commit", "told by a produce", "told at the abort"],
)
def test_a_fenced_producer_gives_way(
    topology: Topology, monkeypatch: pytest.MonkeyPatch, script: dict[str, list[KafkaError | None]]
) -> None:
    metrics = Metrics()
    with pytest.raises(FencedError, match="partition 0"):
        partition_producer(topology, monkeypatch, ScriptedProducer(**script), metrics).commit(BATCH, LAST)
    assert (0, 1) == (ended(metrics, "aborted"), ended(metrics, "fenced"))


def test_aborts_are_counted_and_have_an_end(topology: Topology, monkeypatch: pytest.MonkeyPatch) -> None:
    metrics, scripted = Metrics(), ScriptedProducer(commit=[ABORTABLE] * ATTEMPTS)
    with pytest.raises(ShellError, match=f"{ATTEMPTS} times"):
        partition_producer(topology, monkeypatch, scripted, metrics).commit(BATCH, LAST)
    assert (ATTEMPTS, 0) == (ended(metrics, "aborted"), ended(metrics, "fenced"))


def test_an_error_that_is_neither_goes_up_with_nothing_aborted(
    topology: Topology, monkeypatch: pytest.MonkeyPatch
) -> None:
    scripted = ScriptedProducer(commit=[OTHER])
    with pytest.raises(KafkaException):
        partition_producer(topology, monkeypatch, scripted).commit(BATCH, LAST)
    assert WRITE == scripted.calls


def ended(metrics: Metrics, outcome: str) -> float | None:
    """How many transactions ended so."""
    return metrics.registry.get_sample_value(f"{PREFIX}_transactions_total", {"outcome": outcome})
