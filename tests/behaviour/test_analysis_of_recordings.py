"""Attacks in a recording are found, and by the right actor; harmless oddities are not called attacks."""

from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from support.recorded_house import House, at

from master_orchestrator.behaviour import Analysis, AnalysisTerms, BehaviourFinding, Rule
from master_orchestrator.behaviour.acts import Act
from master_orchestrator.readers.analysis_report import criticalities
from master_orchestrator.readers.recorded_acts import ActFile
from master_orchestrator_schemas.topology import Topology

LEARNT_DAYS = 8
Attack = Callable[[House, int], None]
"""Done to a recording on a day of it."""


def alerts(house: House, tmp_path: Path, topology: Topology) -> list[BehaviourFinding]:
    """The alerts of a recording, without those that only sum others up."""
    criticality, leaves = criticalities(topology.resources)
    learn_until_ms = int(at(LEARNT_DAYS, 0).timestamp() * 1000)
    analysis = Analysis(AnalysisTerms(learn_until_ms=learn_until_ms, criticality=criticality, leaves=leaves))
    for act in ActFile(house.write(tmp_path / "acts.ndjson")):
        analysis.observe(act)
    return [finding for finding in analysis.findings if finding.alerts and finding.rule is not Rule.RISK]


def when(finding: BehaviourFinding) -> datetime:
    return datetime.fromtimestamp(finding.time_ms / 1000, UTC)


def repeat(house: House, start: datetime, times: Iterable[int], step_s: float, agent: str, *what: str) -> None:
    for k in times:
        house.act(start + timedelta(seconds=k * step_s), agent, *what, entity=f"car-{k}", rows=1)


def reads_telematics(house: House, day: int) -> None:
    work = {"command": "w5/SCHEDULING/1", "command_entity": "car-5", "entity": "car-5", "rows": 40}
    house.act(at(day, 10), "SCHEDULING", "read", "telematics", **work)


def dumps_customers(house: House, day: int) -> None:
    work = {"command": "w5/CUSTOMER_ENGAGEMENT/1", "command_entity": "car-5", "rows": 2_000}
    house.act(at(day, 3), "CUSTOMER_ENGAGEMENT", "read", "customer_profile", **work)


def scrapes_customers(house: House, day: int) -> None:
    repeat(house, at(day, 14), range(50), 25, "CUSTOMER_ENGAGEMENT", "read", "customer_profile")


def scrapes_slowly(house: House, day: int) -> None:
    repeat(house, at(day, 0), range(100), 600, "CUSTOMER_ENGAGEMENT", "read", "customer_profile")


def spams(house: House, day: int) -> None:
    repeat(house, at(day, 9), range(40), 6, "CUSTOMER_ENGAGEMENT", "send", "sms")


def works_at_night(house: House, day: int) -> None:
    repeat(house, at(day, 2), range(8), 100, "operator:ada", "cancel", "workflow")


def cancels_all(house: House, day: int) -> None:
    repeat(house, at(day, 10), range(50), 6, "operator:ada", "cancel", "workflow")


def probes(house: House, day: int) -> None:
    for k in range(30):
        vehicle = f"guess-{k}"
        work = {"command": f"g{k}/DIAGNOSIS/1", "command_entity": vehicle, "entity": vehicle}
        time = at(day, 8) + timedelta(seconds=15 * k)
        house.act(time, "DIAGNOSIS", "read", "maintenance_history", **work, outcome="failure", error="NOT_FOUND")


def runs_in_circles(house: House, day: int) -> None:
    work = {"command": "w9/SCHEDULING/1", "command_entity": "car-9", "entity": "car-9"}
    for k in range(30):
        house.act(at(day, 6) + timedelta(seconds=k), "SCHEDULING", "write", "appointment", **work)


def appears_from_nowhere(house: House, day: int) -> None:
    house.act(at(day, 5), "SHADOW", "read", "customer_profile", entity="car-1", rows=1)


ATTACKS: list[tuple[Attack, str, float]] = [
    (reads_telematics, "SCHEDULING", 10),
    (dumps_customers, "CUSTOMER_ENGAGEMENT", 3),
    (scrapes_customers, "CUSTOMER_ENGAGEMENT", 14),
    (spams, "CUSTOMER_ENGAGEMENT", 9),
    (works_at_night, "operator:ada", 2),
    (cancels_all, "operator:ada", 10),
    (probes, "DIAGNOSIS", 8),
    (runs_in_circles, "SCHEDULING", 6),
    (appears_from_nowhere, "SHADOW", 5),
    (scrapes_slowly, "CUSTOMER_ENGAGEMENT", 0),
]
"""Each with the actor that does it and the hour at which it begins; one a day, in this order."""

IN_TIME = timedelta(hours=1)
AFTERMATH = timedelta(hours=18)


@pytest.mark.parametrize("commands", [True, False], ids=["commands known", "commands unknown"])
def test_every_attack_is_told_within_an_hour_and_nobody_else_is_accused(
    tmp_path: Path, topology: Topology, commands: bool
) -> None:
    house = House(seed=11, commands=commands)
    house.live(LEARNT_DAYS + len(ATTACKS) + 1)
    for day, (attack, _, _) in enumerate(ATTACKS, start=LEARNT_DAYS):
        attack(house, day)
    told = alerts(house, tmp_path, topology)
    for day, (attack, actor, hour) in enumerate(ATTACKS, start=LEARNT_DAYS):
        start = at(day, hour)
        of_it = [finding for finding in told if start <= when(finding) < start + AFTERMATH and finding.agent == actor]
        assert of_it, f"{attack.__name__} was not told"
        assert when(of_it[0]) <= start + IN_TIME, f"{attack.__name__} was told late"
        told = [finding for finding in told if finding not in of_it]
    assert [] == told


