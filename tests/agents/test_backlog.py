"""What may start when, what is a repeat, and what may be committed."""

import threading
import time

from commands import command_for

from master_orchestrator_agents.backlog import OUT_LIMIT, Backlog
from master_orchestrator_agents.custody import Custody
from master_orchestrator_agents.known import KnownCommands
from master_orchestrator_agents.offsets import CommitTracker
from master_orchestrator_agents.queues import QUEUE_LIMIT, SIZE_LIMIT, Entry, LaneQueues
from master_orchestrator_agents.trials import ALONE_SECONDS, CAREFUL_SECONDS, Trials
from master_orchestrator_schemas.messages import Command
from master_orchestrator_schemas.topology import Topology
from master_orchestrator_schemas.vocabulary import AgentType, Lane

TOPICS = {f"agent.diagnosis.{lane}": lane for lane in Lane}


def command(number: int, vehicle_id: str, lane: Lane) -> Command:
    return command_for(AgentType.DIAGNOSIS, f"{vehicle_id}~{number}", priority=lane.priority)


class Desk:
    """A backlog with one partition per lane, fed by hand."""

    def __init__(
        self, topology: Topology, batch_size: int = 1, *, trials: Trials | None = None, metadata: str = ""
    ) -> None:
        """``metadata``: what the last holders of all partitions left."""
        self.now = 0.0
        self.metadata = metadata
        self.backlog = Backlog(
            topology.lanes, TOPICS, lambda: 0, batch_size, trials=trials or Trials(), monotonic=lambda: self.now
        )
        self.offsets = dict.fromkeys(Lane, 0)

    def fetch(self, number: int, vehicle_id: str, lane: Lane = Lane.ROUTINE, *, size: int = 100) -> bool:
        offset = self.offsets[lane]
        self.offsets[lane] += 1
        partition = (f"agent.diagnosis.{lane}", 0)
        if self.backlog.unknown([partition]):
            self.backlog.take_up(partition, offset, self.metadata)
            self.commit()
        tracker = self.backlog.fetched(partition, offset)
        return self.backlog.add(Entry(command(number, vehicle_id, lane), lane, 0, offset, tracker, size))

    def take(self) -> Entry:
        (entry,) = self.backlog.take()
        return entry

    def wait(self) -> list[Entry]:
        """A worker that finds nothing, waits, and later takes into the list."""
        taken: list[Entry] = []
        worker = threading.Thread(target=lambda: taken.extend(self.backlog.take()), daemon=True)
        worker.start()
        while not self.backlog.idle:
            time.sleep(0.001)
        self.worker = worker
        return taken

    def try_one(self) -> None:
        """The waiting worker gets a command on trial, once that is committed."""
        assert self.backlog.choose()
        self.commit()
        self.backlog.try_chosen()
        self.worker.join(timeout=10)

    def commit(self) -> list[str]:
        """Commit all there is to commit; the texts that went along."""
        marks = self.backlog.take_commits()
        self.backlog.committed(marks)
        return [mark.metadata for mark in marks.values()]

    def commits(self) -> dict[Lane, int]:
        return {TOPICS[topic]: mark.offset for (topic, _), mark in self.backlog.take_commits().items()}


def vehicles(entries: list[Entry]) -> list[str]:
    return [entry.command.vehicle_id for entry in entries]


def test_a_vehicles_next_command_waits_for_the_one_in_hand_and_others_pass_by(topology: Topology) -> None:
    desk = Desk(topology)
    for number, vehicle_id in enumerate(["a", "a", "b"]):
        desk.fetch(number, vehicle_id)
    desk.fetch(3, "a", Lane.URGENT)

    first = desk.take()
    second = desk.take()
    assert (first.lane, vehicles([first, second])) == (Lane.URGENT, ["a", "b"])

    desk.backlog.handled([first])
    assert [desk.take().command.command_id for _ in range(1)] == ["a~0/DIAGNOSIS/0/0"]


