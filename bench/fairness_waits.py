"""From the notes of a runner to waits and bounds. Pure; times in ms."""

from bisect import bisect_left
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from fairness_runner import Call

from master_orchestrator_agents.lanes import wait_bound
from master_orchestrator_schemas.topology import LaneTerms
from master_orchestrator_schemas.vocabulary import Lane

FETCH_MS = 200
"""What a record may take from the log to the runner's queue: a poll of 50 ms at the broker, twice, and some scheduling."""


@dataclass(frozen=True)
class Wait:
    """One command. ``ahead``: of its lane, started while it waited; ``bound_ms``: with the time to fetch it."""

    lane: Lane
    from_ms: float
    waited_ms: float
    ahead: int
    bound_ms: float


def longest_turn_ms(appended: Sequence[tuple[Lane, str, int]], calls: Sequence[Call]) -> float:
    """The longest from one call of a worker to its next, of those before which something waited all the while."""
    since = {command: at_ms + FETCH_MS for _, command, at_ms in appended}
    by_worker: dict[int, list[Call]] = {}
    for call in sorted(calls, key=lambda call: call.begin_ms):
        by_worker.setdefault(call.worker, []).append(call)
    turns = [
        later.begin_ms - earlier.begin_ms
        for own in by_worker.values()
        for earlier, later in pairwise(own)
        if since[later.commands[0]] < earlier.begin_ms
    ]
    return max(*turns, *(call.end_ms - call.begin_ms for call in calls))


def waits(
    appended: Sequence[tuple[Lane, str, int]],
    calls: Sequence[Call],
    lanes: Mapping[Lane, LaneTerms],
    *,
    workers: int,
    batch_size: int,
) -> list[Wait]:
    """Each command's wait, from when it is in the log and its vehicle has no other in flight, and its bound."""
    turn_ms = longest_turn_ms(appended, calls)
    began = {command: call for call in calls for command in call.commands}
    placed = [(lane, command, at_ms, began[command]) for lane, command, at_ms in appended]
    begins = {lane: sorted(call.begin_ms for each, _, _, call in placed if each is lane) for lane in Lane}
    free_from = _free_from(placed)
    found = []
    for lane, command, at_ms, call in placed:
        from_ms = max(float(at_ms), free_from.get(command, 0.0))
        ahead = max(0, bisect_left(begins[lane], call.begin_ms) - bisect_left(begins[lane], from_ms))
        bound = wait_bound(
            lane,
            lanes,
            handling_seconds=turn_ms / 1000,
            workers=workers,
            ahead=ahead,
            batch_size=batch_size if lane is Lane.ROUTINE else 1,
        )
        found.append(Wait(lane, from_ms, call.begin_ms - from_ms, ahead, 1000 * bound + FETCH_MS))
    return found


def _free_from(placed: Iterable[tuple[Lane, str, int, Call]]) -> dict[str, float]:
    """For the commands of vehicles that had one in hand before: when that one was done."""
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

    ``waited_ms``: from when a worker was free, ``in_hand_ms`` after its append; ``passed_by``: calls that began in that
    time; ``behind``: commands that waited at its append.
    """

    at_ms: float
    waited_ms: float
    in_hand_ms: float
    passed_by: int
    behind: int


def overtakings(
    appended: Iterable[tuple[Lane, str, int]], calls: Sequence[Call], *, workers: int, sent: int
) -> list[Overtaking]:
    """How each of these commands overtook the ``sent`` ones; what was in hand when it came is not its wait."""
    ordered = sorted(calls, key=lambda call: call.begin_ms)
    began = {command: call for call in calls for command in call.commands}
    begins, started = [call.begin_ms for call in ordered], [0]
    for call in ordered:
        started.append(started[-1] + len(call.commands))
    found = []
    for _, command, at_ms in appended:
        own, place = began[command], bisect_left(begins, at_ms)
        ends = [call.end_ms for call in ordered[max(0, place - 10 * workers) : place] if call.end_ms > at_ms]
        free_ms = min(ends) if len(ends) == workers else float(at_ms)
        passed_by = max(0, bisect_left(begins, own.begin_ms) - bisect_left(begins, free_ms))
        waited_ms = max(0.0, own.begin_ms - free_ms)
        found.append(Overtaking(at_ms, waited_ms, free_ms - at_ms, passed_by, sent - started[place]))
    return found