def checks(first: int, day: int, vehicles: int, *pairs: tuple[str, str, bool, int]) -> Iterator[Act]:
    """DATA_ANALYSIS checks vehicles, a minute apart on ordinary days; the recording names no commands."""
    apart_s = 60 if vehicles < 100 else 5
    for number in range(vehicles):
        for second, (action, resource, own, rows) in enumerate(pairs):
            time = at(day, 6) + timedelta(seconds=apart_s * number + second)
            yield Act(
                at_ms=int(time.timestamp() * 1000), actor="DATA_ANALYSIS", action=action, resource=resource, rows=rows,
                entity=f"car-{first + number}" if own else "",
            )  # fmt: skip


TELEMETRY, CODES = ("read", "telemetry", True, 100), ("read", "dtc_kb", False, 10)
REPORT = ("write", "analysis_report", True, 1)


@pytest.mark.parametrize(
    ("burst", "told"),
    [
        ((TELEMETRY, CODES, REPORT), set()),
        ((TELEMETRY,), {"telemetry"}),
        ((CODES,), {"dtc_kb"}),
        ((("read", "telemetry", True, 350), CODES, REPORT), {"telemetry"}),
    ],
)
def test_a_fleet_that_wakes_up_is_no_alert_and_who_scrapes_is_where_no_commands_are_known(
    burst: tuple[tuple[str, str, bool, int], ...], told: set[str]
) -> None:
    """What work begins with, and what is about no vehicle, follows no other work: it goes with it."""
    learn_until_ms = int(at(LEARNT_DAYS, 0).timestamp() * 1000)
    analysis = Analysis(AnalysisTerms(learn_until_ms=learn_until_ms, criticality={}, leaves=frozenset()))
    for day in range(LEARNT_DAYS):
        for act in checks(30 * day, day, 30, TELEMETRY, CODES, REPORT):
            analysis.observe(act)
    for act in checks(9_000, LEARNT_DAYS, 300, *burst):
        analysis.observe(act)
    assert told == {each.resource for each in analysis.findings if each.alerts and each.rule is not Rule.RISK}


def test_harmless_oddities_are_no_alerts(tmp_path: Path, topology: Topology) -> None:
    for commands in (True, False):
        house = House(seed=12, commands=commands)
        house.live(LEARNT_DAYS + 6, lambda day, hour: 14.0 if (day, hour) == (LEARNT_DAYS + 1, 15) else 1.0)
        a_service_is_down(house, LEARNT_DAYS)
        runners_are_added(house, LEARNT_DAYS + 2)
        a_new_agent_is_registered(house, LEARNT_DAYS + 3)
        a_release_goes_out(house, LEARNT_DAYS + 4)
        a_small_campaign_is_declared(house, LEARNT_DAYS + 5)
        assert [] == alerts(house, tmp_path, topology)


def a_service_is_down(house: House, day: int) -> None:
    for k in range(1_500):
        vehicle = f"car-{k % 300}"
        work = {"command": f"d{k % 300}/SCHEDULING/{k // 300}", "command_entity": vehicle, "entity": vehicle}
        time = at(day, 18) + timedelta(seconds=k)
        house.act(time, "SCHEDULING", "write", "appointment", **work, outcome="failure", error="UNAVAILABLE")


def a_new_agent_is_registered(house: House, day: int) -> None:
    house.act(at(day, 11), "operator:ada", "register", "charter", entity="PARTS")
    for k in range(200):
        work = {"command": f"p{k}/PARTS/1", "command_entity": f"car-{k}", "entity": f"car-{k}", "rows": 3}
        house.act(at(day, 11.1) + timedelta(minutes=5 * k), "PARTS", "read", "parts_stock", **work)


def runners_are_added(house: House, day: int) -> None:
    for k in range(9):
        work = {"command": f"s{k}/DIAGNOSIS/1", "command_entity": f"car-{k}", "instance": f"diagnosis-new-{k}"}
        house.act(at(day, 15) + timedelta(seconds=9 * k), "DIAGNOSIS", "read", "dtc_kb", **work, rows=3)


def a_release_goes_out(house: House, day: int) -> None:
    for line in house.lines:
        line["version"] = "2" if line["time"] >= at(day, 12) else "1"


def a_small_campaign_is_declared(house: House, day: int) -> None:
    house.act(at(day, 10), "operator:ada", "declare", "change_window", entity="CUSTOMER_ENGAGEMENT")
    for k in range(8):
        vehicle = f"recalled-{k}"
        work = {"command": f"c{k}/CUSTOMER_ENGAGEMENT/1", "command_entity": vehicle, "entity": vehicle, "rows": 1}
        for action, resource in (("read", "customer_profile"), ("send", "push")):
            house.act(at(day, 10.1) + timedelta(minutes=4 * k), "CUSTOMER_ENGAGEMENT", action, resource, **work)
