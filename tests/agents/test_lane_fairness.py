"""The promise of ``docs/fairness.md`` in thousands of random loads, on the runner's own queues in virtual time.

``FAIRNESS_LOADS=100000`` tries 100,000.
"""

import os
from collections.abc import Mapping
from itertools import pairwise

import pytest
from hypothesis import HealthCheck, Phase, find, given, settings
from hypothesis import strategies as st
from support.simulated_runner import Burst, RunnerLoad, SimulatedCommand, SimulatedRunner

from master_orchestrator_agents.runner import lane_queues as queues
from master_orchestrator_agents.runner.backlog import MAX_HELPING
from master_orchestrator_agents.runner.lane_picker import BY_URGENCY, LanePicker, wait_bound
from master_orchestrator_schemas.topology import LaneTerms
from master_orchestrator_schemas.vocabulary import Lane

LOADS = int(os.environ.get("FAIRNESS_LOADS", "1500"))
SHORT, NEVER = 20, 86_400_000
"""A longest wait that most loads go beyond, and one that none does; ms."""

thousands = settings(max_examples=LOADS, deadline=None, suppress_health_check=list(HealthCheck))


@st.composite
def lane_terms(draw: st.DrawFn) -> dict[Lane, LaneTerms]:
    weights = draw(st.lists(st.integers(1, 12), min_size=4, max_size=4))
    max_waits = draw(st.lists(st.sampled_from([1, SHORT, 200, NEVER]), min_size=4, max_size=4))
    return {
        lane: LaneTerms(weight=weight, max_wait=f"{max_wait}ms")
        for lane, weight, max_wait in zip(Lane, weights, max_waits, strict=True)
    }


bursts = st.builds(
    Burst,
    lane=st.sampled_from(list(Lane)),
    at_ms=st.integers(0, 200),
    size=st.integers(1, 40),
    every_ms=st.sampled_from([0, 0, 1, 7]),
)
loads = st.builds(
    RunnerLoad,
    lanes=lane_terms(),
    workers=st.integers(1, 5),
    batch_size=st.sampled_from([1, 1, 4]),
    handling_ms=st.lists(st.integers(1, 20), min_size=1, max_size=5).map(tuple),
    fetch_ms=st.sampled_from([1, 3, 10]),
    bursts=st.lists(bursts, min_size=1, max_size=6).map(tuple),
    vehicles=st.sampled_from([None, None, 200, 12, 3]),
    helping=st.sampled_from([1, 1, MAX_HELPING]),
)


@thousands
@given(load=loads)
def test_no_command_waits_beyond_its_bound(load: RunnerLoad) -> None:
    assert [] == beyond_their_bound(load, SimulatedRunner(load).play())


