"""A backlog after deaths: one command at a time, until the one that kills is found."""

from support.desk import Desk, vehicles

from master_orchestrator_agents.runner.quarantine.isolation import ALONE_SECONDS, CAREFUL_SECONDS, Trials
from master_orchestrator_schemas.topology import Topology

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
