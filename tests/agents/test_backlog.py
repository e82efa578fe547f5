"""What may start when, what is a repeat, and what may be committed."""

import threading

from support.desk import Desk, command, vehicles

from master_orchestrator_agents.runner.backlog import MAX_HELPING, MAX_IN_FLIGHT, QUICK_S
from master_orchestrator_agents.runner.dedup import Addition, CommandDeduplicator, DeliveredReply
from master_orchestrator_agents.runner.lane_queues import MAX_QUEUED, MAX_QUEUED_BYTES, LaneQueues, QueuedCommand
from master_orchestrator_agents.runner.offsets import OffsetTracker
from master_orchestrator_agents.runner.quarantine.commit_metadata import CommitMetadata
from master_orchestrator_schemas.places import Partition
from master_orchestrator_schemas.topology import Topology
from master_orchestrator_schemas.vocabulary import Lane


def test_a_vehicles_next_command_waits_for_the_one_in_hand_and_others_pass_by(topology: Topology) -> None:
    desk = Desk(topology)
    for number, vehicle_id in enumerate(["a", "a", "b"]):
        desk.fetch(number, vehicle_id)
    desk.fetch(3, "a", Lane.URGENT)

    first = desk.take()
    second = desk.take()
    assert (first.lane, vehicles([first, second])) == (Lane.URGENT, ["a", "b"])

    desk.backlog.handled([first])
    assert ["a~0/DIAGNOSIS/0/0"] == [desk.take().command.command_id for _ in range(1)]


def test_take_waits_until_a_vehicle_is_free(topology: Topology) -> None:
    desk = Desk(topology)
    desk.fetch(0, "a")
    desk.fetch(1, "a")
    first = desk.take()
    taken: list[QueuedCommand] = []
    worker = threading.Thread(target=lambda: taken.extend(desk.backlog.take()))
    worker.start()

    desk.backlog.handled([first])
    worker.join(timeout=10)

    assert [1] == [entry.offset for entry in taken]


def test_closed_it_hands_out_nothing_though_commands_wait(topology: Topology) -> None:
    desk = Desk(topology)
    desk.fetch(0, "a")
    desk.backlog.close()

    assert [] == desk.backlog.take()


def test_only_routine_goes_out_in_batches_of_different_vehicles(topology: Topology) -> None:
    desk = Desk(topology, batch_size=3)
    for number, vehicle_id in enumerate(["a", "a", "b", "c", "d"]):
        desk.fetch(number, vehicle_id)
    for vehicle_id in "xy":
        desk.fetch(0, vehicle_id, Lane.URGENT)

    assert [["x"], ["a", "b", "c"], ["y"]] == [vehicles(desk.backlog.take()) for _ in range(3)]


def test_a_repeat_is_dropped_and_its_offset_waits_for_the_first_ones_reply(topology: Topology) -> None:
    desk = Desk(topology)
    assert desk.fetch(0, "a")
    assert not desk.fetch(0, "a")
    entry = desk.take()
    assert {} == desk.commits()

    desk.backlog.completed(entry)
    assert desk.commits() == {Lane.ROUTINE: 2}

    assert not desk.fetch(0, "a")
    assert desk.commits() == {Lane.ROUTINE: 3}


def test_finished_commands_are_remembered_within_bounds() -> None:
    known, tracker = CommandDeduplicator(max_completed=2), OffsetTracker(CommitMetadata())
    for offset, command_id in enumerate("abc"):
        tracker.fetched(offset)
        known.add(command_id, tracker, offset)
        known.complete(command_id)
    for offset in range(3, 6):
        tracker.fetched(offset)

    assert not known.add("c", tracker, 3).is_new
    assert not known.add("b", tracker, 4).is_new
    assert known.add("a", tracker, 5).is_new


