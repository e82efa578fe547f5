"""Kinds of attacks that were not told, and of harmless work that was told as one, in recordings by other hands."""

from collections.abc import Callable, Sequence
from datetime import timedelta
from pathlib import Path

import pytest
from support.recorded_house import House, at

from master_orchestrator.behaviour import Analysis, AnalysisTerms, BehaviourFinding, Rule
from master_orchestrator.behaviour.acts import DAY_MS, HOUR_MS
from master_orchestrator.behaviour.baselines import Meter
from master_orchestrator.behaviour.panes import PANE_MS
from master_orchestrator.readers.analysis_report import criticalities
from master_orchestrator.readers.recorded_acts import ActFile
from master_orchestrator_schemas.topology import Topology
from master_orchestrator_schemas.vocabulary import ActorKind

LEARNT_DAYS = 8
DAY = LEARNT_DAYS + 1
Judged = Callable[[House], list[BehaviourFinding]]


@pytest.fixture
def alerts(tmp_path: Path, topology: Topology) -> Judged:
    """The alerts of a recording."""
    criticality, leaves = criticalities(topology.resources)

    def judged(house: House) -> list[BehaviourFinding]:
        learn_until_ms = int(at(LEARNT_DAYS, 0).timestamp() * 1000)
        analysis = Analysis(AnalysisTerms(learn_until_ms=learn_until_ms, criticality=criticality, leaves=leaves))
        for act in ActFile(house.write(tmp_path / "acts.ndjson")):
            analysis.observe(act)
        return [finding for finding in analysis.findings if finding.alerts]

    return judged


def told(found: list[BehaviourFinding]) -> set[tuple[str, Rule]]:
    return {(finding.agent, finding.rule) for finding in found if finding.rule is not Rule.RISK}


def customer_service(house: House, operator: str, days: int, hours: range = range(8, 16)) -> None:
    """An operator who looks at a customer now and then."""
    for day in range(days):
        for hour in hours:
            house.act(at(day, hour + 0.4), operator, "read", "customer_profile", entity=f"car-{day}{hour}", rows=1)


@pytest.mark.parametrize("apart", [1, 3, 5])
def test_what_rises_slowly_does_not_raise_its_own_ceiling(apart: int) -> None:
    """Windows of a day overlap: what one of them holds is usual only for those that have no part in it."""
    meter = Meter(of_rows=False)

    def excess(day: int, panes: range) -> float:
        greatest = 0.0
        for pane in panes:
            at_ms = day * DAY_MS + pane * apart * PANE_MS
            meter.add(at_ms, 1, stake=2, kind=ActorKind.OPERATOR, factor=1, learning=day < 10)
            greatest = max(greatest, meter.excesses()[2])
        return greatest

    for day in range(10):
        excess(day, range(2))
    assert excess(11, range(26)) > 1


def test_what_rises_from_hour_to_hour_does_not_raise_its_own_ceiling() -> None:
    """Each hour has a fifth more than the one before, and is below the ceiling that those before it would make."""
    meter = Meter(of_rows=False)

    def excess(day: int, amounts: Sequence[int]) -> float:
        greatest = 0.0
        for hour, amount in enumerate(amounts, start=9):
            for number in range(amount):
                at_ms = day * DAY_MS + hour * HOUR_MS + number * HOUR_MS // amount
                meter.add(at_ms, 1, stake=2, kind=ActorKind.OPERATOR, factor=1, learning=day < 10)
                greatest = max(greatest, *meter.excesses())
        return greatest

    for day in range(10):
        excess(day, (12,) * 8)
    assert excess(10, (12,) * 8) <= 1
    assert excess(11, (12, 14, 17, 20, 24, 29)) > 1


def test_a_day_of_slow_reading_is_told(alerts: Judged) -> None:
    house = House(seed=1)
    customer_service(house, "operator:bo", LEARNT_DAYS + 3)
    for k in range(120):
        house.act(
            at(DAY, 8) + k * timedelta(minutes=4), "operator:bo", "read", "customer_profile", entity=f"c-{k}", rows=1
        )
    found = alerts(house)
    assert {("operator:bo", Rule.RATE)} <= told(found)
    assert {"operator:bo"} == {finding.agent for finding in found}


