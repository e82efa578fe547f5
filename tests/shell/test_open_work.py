"""What the gauges of open work say is what the statuses say, after every commit and after a take-over."""

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.fetched_records import FetchedRecord
from support.golden_history import FOLDER, PARTITION, Given, GoldenHistory
from support.topics import CODEC
from support.vehicle_processor import VehicleWork, vehicle_processor

from master_orchestrator.core.decide.conversation import is_waiting
from master_orchestrator.core.state import VehicleState
from master_orchestrator.shell.open_work import OpenWork, open_of
from master_orchestrator_schemas.messages import AuditRecord, Command, Status, Telemetry
from master_orchestrator_schemas.metric_kinds import Process
from master_orchestrator_schemas.metrics import PREFIX, Metrics
from master_orchestrator_schemas.partitioner import partition_of_key
from master_orchestrator_schemas.registry import INPUTS
from master_orchestrator_schemas.topology import Topology
from master_orchestrator_schemas.vocabulary import AgentType, State

PATHS = sorted(FOLDER.glob("histories/*.yaml"))
START_MS = 1_700_000_000_000
TELEMETRY = INPUTS.index("Telemetry")


@pytest.mark.parametrize(
    ("name", "became"),
    [
        ("campaigns", {"opened": 2, "joined": 1, "waiting": 2, "closed": 1, "cancelled": 2}),
        ("urgent_campaign", {"waiting": 2, "joined": 2}),
    ],
)
def test_the_work_of_campaigns_is_counted_by_what_became_of_it(name: str, became: dict[str, int]) -> None:
    history = GoldenHistory(FOLDER / f"histories/{name}.yaml")
    run = history.run()
    for given in history.inputs:
        run.work(given)
    samples = [sample for family in run.metrics.registry.collect() for sample in family.samples]
    counted = {s.labels["became"]: s.value for s in samples if s.name == f"{PREFIX}_campaign_work_total" and s.value}
    assert became == counted


def worked(path: Path, kept: OpenWork) -> Iterator[tuple[Given, VehicleWork]]:
    """Each input of a history with what it leads to, which ``kept`` has taken in."""
    history = GoldenHistory(path)
    run = history.run()
    kept.reset({PARTITION: []})
    for given in history.inputs:
        work = run.work(given)
        kept.update(PARTITION, work.states)
        yield given, work


@pytest.mark.parametrize("path", PATHS, ids=lambda path: path.stem)
def test_open_workflows_are_those_of_the_statuses_and_a_take_over_finds_the_same(path: Path) -> None:
    kept = OpenWork()
    states: dict[bytes, VehicleState] = {}
    statuses: dict[bytes, Status] = {}
    for given, work in worked(path, kept):
        states |= work.states
        for record in work.records:
            if record.topic == "workflow.status":
                statuses[record.key] = CODEC.decode(record.value, Status)
        taken_over = OpenWork()
        taken_over.reset({PARTITION: [(key, open_of(state)) for key, state in states.items()]})
        is_open = [s for s in statuses.values() if s.state not in (State.COMPLETED, State.FAILED)]
        assert Counter((s.state.value, s.priority.name) for s in is_open) == dict(kept.workflows())
        assert dict(kept.workflows()) == dict(taken_over.workflows())
        assert _without_zeros(kept.commands()) == _without_zeros(taken_over.commands())
        now_ms = given["at_ms"]
        assert _without_zeros(kept.oldest(now_ms)) == _without_zeros(taken_over.oldest(now_ms))


@pytest.mark.parametrize("path", PATHS, ids=lambda path: path.stem)
def test_a_contact_that_was_answered_by_its_agent_is_no_open_command(path: Path) -> None:
    kept = OpenWork()
    asking: dict[bytes, bool] = {}
    for _, work in worked(path, kept):
        for key, state in work.states.items():
            held = state.workflow
            asking[key] = held is not None and held.state is State.CUSTOMER_ENGAGEMENT and not is_waiting(held)
        commands: Counter[str] = Counter()
        for (agent, _), count in kept.commands():
            commands[agent] += int(count)
        assert sum(asking.values()) == commands[AgentType.CUSTOMER_ENGAGEMENT]


