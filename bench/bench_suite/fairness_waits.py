"""From the notes of a runner to waits and bounds. Pure; times in ms."""

from bisect import bisect_left
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import ceil

from bench_suite.fairness_runner import HandlerCall, RunnerNotes
from master_orchestrator_agents.runner.lane_picker import turns_bound
from master_orchestrator_agents.runner.lane_queues import MAX_QUEUED
from master_orchestrator_schemas.topology import LaneTerms
from master_orchestrator_schemas.vocabulary import Lane

FETCH_MS = 200
"""What a record may take from the log to its lane's queue: a poll of 50 ms at the broker, reading, scheduling."""


@dataclass(frozen=True)
class CommandWait:
    """One command.

    ``ahead``: commands of its lane that started while it waited; ``fetched_ms``: how long it took to be in the queue,
    what stood in a long one excepted; ``turns``: calls that began from then on, its own included; ``turns_bound``: how
    many there may be; ``bound_ms``: what those take at the run's service rate, with the time to fetch it.
    """

    lane: Lane
    from_ms: float
    waited_ms: float
    ahead: int
    fetched_ms: float
    turns: int
    turns_bound: int
    bound_ms: float

    @property
    def is_beyond(self) -> bool:
        """Whether it waited longer than is promised, by turns: they do not depend on how busy the machine was."""
        return self.turns > self.turns_bound


def turn_ms(calls: Sequence[HandlerCall]) -> float:
    """How far apart the calls began on the average: one over the service rate."""
    begins = sorted(call.begin_ms for call in calls)
    return (begins[-1] - begins[0]) / (len(begins) - 1)


def waits(
    appended: Sequence[tuple[Lane, str, int]],
    notes: RunnerNotes,
    lanes: Mapping[Lane, LaneTerms],
    batch_size: int,
) -> list[CommandWait]:
    """Each command's wait, from when it is in the log and its vehicle has no other in flight, and its bound."""
    began = {command: call for call in notes.calls for command in call.commands}
    placed = [(lane, command, at_ms, began[command]) for lane, command, at_ms in appended if command in began]
    every = sorted(call.begin_ms for call in notes.calls)
    begins = {lane: sorted(call.begin_ms for each, _, _, call in placed if each is lane) for lane in Lane}
    queued = {lane: sorted(notes.queued_ms[id_] for each, id_, _, _ in placed if each is lane) for lane in Lane}
    free_from, per_turn = _free_from(placed), turn_ms(notes.calls)
    waits_found = []
    for lane, command, at_ms, call in placed:
        from_ms = max(float(at_ms), free_from.get(command, 0.0))
        ahead = _between(begins[lane], from_ms, call.begin_ms)
        bound = turns_bound(lane, lanes, ceil((ahead + 1) / (batch_size if lane is Lane.ROUTINE else 1)))
        is_long = bisect_left(queued[lane], at_ms) - bisect_left(begins[lane], at_ms) >= MAX_QUEUED // 2
        fetched_ms = FETCH_MS if is_long else max(0.0, notes.queued_ms[command] - at_ms)
        turns = 1 + _between(every, max(from_ms, at_ms + fetched_ms), call.begin_ms)
        bound_ms = bound * per_turn + max(FETCH_MS, fetched_ms)
        waits_found.append(
            CommandWait(lane, from_ms, call.begin_ms - from_ms, ahead, fetched_ms, turns, bound, bound_ms)
        )
    return waits_found


def _between(times: Sequence[float], begin: float, end: float) -> int:
    return max(0, bisect_left(times, end) - bisect_left(times, begin))


def _free_from(placed: Iterable[tuple[Lane, str, int, HandlerCall]]) -> dict[str, float]:
    """For the commands of vehicles with an earlier command in flight: when that one was done."""
    done: dict[str, float] = {}
    free_from: dict[str, float] = {}
    for _, command, _, call in sorted(placed, key=lambda each: each[3].begin_ms):
        vehicle_id = command.partition("~")[0]
        if vehicle_id in done:
            free_from[command] = done[vehicle_id]
        done[vehicle_id] = call.end_ms
    return free_from


@dataclass(frozen=True)
class Overtaking:
    """An urgent command.

    ``waited_ms``: from when a worker was free; ``fetched_ms``: from its append to the queue; ``passed_by``: calls that
    began while it waited; ``behind``: commands that waited at its append.
    """

    at_ms: float
    waited_ms: float
    fetched_ms: float
    passed_by: int
    behind: int


def overtakings(
    appended: Iterable[tuple[Lane, str, int]], notes: RunnerNotes, *, workers: int, sent: int
) -> list[Overtaking]:
    """How each of these commands overtook the ``sent`` ones; what was in flight when it came is not its wait."""
    ordered = sorted(notes.calls, key=lambda call: call.begin_ms)
    began = {command: call for call in ordered for command in call.commands}
    begins, started = [call.begin_ms for call in ordered], [0]
    for call in ordered:
        started.append(started[-1] + len(call.commands))
    overtaken = []
    for _, command, at_ms in appended:
        own, place = began[command], bisect_left(begins, at_ms)
        ends = [call.end_ms for call in ordered[max(0, place - 10 * workers) : place] if call.end_ms > at_ms]
        free_ms = min(ends) if len(ends) == workers else float(at_ms)
        passed_by = _between(begins, free_ms, own.begin_ms)
        waited_ms = max(0.0, own.begin_ms - free_ms)
        fetched_ms = notes.queued_ms[command] - at_ms
        overtaken.append(Overtaking(at_ms, waited_ms, fetched_ms, passed_by, sent - started[place]))
    return overtaken