def test_what_was_told_of_a_day_is_not_told_again_by_what_comes_after(alerts: Judged) -> None:
    house = House(seed=1)
    customer_service(house, "operator:bo", LEARNT_DAYS + 4)
    for k in range(40):
        house.act(
            at(DAY, 8) + k * timedelta(minutes=12), "operator:bo", "read", "customer_profile", entity=f"c-{k}", rows=1
        )
    rates = [finding.time_ms for finding in alerts(house) if finding.rule is Rule.RATE]
    assert 1 == len(rates)


def test_a_few_acts_at_night_do_not_make_the_night_usual(alerts: Judged) -> None:
    house = House(seed=1)
    customer_service(house, "operator:bo", LEARNT_DAYS + 2, range(8, 20))
    for k in range(10):
        house.act(at(DAY, 1) + k * timedelta(minutes=5), "operator:bo", "read", "workflow", entity=f"c-{k}", rows=1)
    assert {("operator:bo", Rule.CONTEXT)} == told(alerts(house))


def test_an_hour_between_working_hours_is_a_working_hour(alerts: Judged) -> None:
    house = House(seed=1)
    for hours in (range(6, 9), range(12, 16)):
        customer_service(house, "operator:bo", LEARNT_DAYS + 2, hours)
    for k in range(10):
        house.act(at(DAY, 10.3) + k * timedelta(minutes=2), "operator:bo", "read", "workflow", entity=f"c-{k}", rows=1)
    assert set() == told(alerts(house))


def looks_at_the_trail(house: House, rows: list[int], *, first_day: int = DAY) -> None:
    """An operator reads the audit trail once a day, for the first time on `first_day`."""
    customer_service(house, "operator:bo", first_day + len(rows))
    for day, touched in enumerate(rows, first_day):
        house.act(at(day, 11), "operator:bo", "read", "audit_log", rows=touched)


def test_an_operator_s_new_work_with_many_rows_is_learnt_and_no_alert(alerts: Judged) -> None:
    house = House(seed=1)
    looks_at_the_trail(house, [57, 92, 60, 100, 88])
    assert set() == told(alerts(house))


@pytest.mark.parametrize("rows", [101, 2_000])
def test_an_operator_s_new_work_with_too_many_rows_is_told_each_time(rows: int, alerts: Judged) -> None:
    house = House(seed=1)
    looks_at_the_trail(house, [rows, rows])
    found = [finding for finding in alerts(house) if finding.rule is Rule.ROWS]
    assert 2 == len(found)


def test_known_work_with_more_rows_than_ever_is_told(alerts: Judged) -> None:
    house = House(seed=1)
    looks_at_the_trail(house, [1] * 22 + [99], first_day=1)
    assert {("operator:bo", Rule.ROWS)} <= told(alerts(house))


def frees_holds(house: House, days: int, per_hour: int, every: int) -> None:
    """SCHEDULING writes an appointment for each command; every so often it frees one of another vehicle."""
    for day in range(days):
        for k in range(10 * per_hour):
            number = 10 * per_hour * day + k
            own, other = f"car-{number}", f"car-{number - 1}"
            work = {"command": f"w{number}", "command_entity": own, "rows": 1}
            entity = other if number % every == 0 else own
            house.act(at(day, 7 + k / per_hour), "SCHEDULING", "delete", "appointment", entity=entity, **work)


def test_what_is_rare_happens_among_many_acts(alerts: Judged) -> None:
    house = House(seed=1)
    frees_holds(house, LEARNT_DAYS + 3, per_hour=150, every=90)
    assert set() == told(alerts(house))


def test_a_client_that_drains_uncritical_data_is_told(alerts: Judged) -> None:
    house = House(seed=1)
    house.live(LEARNT_DAYS + 2)
    for k in range(900):
        house.act(at(DAY, 11) + k * timedelta(seconds=2), "client:portal", "read", "workflow", entity=f"car-{k}")
    assert {("client:portal", Rule.RATE)} == told(alerts(house))


