"""No lane starves, urgent overtakes a backlog, and the bound of the docstring holds in any load."""

from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from master_orchestrator_agents.lanes import LanePicker, turns_bound, wait_bound
from master_orchestrator_schemas.topology import LaneTerms, Topology
from master_orchestrator_schemas.vocabulary import Lane


def terms(weights: tuple[int, int, int, int] = (8, 4, 2, 1), max_wait_ms: int = 1_000) -> dict[Lane, LaneTerms]:
    return {
        lane: LaneTerms(weight=weight, max_wait=f"{max_wait_ms}ms") for lane, weight in zip(Lane, weights, strict=True)
    }


def turns(picker: LanePicker, count: int, *lanes: Lane) -> list[Lane | None]:
    """So many picks with these lanes always waiting, all of them since now."""
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


@given(
    weights=Weights,
    workers=st.integers(1, 5),
    handling=st.lists(st.integers(1, 100), min_size=400, max_size=400),
    arrivals=st.lists(st.tuples(st.integers(0, 2_000), st.sampled_from(list(Lane))), min_size=1, max_size=400),
)
def test_no_command_waits_longer_than_the_bound_in_time(
    weights: tuple[int, int, int, int], workers: int, handling: list[int], arrivals: list[tuple[int, Lane]]
) -> None:
    """A queue per lane, some workers, handlers of up to 100 ms, arrivals at will: as a runner works."""
    lanes = terms(weights, max_wait_ms=50)
    for lane, waited_ms, ahead in simulated(lanes, workers, handling, sorted(arrivals)):
        bound = wait_bound(lane, lanes, handling_seconds=0.1, workers=workers, ahead=ahead)
        assert waited_ms / 1_000 <= bound


def simulated(
    lanes: Mapping[Lane, LaneTerms], workers: int, handling: list[int], arrivals: list[tuple[int, Lane]]
) -> list[tuple[Lane, int, int]]:
    """Lane, wait and number ahead in its lane at arrival, of every command."""
    picker = LanePicker(lanes)
    queues: dict[Lane, list[tuple[int, int]]] = {lane: [] for lane in Lane}
    free_at = [0] * workers
    times = iter(handling)
    coming = list(arrivals)
    waits: list[tuple[Lane, int, int]] = []
    now = 0
    while coming or any(queues.values()):
        while coming and coming[0][0] <= now:
            at, lane = coming.pop(0)
            queues[lane].append((at, len(queues[lane])))
        for worker in range(workers):
            waiting = {lane: queue[0][0] for lane, queue in queues.items() if queue}
            if free_at[worker] <= now and (picked := picker.pick(now, waiting)):
                at, ahead = queues[picked].pop(0)
                waits.append((picked, now - at, ahead))
                free_at[worker] = now + next(times)
        now = min([at for at in free_at if at > now] + [at for at, _lane in coming[:1]] or [now + 1])
    return waits


@pytest.mark.parametrize(("lane", "expected"), [(Lane.URGENT, 8), (Lane.ROUTINE, 36)])
def test_the_bounds_of_the_repositorys_topology(topology: Topology, lane: Lane, expected: int) -> None:
    assert expected == turns_bound(lane, topology.lanes)