def test_take_waits_until_a_vehicle_is_free(topology: Topology) -> None:
    desk = Desk(topology)
    desk.fetch(0, "a")
    desk.fetch(1, "a")
    first = desk.take()
    taken: list[Entry] = []
    worker = threading.Thread(target=lambda: taken.extend(desk.backlog.take()))
    worker.start()

    desk.backlog.handled([first])
    worker.join(timeout=10)

    assert [entry.offset for entry in taken] == [1]


def test_closed_it_hands_out_nothing_though_commands_wait(topology: Topology) -> None:
    desk = Desk(topology)
    desk.fetch(0, "a")
    desk.backlog.close()

    assert desk.backlog.take() == []


def test_only_routine_goes_out_in_batches_of_different_vehicles(topology: Topology) -> None:
    desk = Desk(topology, batch_size=3)
    for number, vehicle_id in enumerate(["a", "a", "b", "c", "d"]):
        desk.fetch(number, vehicle_id)
    for vehicle_id in "xy":
        desk.fetch(0, vehicle_id, Lane.URGENT)

    assert [vehicles(desk.backlog.take()) for _ in range(3)] == [["x"], ["a", "b", "c"], ["y"]]


def test_a_repeat_is_dropped_and_its_offset_waits_for_the_first_ones_reply(topology: Topology) -> None:
    desk = Desk(topology)
    assert desk.fetch(0, "a")
    assert not desk.fetch(0, "a")
    entry = desk.take()
    assert desk.commits() == {}

    desk.backlog.finished(entry)
    assert desk.commits() == {Lane.ROUTINE: 2}

    assert not desk.fetch(0, "a")
    assert desk.commits() == {Lane.ROUTINE: 3}


def test_finished_commands_are_remembered_within_bounds() -> None:
    known, tracker = KnownCommands(remembered=2), CommitTracker(Custody())
    for offset, command_id in enumerate("abc"):
        tracker.fetched(offset)
        known.admit(command_id, tracker, offset)
        known.finish(command_id)
    for offset in range(3, 6):
        tracker.fetched(offset)

    assert not known.admit("c", tracker, 3)
    assert not known.admit("b", tracker, 4)
    assert known.admit("a", tracker, 5)


def test_revoked_partitions_are_forgotten_but_what_is_in_hand_is_finished(topology: Topology) -> None:
    desk = Desk(topology)
    partition = ("agent.diagnosis.routine", 0)
    desk.fetch(0, "a")
    desk.fetch(1, "b")
    entry = desk.take()
    desk.backlog.drop_waiting([partition])
    assert desk.backlog.in_hand([partition]) == 1

    desk.backlog.finished(entry)
    assert desk.commits() == {Lane.ROUTINE: 1}
    desk.backlog.forget([partition])
    assert desk.backlog.in_hand() == 0

    desk.offsets[Lane.ROUTINE] = 1  # it comes back: the second one was never started, the first one is known
    assert desk.fetch(1, "b")


def test_a_repeat_from_a_new_assignment_waits_for_the_one_still_in_hand(topology: Topology) -> None:
    desk = Desk(topology)
    partition = ("agent.diagnosis.routine", 0)
    desk.fetch(0, "a")
    entry = desk.take()
    desk.backlog.drop_waiting([partition])
    desk.backlog.forget([partition])
    desk.offsets[Lane.ROUTINE] = 0

    assert not desk.fetch(0, "a")
    assert desk.commits() == {}
    desk.backlog.finished(entry)
    assert desk.commits() == {Lane.ROUTINE: 1}


def test_a_full_lane_holds_its_partitions_until_half_of_it_is_gone(topology: Topology) -> None:
    queues = LaneQueues(topology.lanes, limit=10)
    tracker = CommitTracker(Custody())
    for number in range(10):
        queues.add(Entry(command(number, f"v{number}", Lane.ROUTINE), Lane.ROUTINE, 0, number, tracker, 100))
    assert queues.full == {Lane.ROUTINE}

    for _ in range(4):
        queues.take(0, lambda _: 1)
    assert queues.full == {Lane.ROUTINE}
    queues.take(0, lambda _: 1)
    assert queues.full == frozenset()


