"""The forecast of demand: what is known, what comes besides, seasons, and what the books and statuses tell."""

import math
from dataclasses import replace
from pathlib import Path

import pytest
from bench_suite.scheduling.demand_years import DemandYears
from hypothesis import given, settings
from hypothesis import strategies as st
from support.commands import command_for

from master_orchestrator_agents.reference.scheduling import SchedulingAgent, SchedulingStore
from master_orchestrator_agents.reference.scheduling.demand.books import read_books
from master_orchestrator_agents.reference.scheduling.demand.forecast import forecast
from master_orchestrator_agents.reference.scheduling.demand.records import (
    DemandBooks,
    DemandJob,
    OpenCase,
    monday,
    week_of,
)
from master_orchestrator_agents.reference.zoned import DAY_MS
from master_orchestrator_agents.task import Task
from master_orchestrator_schemas.messages import Status
from master_orchestrator_schemas.messages.outputs import Evidence
from master_orchestrator_schemas.vocabulary import AgentType, Priority, State, Subsystem

MONDAY_MS = 1_768_208_400_000
"""12 January 2026, 10:00 in Berlin."""
FIRST = 105_000
"""A week."""


def job(start: float, booked: float, hours: float = 2.0, **more: object) -> DemandJob:
    one = DemandJob("w", start, booked, booked, hours, parts=("pads",), stands=True)
    return replace(one, **more)  # type: ignore[arg-type]  # fields by name


def steady(weeks: int, a_week: int = 20) -> DemandBooks:
    """As much every week, booked half a week ahead."""
    jobs = [
        job(FIRST + week + (each + 0.5) / a_week, FIRST + week + (each + 0.5) / a_week - 0.5)
        for week in range(1, weeks)
        for each in range(a_week)
    ]
    return DemandBooks(jobs, [], {"w": dict.fromkeys(range(FIRST - 1, FIRST + weeks + 9), 50.0)}, [])


def test_what_was_so_every_week_is_expected_again() -> None:
    weeks = 30
    ahead = forecast(steady(weeks), FIRST + weeks - 0.99, 8)

    assert list(range(FIRST + weeks, FIRST + weeks + 8)) == [each.week for each in ahead]
    for each in ahead:
        assert each.hours.expected == pytest.approx(40, rel=0.1)
        assert each.parts["pads"].expected == pytest.approx(20, rel=0.1)
        assert each.hours.low < 40 < (each.hours.high or 0.0)


def test_more_history_makes_the_interval_narrower() -> None:
    widths = []
    for weeks in (3, 10, 60):
        each = forecast(steady(weeks), FIRST + weeks - 0.99, 3)[2]
        widths.append((each.hours.high or 0.0) - each.hours.low)

    assert widths == sorted(widths, reverse=True)


@settings(max_examples=20)
@given(hours=st.floats(0.5, 40), ahead=st.integers(1, 7), distance=st.floats(2.0, 20.0))
def test_a_booking_adds_to_its_week_alone(hours: float, ahead: int, distance: float) -> None:
    books, now = steady(12), FIRST + 11.01
    week = int(now) + 1 + ahead
    booked = replace(books, jobs=[*books.jobs, job(week + 0.5, now - 0.01, hours, known=now - distance)])

    before, after = forecast(books, now, 9), forecast(booked, now, 9)

    gains = {each.week: each.booked_h - old.booked_h for old, each in zip(before, after, strict=True)}
    assert {week} == {each for each, gain in gains.items() if gain > 0}
    assert 0.8 * hours < gains[week] < hours


def test_work_that_a_trend_foretells_is_done_before_its_date() -> None:
    now = FIRST + 11.01
    books = replace(steady(12), cases=[OpenCase("w", now + 2.0), OpenCase("w", None)])
    dated = replace(books, cases=books.cases[:1])

    open_h = [each.open_h for each in forecast(books, now, 8)]

    assert open_h[0] > 0
    assert [0.0] * 6 == [each.open_h for each in forecast(dated, now, 8)][2:]


def test_cancelled_bookings_make_the_booked_ones_less_sure() -> None:
    books, now = steady(30), FIRST + 29.01
    booked = job(now + 4.5, now - 1)
    fell = [replace(each, stands=number % 3 > 0, booked=each.booked - 4) for number, each in enumerate(books.jobs)]

    sure, unsure = (forecast(replace(books, jobs=[*jobs, booked]), now, 4)[3].booked_h for jobs in (books.jobs, fell))

    assert unsure < 0.9 * sure


