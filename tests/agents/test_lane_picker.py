"""No lane starves, urgent overtakes a backlog, and the bound of the docstring holds in any load."""

from functools import partial

import pytest
from hypothesis import given
from hypothesis import strategies as st

from master_orchestrator_agents.runner.lane_picker import LanePicker, turns_bound, wait_bound
from master_orchestrator_schemas.topology import LaneTerms, Topology
from master_orchestrator_schemas.vocabulary import Lane


def terms(weights: tuple[int, int, int, int] = (8, 4, 2, 1), max_wait_ms: int = 1_000) -> dict[Lane, LaneTerms]:
    return {
        lane: LaneTerms(weight=weight, max_wait=f"{max_wait_ms}ms") for lane, weight in zip(Lane, weights, strict=True)
    }


def turns(picker: LanePicker, count: int, *lanes: Lane) -> list[Lane | None]:
    """``count`` picks with these lanes always waiting, all of them since now."""
    return [picker.pick(0, dict.fromkeys(lanes, 0)) for _ in range(count)]


def test_nothing_waits_nothing_is_picked() -> None:
    assert LanePicker(terms()).pick(0, {}) is None


def test_busy_lanes_share_by_weight() -> None:
    picked = turns(LanePicker(terms()), 150, *Lane)

    assert {lane: picked.count(lane) for lane in Lane} == {
        Lane.URGENT: 80,
        Lane.HIGH: 40,
        Lane.SCHEDULED: 20,
        Lane.ROUTINE: 10,
    }


def test_an_urgent_command_goes_ahead_of_a_backlog_at_once() -> None:
    picker = LanePicker(terms())
    turns(picker, 1_000, Lane.ROUTINE)

    assert Lane.URGENT is picker.pick(0, {Lane.ROUTINE: 0, Lane.URGENT: 0})


def test_a_lane_saves_nothing_up_while_idle() -> None:
    picker = LanePicker(terms())
    turns(picker, 1_000, Lane.URGENT)

    assert turns(picker, 15, *Lane).count(Lane.ROUTINE) <= 2


def test_beyond_its_longest_wait_a_lane_goes_first() -> None:
    waiting = {Lane.URGENT: 1_001, Lane.ROUTINE: 0}

    assert Lane.URGENT is LanePicker(terms()).pick(1_000, waiting)
    assert Lane.ROUTINE is LanePicker(terms()).pick(1_001, waiting)


def test_the_one_most_beyond_its_bound_goes_before_the_other() -> None:
    lanes = terms() | {Lane.SCHEDULED: LaneTerms(weight=2, max_wait="10s")}
    waiting = {Lane.URGENT: 30_000, Lane.SCHEDULED: 5_000, Lane.ROUTINE: 20_000}

    assert Lane.ROUTINE is LanePicker(lanes).pick(30_000, waiting)


def test_a_long_overdue_backlog_takes_at_most_every_other_turn_from_urgent() -> None:
    picker = LanePicker(terms())
    waiting = {Lane.URGENT: 10**9, Lane.ROUTINE: 0}

    picked = [picker.pick(10**9, waiting) for _ in range(100)]

    assert picked.count(Lane.URGENT) >= 44  # half of the turns, less routine's own small share


Loads = st.lists(st.sets(st.sampled_from(list(Lane)), min_size=1), min_size=1, max_size=400)
Weights = st.tuples(*[st.integers(1, 12)] * 4)


@given(weights=Weights, loads=Loads, ages=st.lists(st.integers(0, 5_000), min_size=4, max_size=4))
def test_a_waiting_lane_is_picked_within_its_bound(
    weights: tuple[int, int, int, int], loads: list[set[Lane]], ages: list[int]
) -> None:
    """Each load is what has come in by that turn; a lane waits from then on until it is picked."""
    lanes = terms(weights)
    picker = LanePicker(lanes)
    waited: dict[Lane, int] = {}
    age = dict(zip(Lane, ages, strict=True))
    for load in loads:
        for lane in load:
            waited.setdefault(lane, 0)
        picked = picker.pick(0, {lane: -age[lane] for lane in waited})
        assert picked is not None
        waited = {lane: turns + 1 for lane, turns in waited.items()}
        assert waited.pop(picked) <= turns_bound(picked, lanes)
        assert all(turns < turns_bound(lane, lanes) for lane, turns in waited.items())


@pytest.mark.parametrize(
    ("lane", "picks", "expected"),
    [(Lane.URGENT, 1, 8), (Lane.ROUTINE, 1, 36), (Lane.URGENT, 100, 380), (Lane.ROUTINE, 10, 306)],
)
def test_the_bounds_of_the_repositorys_topology(topology: Topology, lane: Lane, picks: int, expected: int) -> None:
    assert expected == turns_bound(lane, topology.lanes, picks)


def test_a_bound_counts_rounds_of_the_workers_and_a_batch_as_one_pick(topology: Topology) -> None:
    bound = partial(wait_bound, Lane.ROUTINE, topology.lanes, handling_seconds=0.5, workers=8, ahead=99)

    assert 0.5 * 376 == bound()  # 3,006 turns by 8 workers
    assert 0.5 * 39 == bound(batch_size=10)  # 306 turns


def test_while_the_others_are_in_time_the_bound_is_half_and_age_bounds_it_too(topology: Topology) -> None:
    bound = partial(wait_bound, Lane.ROUTINE, topology.lanes, handling_seconds=0.5, workers=1, others_in_time=True)

    assert 0.5 * 18 == bound()
    assert 30 * 60 + 0.5 * 20_000 == bound(ahead=9_999)  # every other turn from half an hour on