def way(house: House, time: timedelta, vehicle: str, **more: str) -> None:
    """A vehicle's way from the orchestrator to its owner; no agent's act is of a command."""
    for second, agent, action, resource in (
        (0, "orchestrator", "write", "workflow"),
        (1, "orchestrator", "dispatch", "agent_task"),
        (3, "DIAGNOSIS", "read", "analysis_report"),
        (4, "DIAGNOSIS", "write", "diagnosis"),
        (6, "orchestrator", "dispatch", "agent_task"),
        (8, "CUSTOMER_ENGAGEMENT", "read", "customer_profile"),
        (9, "CUSTOMER_ENGAGEMENT", "send", "push"),
    ):
        when = at(0, 0) + time + timedelta(seconds=second)
        house.act(when, agent, action, resource, entity=vehicle, rows=1, **more)


def ways(commands: bool = False) -> House:
    house = House(seed=1, commands=commands)
    for day in range(LEARNT_DAYS + 3):
        for k in range(60):
            way(house, timedelta(days=day, hours=7, minutes=11 * k), f"car-{day}-{k}")
    return house


BURST = timedelta(days=DAY, hours=20)


@pytest.mark.parametrize("commands", [True, False], ids=["never a command", "commands unknown"])
def test_a_burst_with_one_slow_act_in_it_is_no_alert(commands: bool, alerts: Judged) -> None:
    house = ways(commands)
    for k in range(200):
        way(house, BURST + timedelta(seconds=9 * k), f"new-{k}")
    late = BURST + timedelta(seconds=1_100)
    house.act(at(0, 0) + late, "CUSTOMER_ENGAGEMENT", "send", "push", entity="new-3", rows=1)
    assert set() == told(alerts(house))


@pytest.mark.parametrize("commands", [True, False], ids=["never a command", "commands unknown"])
def test_one_kind_of_work_that_rises_alone_is_told(commands: bool, alerts: Judged) -> None:
    house = ways(commands)
    for k in range(200):
        when = at(0, 0) + BURST + timedelta(seconds=9 * k)
        house.act(when, "orchestrator", "write", "workflow", entity=f"new-{k}", rows=1)
    assert {"orchestrator"} == {agent for agent, _ in told(alerts(house))}


def test_work_that_waited_for_an_hour_is_no_alert(alerts: Judged) -> None:
    house = ways()
    for line in house.lines:
        waits = at(DAY, 9) <= line["time"] < at(DAY, 10.5) and line["agent"] == "CUSTOMER_ENGAGEMENT"
        if waits:
            line["time"] = at(DAY, 10.5) + (line["time"] - at(DAY, 9)) / 20
    assert set() == told(alerts(house))


def test_work_that_is_done_again_after_a_crash_is_no_alert(alerts: Judged) -> None:
    house = ways()
    again = [line for line in house.lines if at(DAY, 9) <= line["time"] < at(DAY, 9.8)]
    for line in again:
        if line["agent"] == "DIAGNOSIS":
            house.lines.append(line | {"time": line["time"] + timedelta(minutes=50), "instance": "diagnosis-9"})
    assert set() == told(alerts(house))


def report(house: House, day: int, hour: float, times: int) -> None:
    """The nightly report over all vehicles."""
    for k in range(times):
        when = at(day, hour) + k * timedelta(seconds=40)
        house.act(when, "MANUFACTURING_QUALITY", "read", "maintenance_history", rows=100 + 7 * k)


@pytest.mark.parametrize(("times", "rules"), [(30, set()), (120, {Rule.RATE, Rule.VOLUME})])
def test_a_job_may_run_at_another_hour_but_not_be_another_job(times: int, rules: set[Rule], alerts: Judged) -> None:
    house = House(seed=1)
    for day in range(LEARNT_DAYS + 2):
        report(house, day, 2.2, 30) if day != DAY else report(house, day, 8.5, times)
    assert rules == {rule for _, rule in told(alerts(house))}