def test_replies_are_kept_within_bounds_and_a_duplicate_is_complete_after_its_reply() -> None:
    known, tracker = CommandDeduplicator(max_reply_bytes=10), OffsetTracker(CommitMetadata())
    replies = {name: DeliveredReply(name.encode(), bytes(6), []) for name in "ab"}
    for offset, command_id in enumerate("ab"):
        tracker.fetched(offset)
        known.add(command_id, tracker, offset)
        known.complete(command_id, replies[command_id])
    for offset in (2, 3):
        tracker.fetched(offset)

    assert Addition(is_new=False) == known.add("a", tracker, 2)
    assert Addition(is_new=False, resend=replies["b"]) == known.add("b", tracker, 3)
    mark = tracker.take_commit()
    assert mark is not None
    assert 3 == mark.offset, "the duplicate that is answered is complete when that is delivered"


def test_revoked_partitions_are_forgotten_but_what_is_in_hand_is_finished(topology: Topology) -> None:
    desk = Desk(topology)
    partition = Partition("agent.diagnosis.routine", 0)
    desk.fetch(0, "a")
    desk.fetch(1, "b")
    entry = desk.take()
    desk.backlog.drop_queued([partition])
    assert 1 == desk.backlog.in_flight([partition])

    desk.backlog.completed(entry)
    assert desk.commits() == {Lane.ROUTINE: 1}
    desk.backlog.forget([partition])
    assert 0 == desk.backlog.in_flight()

    desk.offsets[Lane.ROUTINE] = 1  # it comes back: the second one was never started, the first one is known
    assert desk.fetch(1, "b")


def test_a_repeat_from_a_new_assignment_waits_for_the_one_still_in_hand(topology: Topology) -> None:
    desk = Desk(topology)
    partition = Partition("agent.diagnosis.routine", 0)
    desk.fetch(0, "a")
    entry = desk.take()
    desk.backlog.drop_queued([partition])
    desk.backlog.forget([partition])
    desk.offsets[Lane.ROUTINE] = 0

    assert not desk.fetch(0, "a")
    assert {} == desk.commits()
    desk.backlog.completed(entry)
    assert desk.commits() == {Lane.ROUTINE: 1}


def test_a_full_lane_holds_its_partitions_until_half_of_it_is_gone(topology: Topology) -> None:
    queues = LaneQueues(topology.lanes, limit=10)
    tracker = OffsetTracker(CommitMetadata())
    for number in range(10):
        queues.add(QueuedCommand(command(number, f"v{number}", Lane.ROUTINE), Lane.ROUTINE, 0, number, tracker, 100))
    assert queues.full == {Lane.ROUTINE}

    for _ in range(4):
        queues.take(0, lambda _: 1)
    assert queues.full == {Lane.ROUTINE}
    queues.take(0, lambda _: 1)
    assert queues.full == frozenset()


