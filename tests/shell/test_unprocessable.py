"""A record that the engine itself fails at is set aside, whole, and nothing of it is left."""

from collections.abc import Callable, Mapping

import msgspec
import pytest
from support.engine_system import EngineSystem
from support.fetched_records import FetchedRecord
from support.topics import CODEC, topic_log
from support.vehicle_processor import VehicleProcessor, VehicleWork, vehicle_processor

from master_orchestrator.core.inputs import Input
from master_orchestrator.core.outcome import Outcome
from master_orchestrator.core.policy import Policy
from master_orchestrator.core.state import VehicleState
from master_orchestrator.core.step import step
from master_orchestrator.shell import vehicle_job as processing
from master_orchestrator.shell.errors import StateUnreadableError, TableError
from master_orchestrator.shell.processor import MAX_STATE_BYTES
from master_orchestrator_schemas.messages import Alert, Telemetry
from master_orchestrator_schemas.metrics import Metrics
from master_orchestrator_schemas.registry import INPUTS
from master_orchestrator_schemas.topology import Topology
from master_orchestrator_schemas.vocabulary import AlertKind

PARTITION, POISON, OTHERS = 0, 1, [0, 2, 3]
RANK = INPUTS.index("Telemetry")
START_MS = 1_700_000_000_000

Spoil = Callable[[Outcome], Outcome]


def raised(_outcome: Outcome) -> Outcome:
    raise ZeroDivisionError("a fault in the core")


def too_large_to_send(outcome: Outcome) -> Outcome:
    outcome.status = [msgspec.structs.replace(outcome.status[0], reason="x" * 300_000)]
    return outcome


def unwritable_command(outcome: Outcome) -> Outcome:
    """The last of an outcome's records: those before it were written already."""
    outcome.commands = [msgspec.structs.replace(outcome.commands[0], step=None)]
    return outcome


def too_large_to_store(outcome: Outcome) -> Outcome:
    outcome.state = msgspec.structs.replace(outcome.state, model="x" * MAX_STATE_BYTES)
    return outcome


def not_storable(outcome: Outcome) -> Outcome:
    outcome.state = msgspec.structs.replace(outcome.state, episodes=2**70)
    return outcome


SPOILS = [raised, too_large_to_send, unwritable_command, too_large_to_store, not_storable]


def readings() -> list[tuple[int, FetchedRecord]]:
    """Requests for checks: car-0, car-1, car-0 and car-1 again; those at odd offsets are car-1's."""
    return [(RANK, _reading(offset)) for offset in range(4)]


def _reading(offset: int) -> FetchedRecord:
    vehicle = f"car-{offset % 2}"
    body = Telemetry(vehicle_id=vehicle, ts_ms=START_MS + offset, engine_rpm=900.0, check_requested=True)
    return FetchedRecord(offset, START_MS + offset, vehicle.encode(), CODEC.encode(body), (("kept", b"header"),))


def at_poison(monkeypatch: pytest.MonkeyPatch, spoil: Spoil) -> None:
    """The core's answer to the record at ``POISON``, spoilt."""

    def spoiling(policy: Policy, vehicle: str, state: VehicleState | None, given: Input) -> Outcome:
        outcome = step(policy, vehicle, state, given)
        return spoil(outcome) if given.cause.offset == POISON else outcome

    monkeypatch.setattr(processing, "step", spoiling)


@pytest.fixture
def metrics() -> Metrics:
    return Metrics()


@pytest.fixture
def processor(topology: Topology, metrics: Metrics) -> VehicleProcessor:
    one = topology.model_copy(update={"partitions": 1})
    return vehicle_processor(one, metrics)


@pytest.fixture
def table() -> Mapping[bytes, bytes]:
    return {}


def process(processor: VehicleProcessor, table: Mapping[bytes, bytes], offsets: list[int] | None = None) -> VehicleWork:
    given = readings() if offsets is None else [readings()[offset] for offset in offsets]
    return processor.process(PARTITION, given, table.get)


