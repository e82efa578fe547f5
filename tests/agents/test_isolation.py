"""A backlog after deaths: one command at a time, until the one that kills is found."""

from support.desk import Desk, vehicles

from master_orchestrator_agents.runner.quarantine.isolation import ISOLATION_S, MAX_ALONE_S, Isolation
from master_orchestrator_schemas.places import Partition
from master_orchestrator_schemas.topology import Topology

DEADLY = '{"held": true, "deaths": 2}'
"""The text of a holder that was the third in a row to die."""


def test_after_deaths_commands_start_one_at_a_time_each_once_that_is_committed(topology: Topology) -> None:
    desk = Desk(topology, metadata=DEADLY)
    for number in range(3):
        desk.fetch(number, f"v{number}")
    taken = desk.wait()

    assert desk.backlog.select_isolated()
    desk.backlog.start_isolated()
    assert [] == taken
    assert ['{"held":true,"deaths":3,"on_trial":0}'] == desk.commit()
    desk.backlog.start_isolated()
    desk.worker.join(timeout=10)
    assert ["v0"] == vehicles(taken)

    second = desk.wait()
    assert not desk.backlog.select_isolated()
    desk.backlog.completed(taken[0])
    desk.try_one()
    assert ["v1"] == vehicles(second)


def test_a_command_that_outlives_its_trial_does_not_hold_up_the_next(topology: Topology) -> None:
    desk = Desk(topology, metadata=DEADLY)
    for number in range(2):
        desk.fetch(number, f"v{number}")
    taken = desk.wait()
    desk.try_one()

    desk.wait()
    desk.now = MAX_ALONE_S - 1
    assert not desk.backlog.select_isolated()
    desk.now = MAX_ALONE_S
    assert desk.backlog.select_isolated()
    assert 1 == taken[0].tracker.metadata.isolated  # the same partition's


def test_care_ends_after_a_while_but_not_before_the_blamed_one_is_tried(topology: Topology) -> None:
    desk = Desk(topology, metadata='{"held": true, "deaths": 2, "on_trial": 1}')
    for number in range(3):
        desk.fetch(number, f"v{number}")
    desk.now = ISOLATION_S
    assert desk.backlog.isolating()

    for _ in range(2):
        taken = desk.wait()
        desk.try_one()
        desk.backlog.completed(taken[0])

    assert not desk.backlog.isolating()
    assert ["v2"] == vehicles([desk.take()])


def test_what_was_chosen_starts_though_care_ends_before_its_note_is_committed(topology: Topology) -> None:
    isolation = Isolation()
    desk, other = (
        Desk(topology, isolation=isolation, metadata=DEADLY),
        Desk(topology, isolation=isolation, metadata=DEADLY),
    )
    for number in range(2):
        desk.fetch(number, f"v{number}")
    taken = desk.wait()
    desk.now = ISOLATION_S - 0.01
    assert desk.backlog.select_isolated()
    assert desk.backlog.take_commits()  # under way

    desk.now = ISOLATION_S + 0.01
    assert not desk.backlog.isolating()
    desk.backlog.end_isolation()
    desk.worker.join(timeout=10)
    assert ["v0"] == vehicles(taken)
    assert ["v1"] == vehicles([desk.take()])
    assert ['{"held":true,"deaths":3}'] == desk.commit()  # commands started at the same time do not count

    other.now = 2 * ISOLATION_S
    other.fetch(0, "v")
    other.wait()
    assert other.backlog.select_isolated()


def test_the_next_one_starts_when_a_blamed_one_outlives_its_trial_and_care_ends_with_that(topology: Topology) -> None:
    desk = Desk(topology, metadata='{"held": true, "deaths": 2, "on_trial": 0}')
    for number in range(3):
        desk.fetch(number, f"v{number}")
    suspect = desk.wait()
    desk.now = ISOLATION_S + 10
    desk.try_one()
    assert ["v0"] == vehicles(suspect)

    taken = desk.wait()
    desk.now += MAX_ALONE_S
    assert desk.backlog.select_isolated()
    desk.backlog.start_isolated()
    assert not desk.backlog.isolating()
    desk.backlog.end_isolation()
    desk.worker.join(timeout=10)
    assert ["v1"] == vehicles(taken)
    assert ["v2"] == vehicles([desk.take()])


def test_who_was_held_back_for_another_runners_trial_is_let_go_after_it(topology: Topology) -> None:
    """Care may come and go between two looks of a runner."""
    isolation = Isolation()
    desk, other = (
        Desk(topology, isolation=isolation),
        Desk(topology, isolation=isolation, metadata='{"held": true, "on_trial": 0}'),
    )
    desk.fetch(0, "v0")
    desk.take()
    other.fetch(0, "suspect")
    desk.fetch(1, "v1")
    held_back = desk.wait()
    desk.now = other.now = MAX_ALONE_S
    tried = other.wait()
    other.try_one()
    other.backlog.completed(tried[0])
    assert 0 == other.backlog.in_flight()

    desk.backlog.end_isolation()
    desk.worker.join(timeout=10)
    assert ["v1"] == vehicles(held_back)


def test_all_runners_of_a_process_try_one_command_between_them(topology: Topology) -> None:
    isolation = Isolation()
    one, other = Desk(topology, isolation=isolation, metadata=DEADLY), Desk(topology, isolation=isolation)
    for desk in (one, other):
        desk.fetch(0, "v")
        desk.wait()

    assert one.backlog.select_isolated()
    assert not other.backlog.select_isolated()
    one.backlog.drop_queued([Partition("agent.diagnosis.routine", 0)])
    assert other.backlog.select_isolated()


def test_what_was_chosen_and_goes_elsewhere_was_not_tried(topology: Topology) -> None:
    desk = Desk(topology, metadata=DEADLY)
    desk.fetch(0, "v")
    taken = desk.wait()
    assert desk.backlog.select_isolated()
    desk.backlog.drop_queued([Partition("agent.diagnosis.routine", 0)])
    desk.backlog.release()

    assert ['{"deaths":3}'] == desk.commit()
    desk.backlog.close()
    desk.worker.join(timeout=10)
    assert [] == taken
