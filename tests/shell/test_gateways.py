"""What gateways sent is on record once a minute, bounded, with what became of it."""

from support.actor_partition import topology_of_one
from support.fetched_records import FetchedRecord
from support.topics import CODEC
from support.vehicle_processor import VehicleProcessor

from master_orchestrator.core.decide.gateways import KEPT_MS
from master_orchestrator.shell.gateways import MAX_GATEWAYS, MINUTE_MS, GatewayBook
from master_orchestrator.shell.processor import Processor
from master_orchestrator.shell.worker import vehicle_job
from master_orchestrator_schemas.messages import Activity, Telemetry
from master_orchestrator_schemas.metrics import Metrics
from master_orchestrator_schemas.registry import INPUTS
from master_orchestrator_schemas.vocabulary import ActError, ActOutcome

START_MS = 1_750_000_020_000
assert 0 == START_MS % MINUTE_MS


def reading(offset: int, gateway: str | None, vehicle: str, at_ms: int = START_MS) -> FetchedRecord:
    headers = () if gateway is None else (("ce_source", gateway.encode()),)
    return FetchedRecord(offset, at_ms, vehicle.encode(), b"", headers)


def later(offset: int) -> FetchedRecord:
    """A reading of the next minute."""
    return reading(offset, "north", "v-1", START_MS + MINUTE_MS)


def told(records: list[Activity]) -> dict[str, list[tuple[ActOutcome, int, int]]]:
    return {each.actor: [(act.outcome, act.count, act.rows) for act in each.acts] for each in records}


def test_a_minute_is_told_once_it_is_over_with_readings_vehicles_and_dead_letters() -> None:
    book = GatewayBook()
    first = [reading(0, "north", "v-1"), reading(1, "north", "v-2"), reading(2, "south", "v-3")]
    assert [] == book.take(3, first, [])
    assert [] == book.take(3, [reading(3, "north", "v-1"), reading(4, None, "v-4")], ["north"])

    sessions = book.take(3, [later(5)], [])

    assert {
        "gateway:north": [(ActOutcome.SUCCESS, 2, 2), (ActOutcome.FAILURE, 1, 0)],
        "gateway:south": [(ActOutcome.SUCCESS, 1, 1)],
        "gateway:unknown": [(ActOutcome.SUCCESS, 1, 1)],
    } == told(sessions)
    north, *_ = sessions
    assert ActError.INVALID == north.acts[1].error
    assert ("engine-3", START_MS, f"north@0#engine-3#{START_MS}#0") == (
        north.instance,
        north.start_ms,
        north.activity_id,
    )


def test_a_batch_over_two_minutes_is_counted_as_two_batches_are() -> None:
    records = [reading(0, "north", "v-1"), reading(1, "north", "v-2"), later(2), reading(3, "n", "v", START_MS * 2)]
    whole, parts = GatewayBook(), GatewayBook()

    together = whole.take(0, records, [])

    assert 2 == len(together)
    assert together == [session for record in records for session in parts.take(0, [record], [])]


def test_partitions_are_counted_apart() -> None:
    book = GatewayBook()
    book.take(0, [reading(0, "north", "v-1")], [])
    book.take(1, [reading(0, "north", "v-2")], [])

    assert {"gateway:north": [(ActOutcome.SUCCESS, 1, 1)]} == told(book.take(1, [later(1)], []))


def test_a_sender_that_makes_up_names_fills_no_memory() -> None:
    book = GatewayBook()
    book.take(0, [reading(number, f"g-{number}", "v-1") for number in range(MAX_GATEWAYS + 500)], [])

    sessions = told(book.take(0, [later(9_999)], []))

    assert MAX_GATEWAYS + 1 == len(sessions)
    assert [(ActOutcome.SUCCESS, 500, 1)] == sessions["gateway:other"]


def test_a_vehicle_that_comes_by_another_gateway_goes_out_as_a_session_of_that_one() -> None:
    processor: VehicleProcessor = Processor(*vehicle_job(topology_of_one(), Metrics()))
    table, rank, sent = dict[bytes, bytes](), INPUTS.index("Telemetry"), list[Activity]()
    for offset, gateway in enumerate(("north", "north", "south", "south")):
        at_ms = START_MS + offset * KEPT_MS
        record = reading(offset, gateway, "v-1", at_ms)._replace(
            value=CODEC.encode(Telemetry(vehicle_id="v-1", ts_ms=at_ms, engine_rpm=1800.0))
        )
        work = processor.process(0, [(rank, record)], table.get)
        table |= work.entries
        sent += [CODEC.decode(each.value, Activity) for each in work.commands if each.key == b"gateway:south"]
    (change,) = sent
    assert ("gateway:south", "v-1", "v-1@2", "before: gateway:north") == (
        change.actor,
        change.entity,
        change.session,
        change.details,
    )