def _without_zeros(values: list[tuple[tuple[str, str], float]]) -> dict[tuple[str, str], float]:
    return {labels: value for labels, value in values if value}


def test_a_redrive_is_not_a_retry() -> None:
    history = GoldenHistory(FOLDER / "histories/operator_cancels_and_redrives.yaml")
    run = history.run()
    for given in history.inputs:
        run.work(given)
    samples = [sample for family in run.metrics.registry.collect() for sample in family.samples]
    retried = {s.labels["agent"] for s in samples if s.name == f"{PREFIX}_retries_total"}
    assert "FAILED" not in retried
    assert 0 < sum(s.value for s in samples if s.name == f"{PREFIX}_redrives_total")


@pytest.mark.parametrize("path", PATHS, ids=lambda path: path.stem)
def test_time_in_a_state_is_what_the_audit_trail_says(path: Path) -> None:
    history = GoldenHistory(path)
    run = history.run()
    entered: dict[str, int] = {}
    expected: Counter[str] = Counter()
    for given in history.inputs:
        for record in run.work(given).records:
            if record.topic == "workflow.audit":
                entry = CODEC.decode(record.value, AuditRecord)
                if entry.from_state != entry.to_state:
                    if entry.from_state is not None:
                        expected[entry.from_state.value] += entry.at_ms - entered[entry.workflow_id]
                    entered[entry.workflow_id] = entry.at_ms
    samples = [sample for family in run.metrics.registry.collect() for sample in family.samples]
    told: Counter[str] = Counter()
    for sample in samples:
        if sample.name == f"{PREFIX}_state_seconds_sum":
            told[sample.labels["state"]] += round(sample.value * 1000)
    assert +expected == +told


class Fleet:
    """Vehicles that ask for a check, on a partition of their own."""

    def __init__(self, topology: Topology) -> None:
        self.metrics = Metrics(Process.ENGINE)
        one = topology.model_copy(update={"partitions": 1})
        self._processor = vehicle_processor(one, self.metrics)
        self._table: dict[bytes, bytes] = {}
        self._offset = 0
        self.open = OpenWork()
        self.open.reset({0: []})

    def step(self, rank: int, body: Telemetry) -> list[Command]:
        """One input; the commands that it leads to."""
        key = body.vehicle_id.encode()
        assert 0 == partition_of_key(key, 1)
        self._offset += 1
        record = FetchedRecord(self._offset, START_MS + self._offset, key, CODEC.encode(body), ())
        work = self._processor.process(0, [(rank, record)], self._table.get)
        self._table |= work.entries
        self.open.update(0, work.states)
        return [CODEC.decode(command.value, Command) for command in work.commands]

    def series(self) -> int:
        """How many lines /metrics has."""
        self.metrics.workflows.read = self.open.workflows
        self.metrics.commands_open.read = self.open.commands
        return sum(len(family.samples) for family in self.metrics.registry.collect())


def _asks(number: int) -> Telemetry:
    return Telemetry(vehicle_id=f"car-{number}", ts_ms=START_MS, engine_rpm=900.0, check_requested=True)


def test_ten_thousand_vehicles_make_no_more_series_than_ten(topology: Topology) -> None:
    fleet = Fleet(topology)
    for number in range(10):
        fleet.step(TELEMETRY, _asks(number))
    few = fleet.series()
    for number in range(10, 10_000):
        fleet.step(TELEMETRY, _asks(number))
    assert few == fleet.series()
    assert few < 2_500
    assert {("DATA_ANALYSIS", "ROUTINE"): 10_000} == dict(fleet.open.workflows())
    assert {("DATA_ANALYSIS", "routine"): 10_000} == dict(fleet.open.commands())


def test_the_oldest_command_is_told_and_given_away_partitions_are_not(topology: Topology) -> None:
    fleet = Fleet(topology)
    for number in range(3):
        fleet.step(TELEMETRY, _asks(number))
    labels = ("DATA_ANALYSIS", "routine")
    first_ms = START_MS + 1
    assert {labels: 60.0} == dict(fleet.open.oldest(first_ms + 60_000))
    fleet.open.reset({})
    assert [] == fleet.open.workflows()
    assert [] == fleet.open.oldest(first_ms)