def test_large_commands_fill_a_lane_by_their_bytes(topology: Topology) -> None:
    desk = Desk(topology)
    for number in range(4):
        desk.fetch(number, f"v{number}", size=MAX_QUEUED_BYTES // 4)
    assert desk.backlog.partitions_to_pause() == {Partition("agent.diagnosis.routine", 0)}

    desk.take()
    assert desk.backlog.partitions_to_pause()
    desk.take()
    assert desk.backlog.partitions_to_pause() == frozenset()


def test_nothing_is_fetched_while_no_broker_takes_replies(topology: Topology) -> None:
    desk = Desk(topology)
    taken = []
    for number in range(MAX_IN_FLIGHT):
        desk.fetch(number, f"v{number}")
        taken.append(desk.take())
    assert desk.backlog.partitions_to_pause() == {Partition("agent.diagnosis.routine", 0)}

    assert desk.backlog.full_lanes() == frozenset(Lane)

    desk.backlog.completed(taken[0])
    assert desk.backlog.partitions_to_pause() == frozenset()
    assert desk.backlog.full_lanes() == frozenset()


def test_a_lane_of_which_too_much_waits_to_be_taken_in_fetches_no_more(topology: Topology) -> None:
    desk = Desk(topology)
    for lane in Lane:
        desk.fetch(0, "v", lane)

    assert desk.backlog.partitions_to_pause({Lane.HIGH}) == {Partition("agent.diagnosis.high", 0)}
    assert desk.backlog.full_lanes() == frozenset()


def test_a_saturated_lane_does_not_hold_the_others(topology: Topology) -> None:
    desk = Desk(topology)
    for number in range(1_000):
        desk.fetch(number, f"v{number}")
    desk.fetch(0, "u", Lane.URGENT)

    assert desk.backlog.partitions_to_pause() == {Partition("agent.diagnosis.routine", 0)}
    assert desk.take().lane is Lane.URGENT


def test_one_slow_handler_holds_back_no_other_vehicle_of_its_partition(topology: Topology) -> None:
    desk = Desk(topology)
    desk.fetch(0, "slow")
    slow = desk.take()
    desk.fetch(1, "slow")
    for number in range(5 * MAX_QUEUED):
        desk.fetch(number, f"v{number}")
        entry = desk.take()
        assert entry.command.vehicle_id == f"v{number}"
        desk.backlog.handled([entry])
        desk.backlog.completed(entry)

    assert desk.backlog.partitions_to_pause() == frozenset()
    assert {} == desk.commits()  # the slow one's offset is the oldest that is open
    desk.backlog.handled([slow])
    assert "slow~1/DIAGNOSIS/0/0" == desk.take().command.command_id


def quick_desk(topology: Topology, commands: int) -> Desk:
    """A desk whose handler has just been quick, with commands of different vehicles."""
    desk = Desk(topology)
    desk.fetch(0, "first")
    desk.backlog.handled([desk.take()], took_s=0.001)
    for number in range(commands):
        desk.fetch(number, f"v{number}")
    return desk


def test_a_quick_handler_gets_several_commands_of_one_lane(topology: Topology) -> None:
    desk = quick_desk(topology, MAX_HELPING + 2)
    desk.fetch(0, "urgent", Lane.URGENT)

    assert ["urgent"] == vehicles(desk.backlog.take())
    assert [f"v{number}" for number in range(MAX_HELPING)] == vehicles(desk.backlog.take())
    assert ["v16", "v17"] == vehicles(desk.backlog.take())


def test_a_handler_that_is_quick_no_more_gets_one_command_at_a_time(topology: Topology) -> None:
    desk = quick_desk(topology, 4)
    taken = desk.backlog.take()
    for number in range(4, 6):
        desk.fetch(number, f"v{number}")

    desk.backlog.handled(taken, took_s=4 * QUICK_S)

    assert [["v4"], ["v5"]] == [vehicles(desk.backlog.take()) for _ in range(2)]


def test_commands_behind_a_slow_one_go_back_to_the_head_of_their_lane(topology: Topology) -> None:
    desk = quick_desk(topology, 3)
    slow, *waiting = desk.backlog.take()
    desk.fetch(9, "v9")
    desk.fetch(5, "v1")

    desk.backlog.put_back(waiting)

    assert [["v1"], ["v2"], ["v9"]] == [vehicles(desk.backlog.take()) for _ in range(3)]
    assert 5 == desk.backlog.in_flight()  # with the very first, whose reply is not delivered, and the slow one
    desk.backlog.completed(slow)
    assert 4 == desk.backlog.in_flight()


def test_a_drain_handles_what_was_put_back_and_nothing_else(topology: Topology) -> None:
    desk = quick_desk(topology, 3)
    _, *waiting = desk.backlog.take()
    desk.fetch(9, "v9")
    desk.backlog.put_back(waiting)

    desk.backlog.close()

    assert [["v1"], ["v2"], []] == [vehicles(desk.backlog.take()) for _ in range(3)]


def test_put_back_commands_of_a_revoked_partition_are_dropped(topology: Topology) -> None:
    desk = quick_desk(topology, 3)
    waiting = desk.backlog.take()
    desk.backlog.forget([Partition("agent.diagnosis.routine", 0)])

    desk.backlog.put_back(waiting)

    assert ({}, 1) == (
        {lane: count for lane, count in desk.backlog.counts()[0].items() if count},
        desk.backlog.in_flight(),
    )