@pytest.mark.parametrize("spoil", SPOILS)
def test_the_rest_of_the_batch_is_as_if_the_record_had_not_been(
    processor: VehicleProcessor, topology: Topology, monkeypatch: pytest.MonkeyPatch, spoil: Spoil
) -> None:
    without = process(processor, {}, OTHERS)
    at_poison(monkeypatch, spoil)
    work = process(processor, {})
    set_aside = {topology.dead_letter_topic, topology.topic_of("Alert"), topology.topic_of("SenderFeedback")}
    assert without.records == [record for record in work.records if record.topic not in set_aside]
    assert (without.commands, without.entries, without.deadlines) == (work.commands, work.entries, work.deadlines)


@pytest.mark.parametrize("spoil", SPOILS)
def test_it_becomes_a_dead_letter_as_it_came_and_somebody_is_called(
    processor: VehicleProcessor, topology: Topology, metrics: Metrics, monkeypatch: pytest.MonkeyPatch, spoil: Spoil
) -> None:
    at_poison(monkeypatch, spoil)
    work = process(processor, {})
    (letter,) = [record for record in work.records if record.topic == topology.dead_letter_topic]
    poison = _reading(POISON)
    assert (poison.key, poison.value) == (letter.key, letter.value)
    headers = dict(letter.headers or [])
    assert (b"header", b"unprocessable", b"1") == tuple(
        headers[name] for name in ("kept", "dead_letter_reason", "dead_letter_offset")
    )
    (called,) = [record for record in work.records if record.topic == topology.topic_of("Alert")]
    alert = CODEC.decode(called.value, Alert)
    assert (AlertKind.RECORD_UNPROCESSABLE, poison.timestamp) == (alert.kind, alert.at_ms)
    assert 1 == counted(metrics, "dead_letters_total", reason="unprocessable")
    assert 1 == counted(metrics, "alerts_total", kind="RECORD_UNPROCESSABLE")
    assert 2 == counted(metrics, "workflows_opened_total"), "once, though the batch may have been processed twice"


def counted(metrics: Metrics, name: str, **labels: str) -> float:
    """The sum of a counter's samples with these labels."""
    samples = [sample for family in metrics.registry.collect() for sample in family.samples]
    named = [sample for sample in samples if sample.name == f"master_orchestrator_{name}"]
    return sum(sample.value for sample in named if labels.items() <= sample.labels.items())


def test_memory_that_runs_out_is_no_records_fault(processor: VehicleProcessor, monkeypatch: pytest.MonkeyPatch) -> None:
    def out_of_memory(_outcome: Outcome) -> Outcome:
        raise MemoryError

    at_poison(monkeypatch, out_of_memory)
    with pytest.raises(MemoryError):
        process(processor, {})


def test_neither_is_a_state_that_cannot_be_read(processor: VehicleProcessor) -> None:
    with pytest.raises(StateUnreadableError, match="car-0"):
        process(processor, {b"car-0": bytes(8) + b"what a newer engine wrote"})


def test_nor_a_table_that_cannot(processor: VehicleProcessor) -> None:
    def unreadable(_key: bytes) -> bytes | None:
        raise TableError("the table cannot be read: IO error")

    with pytest.raises(TableError):
        processor.process(PARTITION, readings(), unreadable)


@pytest.mark.kafka
def test_the_engine_lives_on_and_calls_for_a_human(system: EngineSystem) -> None:
    engine = system.start("w1", "--core-fails-for", "car-0")
    with system.echo_agents(), topic_log(system.kafka, system.topology.topic_of("Alert")) as alerts:
        system.request_checks(range(4))
        system.request_checks(range(1))
        system.assert_whole(3)
        system.dead.until(lambda log: len(log.messages) == 2)
        alerts.until(lambda log: [AlertKind.RECORD_UNPROCESSABLE] * 2 == [a.kind for a in log.decoded(Alert)])
        assert 0 == engine.stop()
        assert 1 == engine.log.read_text().count("tables_restored")
        assert "ZeroDivisionError" in engine.log.read_text()
        system.start()  # of a mended version
        system.request_checks(range(1))
        system.assert_whole(4)