@settings(thousands, max_examples=LOADS // 4)
@given(load=loads)
def test_a_vehicles_commands_start_one_at_a_time_and_in_the_order_of_their_lane(load: RunnerLoad) -> None:
    runner = SimulatedRunner(load)
    runner.play()

    of_vehicles: dict[str, list[SimulatedCommand]] = {}
    for record in runner.taken:
        of_vehicles.setdefault(record.vehicle_id, []).append(record)
    for taken in of_vehicles.values():
        assert all(earlier.done_ms <= later.taken_ms for earlier, later in pairwise(taken))
        for lane in Lane:
            numbers = [record.number for record in taken if record.lane is lane]
            assert sorted(numbers) == numbers


@settings(thousands, max_examples=LOADS // 4)
@given(load=loads, at_ms=st.integers(0, 300))
def test_an_urgent_command_within_its_share_has_the_next_turn(load: RunnerLoad, at_ms: int) -> None:
    """While nobody is overdue: it waits for the next fetch, and for the first worker that is free then."""
    calm = {lane: LaneTerms(weight=terms.weight, max_wait=f"{NEVER}ms") for lane, terms in load.lanes.items()}
    others = tuple(burst for burst in load.bursts if burst.lane is not Lane.URGENT)
    urgent = Burst(Lane.URGENT, at_ms, size=1, every_ms=0)
    runner = SimulatedRunner(
        RunnerLoad(
            calm, load.workers, load.batch_size, load.handling_ms, load.fetch_ms, (*others, urgent), None, load.helping
        )
    )
    runner.play()

    (own,) = [record for record in runner.taken if record.lane is Lane.URGENT]
    ready_ms = max(own.fetched_ms, own.waits_from_ms)
    assert [] == [record for record in runner.taken if record.taken_ms >= ready_ms and record.turn < own.turn]


class StrictPriority(LanePicker):
    def pick(self, now_ms: int, waiting: Mapping[Lane, int]) -> Lane | None:  # noqa: ARG002  any picker's
        return next((lane for lane in BY_URGENCY if lane in waiting), None)


class OldestFirst(LanePicker):
    def pick(self, now_ms: int, waiting: Mapping[Lane, int]) -> Lane | None:  # noqa: ARG002  any picker's
        return min(waiting, key=waiting.__getitem__, default=None)


class WithoutAgeing(LanePicker):
    def pick(self, now_ms: int, waiting: Mapping[Lane, int]) -> Lane | None:
        return super().pick(now_ms, dict.fromkeys(waiting, now_ms))


class AgeingAlways(LanePicker):
    """What is overdue goes first, turn after turn."""

    def pick(self, now_ms: int, waiting: Mapping[Lane, int]) -> Lane | None:
        self._aged_last = False
        return super().pick(now_ms, waiting)


class SavingUp(LanePicker):
    """What a lane did not use while it was idle is still its own."""

    def _share(self, lane: Lane) -> int:
        return self._used[lane]


@pytest.mark.parametrize("other", [StrictPriority, OldestFirst, WithoutAgeing, AgeingAlways, SavingUp])
def test_another_picker_breaks_the_promise(other: type[LanePicker], monkeypatch: pytest.MonkeyPatch) -> None:
    """Or else the properties above would prove nothing."""
    monkeypatch.setattr(queues, "LanePicker", other)

    find(
        loads,
        lambda load: beyond_their_bound(load, SimulatedRunner(load).play()) != [],
        settings=settings(thousands, max_examples=10_000, phases=[Phase.generate], database=None),
    )


def beyond_their_bound(load: RunnerLoad, records: list[SimulatedCommand]) -> list[SimulatedCommand]:
    """The commands that wait longer than is promised."""
    overdue = {lane: overdue_spans(records, lane, load.lanes[lane].max_wait_ms) for lane in Lane}
    beyond = []
    for lane in Lane:
        own = [record for record in records if record.lane is lane]
        others = [span for other in Lane if other is not lane for span in overdue[other]]
        for place, record in enumerate(own):
            ahead = sum(earlier.taken_ms >= record.waits_from_ms for earlier in own[:place])
            in_time = not any(a < record.taken_ms and b >= record.waits_from_ms for a, b in others)
            if record.waited_ms > load.fetch_ms + bound_ms(load, lane, ahead, others_in_time=in_time):
                beyond.append(record)
    return beyond


def overdue_spans(records: list[SimulatedCommand], lane: Lane, max_wait_ms: int) -> list[tuple[int, int]]:
    """From when till when each command of the lane was beyond the lane's longest wait."""
    due = [(record.appended_ms + max_wait_ms, record.taken_ms) for record in records if record.lane is lane]
    return [(due_ms, taken_ms) for due_ms, taken_ms in due if taken_ms > due_ms]


def bound_ms(load: RunnerLoad, lane: Lane, ahead: int, *, others_in_time: bool) -> int:
    """The promise, rounded to the milliseconds in which the simulation counts."""
    seconds = wait_bound(
        lane,
        load.lanes,
        handling_seconds=load.longest_ms / 1000,
        workers=load.workers,
        ahead=ahead,
        batch_size=load.batch_size if lane is Lane.ROUTINE else 1,
        others_in_time=others_in_time,
    )
    return round(seconds * 1000)