def test_a_season_is_known_after_two_years() -> None:
    """Twice as much in winter as in summer."""
    weeks = 120
    jobs = [
        replace(each, hours=2 * (1.5 + 0.5 * math.cos(2 * math.pi * each.week / 52.18))) for each in steady(weeks).jobs
    ]
    books = replace(steady(weeks), jobs=jobs, opens_h={"w": dict.fromkeys(range(FIRST - 1, FIRST + 200), 50.0)})
    now = FIRST + weeks - 0.99

    ahead = forecast(books, now, 8)

    due = [40 * (1.5 + 0.5 * math.cos(2 * math.pi * each.week / 52.18)) for each in ahead]
    assert due == pytest.approx([each.hours.expected for each in ahead], rel=0.15)
    assert abs(due[0] - due[-1]) > 5


def test_weeks_are_counted_in_the_workshops_time() -> None:
    sunday_night = 1_768_172_340_000  # 11 January 2026, 23:59 in Berlin
    before, after = (week_of(sunday_night + minutes * 60_000, "Europe/Berlin") for minutes in (0, 2))

    assert (1, 1) == (int(after) - int(before), int(week_of(sunday_night, "Asia/Kolkata")) - int(before))
    assert "2026-01-12" == monday(int(after)).isoformat()


def status(workflow_id: str, state: State, *, crossing_ms: int | None = None, age_days: int = 1) -> Status:
    evidence = Evidence(
        rule="coolant_hot_trending",
        subsystem=Subsystem.COOLING,
        priority=Priority.SCHEDULED,
        at_ms=MONDAY_MS,
        crossing_ms=crossing_ms,
    )
    return Status(
        workflow_id=workflow_id,
        vehicle_id=workflow_id.split("~", maxsplit=1)[0],
        state=state,
        priority=Priority.SCHEDULED,
        reason=None,
        step=None,
        attempt=0,
        attempts=0,
        findings=(),
        created_at_ms=MONDAY_MS - age_days * DAY_MS,
        updated_at_ms=MONDAY_MS,
        seq=1,
        history=(),
        evidence=(evidence,),
    )


def test_books_and_statuses_are_read(tmp_path: Path) -> None:
    store = SchedulingStore(tmp_path / "books.sqlite3", workshops=2)
    payload = {
        "priority": 3,
        "operations": [{"name": "job", "labour_hours": 2.2, "parts": ["pads"]}],
        "due_by_ms": MONDAY_MS + 14 * DAY_MS,
    }
    SchedulingAgent(store)(Task(command_for(AgentType.SCHEDULING, "booked~1", issued_at_ms=MONDAY_MS, payload=payload)))
    crossing_ms = MONDAY_MS + 9 * DAY_MS
    statuses = [
        status("booked~1", State.SCHEDULED, age_days=3),
        status("waits~1", State.CUSTOMER_ENGAGEMENT, crossing_ms=crossing_ms),
        status("asks~1", State.RETRY),
        status("declined~1", State.COMPLETED, age_days=2),
    ]

    with store.database.read() as sql:
        books = read_books(sql, store.network, statuses, MONDAY_MS, 8)
    store.close()

    (booked,) = books.jobs
    assert (2.0, ("pads",), True) == (booked.hours, booked.parts, booked.stands)
    assert week_of(MONDAY_MS - 3 * DAY_MS, "Europe/Berlin") == pytest.approx(booked.known)
    assert week_of(MONDAY_MS, "Europe/Berlin") == pytest.approx(booked.booked)
    assert {week_of(crossing_ms, "Europe/Berlin"), None} == {case.due for case in books.cases}
    ((opened, ended),) = books.lapsed
    assert 2 / 7 == pytest.approx(ended - opened)


def test_simulated_books_hold_nothing_of_the_future(tmp_path: Path) -> None:
    store = SchedulingStore(tmp_path / "books.sqlite3", workshops=1)
    store.close()
    sim = DemandYears(store.network, 12, seed=1)
    now = sim.first_week + 8.0

    books = sim.known_at(now)

    assert len(books.jobs) > 100
    assert max(each.booked for each in books.jobs) <= now < max(each.start for each in books.jobs)
    assert any(not each.stands for each in books.jobs)
    assert sum(sim.hours().values()) > sum(each.hours for each in books.jobs if each.stands)