def test_large_commands_fill_a_lane_by_their_bytes(topology: Topology) -> None:
    desk = Desk(topology)
    for number in range(4):
        desk.fetch(number, f"v{number}", size=SIZE_LIMIT // 4)
    assert desk.backlog.saturated() == {("agent.diagnosis.routine", 0)}

    desk.take()
    assert desk.backlog.saturated()
    desk.take()
    assert desk.backlog.saturated() == frozenset()


def test_nothing_is_fetched_while_no_broker_takes_replies(topology: Topology) -> None:
    desk = Desk(topology)
    taken = []
    for number in range(OUT_LIMIT):
        desk.fetch(number, f"v{number}")
        taken.append(desk.take())
    assert desk.backlog.saturated() == {("agent.diagnosis.routine", 0)}

    assert desk.backlog.closed() == frozenset(Lane)

    desk.backlog.finished(taken[0])
    assert desk.backlog.saturated() == frozenset()
    assert desk.backlog.closed() == frozenset()


def test_a_lane_of_which_too_much_waits_to_be_taken_in_fetches_no_more(topology: Topology) -> None:
    desk = Desk(topology)
    for lane in Lane:
        desk.fetch(0, "v", lane)

    assert desk.backlog.saturated({Lane.HIGH}) == {("agent.diagnosis.high", 0)}
    assert desk.backlog.closed() == frozenset()


def test_a_saturated_lane_does_not_hold_the_others(topology: Topology) -> None:
    desk = Desk(topology)
    for number in range(1_000):
        desk.fetch(number, f"v{number}")
    desk.fetch(0, "u", Lane.URGENT)

    assert desk.backlog.saturated() == {("agent.diagnosis.routine", 0)}
    assert desk.take().lane is Lane.URGENT


def test_one_slow_handler_holds_back_no_other_vehicle_of_its_partition(topology: Topology) -> None:
    desk = Desk(topology)
    desk.fetch(0, "slow")
    slow = desk.take()
    desk.fetch(1, "slow")
    for number in range(5 * QUEUE_LIMIT):
        desk.fetch(number, f"v{number}")
        entry = desk.take()
        assert entry.command.vehicle_id == f"v{number}"
        desk.backlog.handled([entry])
        desk.backlog.finished(entry)

    assert desk.backlog.saturated() == frozenset()
    assert desk.commits() == {}  # the slow one's offset is the oldest that is open
    desk.backlog.handled([slow])
    assert desk.take().command.command_id == "slow~1/DIAGNOSIS/0/0"


DEADLY = '{"held": true, "deaths": 2}'
"""The text of a holder that was the third in a row to die."""


def test_after_deaths_commands_start_one_at_a_time_each_once_that_is_committed(topology: Topology) -> None:
    desk = Desk(topology, metadata=DEADLY)
    for number in range(3):
        desk.fetch(number, f"v{number}")
    taken = desk.wait()

    assert desk.backlog.choose()
    desk.backlog.try_chosen()
    assert taken == []
    assert ['{"held":true,"deaths":3,"on_trial":0}'] == desk.commit()
    desk.backlog.try_chosen()
    desk.worker.join(timeout=10)
    assert ["v0"] == vehicles(taken)

    second = desk.wait()
    assert not desk.backlog.choose()
    desk.backlog.finished(taken[0])
    desk.try_one()
    assert ["v1"] == vehicles(second)


def test_a_command_that_outlives_its_trial_does_not_hold_up_the_next(topology: Topology) -> None:
    desk = Desk(topology, metadata=DEADLY)
    for number in range(2):
        desk.fetch(number, f"v{number}")
    taken = desk.wait()
    desk.try_one()

    desk.wait()
    desk.now = ALONE_SECONDS - 1
    assert not desk.backlog.choose()
    desk.now = ALONE_SECONDS
    assert desk.backlog.choose()
    assert taken[0].tracker.custody.on_trial == 1  # the same partition's


def test_care_ends_after_a_while_but_not_before_the_blamed_one_is_tried(topology: Topology) -> None:
    desk = Desk(topology, metadata='{"held": true, "deaths": 2, "on_trial": 1}')
    for number in range(3):
        desk.fetch(number, f"v{number}")
    desk.now = CAREFUL_SECONDS
    assert desk.backlog.careful()

    for _ in range(2):
        taken = desk.wait()
        desk.try_one()
        desk.backlog.finished(taken[0])

    assert not desk.backlog.careful()
    assert ["v2"] == vehicles([desk.take()])


def test_what_was_chosen_starts_though_care_ends_before_its_note_is_committed(topology: Topology) -> None:
    trials = Trials()
    desk, other = Desk(topology, trials=trials, metadata=DEADLY), Desk(topology, trials=trials, metadata=DEADLY)
    for number in range(2):
        desk.fetch(number, f"v{number}")
    taken = desk.wait()
    desk.now = CAREFUL_SECONDS - 0.01
    assert desk.backlog.choose()
    assert desk.backlog.take_commits()  # under way

    desk.now = CAREFUL_SECONDS + 0.01
    assert not desk.backlog.careful()
    desk.backlog.let_go()
    desk.worker.join(timeout=10)
    assert ["v0"] == vehicles(taken)
    assert ["v1"] == vehicles([desk.take()])
    assert ['{"held":true,"deaths":3}'] == desk.commit()  # it does not answer for what starts beside it

    other.now = 2 * CAREFUL_SECONDS
    other.fetch(0, "v")
    other.wait()
    assert other.backlog.choose()


def test_the_next_one_starts_when_a_blamed_one_outlives_its_trial_and_care_ends_with_that(topology: Topology) -> None:
    desk = Desk(topology, metadata='{"held": true, "deaths": 2, "on_trial": 0}')
    for number in range(3):
        desk.fetch(number, f"v{number}")
    blamed = desk.wait()
    desk.now = CAREFUL_SECONDS + 10
    desk.try_one()
    assert ["v0"] == vehicles(blamed)

    taken = desk.wait()
    desk.now += ALONE_SECONDS
    assert desk.backlog.choose()
    desk.backlog.try_chosen()
    assert not desk.backlog.careful()
    desk.backlog.let_go()
    desk.worker.join(timeout=10)
    assert ["v1"] == vehicles(taken)
    assert ["v2"] == vehicles([desk.take()])


def test_who_was_held_back_for_another_runners_trial_is_let_go_after_it(topology: Topology) -> None:
    """Care may come and go between two looks of a runner."""
    trials = Trials()
    desk, other = Desk(topology, trials=trials), Desk(topology, trials=trials, metadata='{"held": true, "on_trial": 0}')
    desk.fetch(0, "v0")
    desk.take()
    other.fetch(0, "blamed")
    desk.fetch(1, "v1")
    held_back = desk.wait()
    desk.now = other.now = ALONE_SECONDS
    tried = other.wait()
    other.try_one()
    other.backlog.finished(tried[0])

    desk.backlog.let_go()
    desk.worker.join(timeout=10)
    assert ["v1"] == vehicles(held_back)


def test_all_runners_of_a_process_try_one_command_between_them(topology: Topology) -> None:
    trials = Trials()
    one, other = Desk(topology, trials=trials, metadata=DEADLY), Desk(topology, trials=trials)
    for desk in (one, other):
        desk.fetch(0, "v")
        desk.wait()

    assert one.backlog.choose()
    assert not other.backlog.choose()
    one.backlog.drop_waiting([("agent.diagnosis.routine", 0)])
    assert other.backlog.choose()


def test_what_was_chosen_and_goes_elsewhere_was_not_tried(topology: Topology) -> None:
    desk = Desk(topology, metadata=DEADLY)
    desk.fetch(0, "v")
    taken = desk.wait()
    assert desk.backlog.choose()
    desk.backlog.drop_waiting([("agent.diagnosis.routine", 0)])
    desk.backlog.leave()

    assert ['{"deaths":3}'] == desk.commit()
    desk.backlog.close()
    desk.worker.join(timeout=10)
    assert taken == []
