"""The quick look at quiet inputs gives what the thorough step gives: bytes, effects, deadlines, metrics."""

from typing import Any

from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from prometheus_client import generate_latest
from support.fetched_records import FetchedRecord
from support.topics import CODEC
from support.vehicle_processor import VehicleProcessor, VehicleWork

from master_orchestrator.core.inputs import Input
from master_orchestrator.core.state import VehicleState
from master_orchestrator.shell.processor import Processor
from master_orchestrator.shell.vehicle_job import VehicleJob
from master_orchestrator.shell.worker import vehicle_job
from master_orchestrator_schemas.messages import Dtc, OperatorRequest, Telemetry
from master_orchestrator_schemas.metrics import PREFIX, Metrics
from master_orchestrator_schemas.registry import INPUTS
from master_orchestrator_schemas.topology import Topology, load_topology
from master_orchestrator_schemas.vocabulary import OperatorAction

START_MS = 1_750_000_000_000
DAY_MS = 86_400_000
TELEMETRY, OPERATOR = INPUTS.index("Telemetry"), INPUTS.index("OperatorRequest")
HEALTHY = {"engine_rpm": 1800.0, "coolant_temp_c": 92.0, "battery_voltage_v": 14.1, "tyre_fl_kpa": 240.0}

gaps = st.sampled_from([0, 1, 400, 1_000, 10_000, 90_000, 600_000, DAY_MS, 200 * DAY_MS, -1_000, -70_000, -DAY_MS])
"""Milliseconds from one reading to the next, by the vehicle's clock."""
lags = st.sampled_from([0, 0, 0, 30_000, 400_000, -30_000, -90_000, -400_000])
"""How much later the broker has it."""
ODD: dict[str, st.SearchStrategy[Any]] = {
    "coolant_temp_c": st.sampled_from([-40.0, 60.0, 107.0, 121.0]),
    "engine_rpm": st.sampled_from([0.0, None]),
    "oil_pressure_kpa": st.sampled_from([0.0, 60.0, 320.0]),
    "battery_voltage_v": st.sampled_from([8.0, 11.0]),
    "tyre_fl_kpa": st.sampled_from([0.0, 150.0]),
    "odometer_m": st.sampled_from([0.0, 1e6, 2e6, 1e12]),
    "model": st.sampled_from(["", "m1", "m2", "x" * 60]),
    "dtcs": st.just((Dtc(code="P0301", status=8),)),
    "check_requested": st.just(True),
    "extras": st.just({"soot": 95.0}),
}
signals = st.just(dict[str, Any]()) | st.one_of([st.fixed_dictionaries({name: odd}) for name, odd in ODD.items()])
values = st.sampled_from([b"", b"{", b'{"vehicle_id": "v", "ts_ms": 1750000000000, "coolant": 3}'])
requests = st.builds(
    OperatorRequest,
    vehicle_id=st.just("v"),
    workflow_id=st.just("v~0"),
    request_id=st.sampled_from(["r1", "r2"]),
    action=st.sampled_from([OperatorAction.CANCEL, OperatorAction.REDRIVE]),
    operator=st.just("ada"),
)
steps = st.lists(st.tuples(gaps, lags, signals, st.integers(1, 6)) | values | requests, min_size=1, max_size=20)


class Thorough(VehicleJob):
    """Takes the thorough step for every input."""

    def quiet(self, state: VehicleState, given: Input) -> VehicleState | None:  # noqa: ARG002  the seam's
        return None


def processor_of(topology: Topology, *, thorough: bool) -> tuple[VehicleProcessor, Metrics]:
    metrics = Metrics()
    made = vehicle_job(topology, metrics)
    if thorough:
        made.job.__class__ = Thorough
    return Processor(*made), metrics


def topology_of(readings_per_second: int) -> Topology:
    topology = load_topology()
    vehicle = topology.vehicle.model_copy(update={"readings_per_second": readings_per_second})
    return topology.model_copy(update={"partitions": 1, "vehicle": vehicle})


TOPOLOGY = topology_of(readings_per_second=4)


def records_of(drawn: list[Any]) -> list[tuple[int, FetchedRecord]]:
    """A healthy beginning, so that a reading may be quiet; then what is drawn."""
    records: list[tuple[int, FetchedRecord]] = []
    ts_ms = START_MS

    def add(rank: int, at_ms: int, value: bytes) -> None:
        records.append((rank, FetchedRecord(len(records), at_ms, b"v", value, (("ce_source", b"north"),))))

    for each in [(1_000, 0, {}, 3), *drawn, (1_000, 0, {}, 3)]:
        if isinstance(each, bytes):
            add(TELEMETRY, ts_ms, each)
        elif isinstance(each, OperatorRequest):
            add(OPERATOR, ts_ms, CODEC.encode(each))
        else:
            gap_ms, lag_ms, fields, times = each
            for _ in range(times):
                ts_ms = max(0, ts_ms + gap_ms)
                reading = Telemetry(vehicle_id="v", ts_ms=ts_ms, **{**HEALTHY, **fields})
                add(TELEMETRY, max(0, ts_ms + lag_ms), CODEC.encode(reading))
    return records


def visible(work: VehicleWork) -> tuple[object, ...]:
    """All that becomes of a batch."""
    return work.records, work.commands, work.entries, work.deadlines, work.dead_letters, work.faults


def counted(metrics: Metrics) -> list[bytes]:
    lines = generate_latest(metrics.registry).splitlines()
    return [line for line in lines if line.startswith(PREFIX.encode()) and b"_created" not in line]


def test_the_quick_look_and_the_thorough_step_give_the_same() -> None:
    quick, quick_counts = processor_of(TOPOLOGY, thorough=False)
    thorough, thorough_counts = processor_of(TOPOLOGY, thorough=True)

    @settings(deadline=None, suppress_health_check=[HealthCheck.too_slow], max_examples=30)
    @given(steps, st.sampled_from([1, 7]))
    @example([(TOPOLOGY.episodes.regular_check_every_ms - 5_000, 0, {}, 1), (1_000, 0, {}, 6)], 1)
    @example([(1_000, 0, {"odometer_m": 1e6}, 2)], 1)
    def compare(drawn: list[Any], size: int) -> None:
        table, records = dict[bytes, bytes](), records_of(drawn)
        for start in range(0, len(records), size):
            batch = records[start : start + size]
            expected, work = thorough.process(0, batch, table.get), quick.process(0, batch, table.get)
            assert visible(expected) == visible(work)
            table |= work.entries

    compare()
    assert counted(thorough_counts) == counted(quick_counts)


def test_a_reading_in_good_health_is_quiet_and_one_that_opens_a_workflow_is_not() -> None:
    processor, _ = processor_of(TOPOLOGY, thorough=False)
    table, quiet = dict[bytes, bytes](), list[int]()
    for record in records_of([(1_000, 0, {"dtcs": (Dtc(code="P0301", status=8),)}, 1)]):
        work = processor.process(0, [record], table.get)
        table |= work.entries
        quiet.append(len(work.quiet))
    assert [0, 1, 1, 0, 1, 1, 1] == quiet
