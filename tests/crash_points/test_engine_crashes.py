"""The engine killed at every crash point: what it has left, and that recovery makes all of it good."""

import shutil
import time
from collections.abc import Callable
from functools import partial

import pytest
from support.crash_hooks import CrashEvidence
from support.crash_points import Crash, CrashPoint, Part, cases
from support.crash_process import DIES_IN_S
from support.crash_run import CrashRun
from support.crash_witness import table_offset, waiting_vehicles

from master_orchestrator.readers.topics import vehicle_of
from master_orchestrator_schemas.results import RESULTS, Result, SchedulingResult
from master_orchestrator_schemas.vocabulary import AgentType

pytestmark = pytest.mark.kafka

STEP = [Part.AUDIT, Part.CHANGELOG, Part.OUTBOX, Part.COMMIT]
LEVEL = frozenset(
    {CrashPoint.AFTER_RESTORE, CrashPoint.BEFORE_RESEND, CrashPoint.AFTER_RESEND, CrashPoint.AFTER_ASSIGN}
)
"""Where a take-over has caught the tables up."""


@pytest.mark.parametrize("part", STEP, ids=lambda part: part.name.lower())
def test_a_step_that_died_anywhere_is_done_once(run: CrashRun, part: Part) -> None:
    with run.system.echo_agents():
        made_good: Callable[[], None] = run.all_complete
        for case in cases(part):
            evidence = run.crash(case, made_good)
            run.witness.assert_left(case, evidence, run.tables())
            made_good = partial(run.witness.until_made_good, evidence)
        run.start()
        made_good()
        run.assert_all_good()


def test_a_timer_that_died_before_or_after_its_ticks_loses_no_deadline(run: CrashRun) -> None:
    with run.system.echo_agents(_appointments_on_the_second):
        for case in cases(Part.TIMER):
            evidence = run.crash(case, run.all_complete)
            run.witness.look()
            sent, unsent = evidence.ticks[: evidence.sent], evidence.ticks[evidence.sent :]
            assert not case.point.value.after or run.witness.ticks >= set(sent)
            assert waiting_vehicles(run.tables(), evidence.partition) >= {_vehicle(tick) for tick in unsent}
        run.start()
        run.assert_all_good()


def _appointments_on_the_second(agent: AgentType) -> Result:
    """Several vehicles' appointments at one time, so that several ticks are due at once."""
    if agent is not AgentType.SCHEDULING:
        return RESULTS[agent]()
    return SchedulingResult(start_ms=1_000 * (int(time.time()) + 1))


def test_a_take_over_that_died_anywhere_is_begun_again(run: CrashRun) -> None:
    """One after the other, on a lost disk: each take-over begins where the one before it died."""
    with run.system.echo_agents():
        _fill_a_changelog(run)
        unsent = run.crash(Crash(CrashPoint.AFTER_LOCAL_WRITE, None), run.all_complete)
        shutil.rmtree(run.tables())
        for case in cases(Part.TAKE_OVER):
            evidence = run.crash_while_starting(case, _vehicle(unsent.commands[0]))
            _assert_left_by_take_over(run, case, evidence, unsent)
        run.start()
        run.witness.until_made_good(unsent)
        run.assert_all_good()
    repeats = {len(run.witness.commands[command]) for command in unsent.commands}
    assert min(repeats) >= 3  # when all were sent again, by the take-over after that, and by the last


def _vehicle(step_id: str) -> str:
    """The vehicle of a command's or a tick's id."""
    return vehicle_of(step_id.partition("/")[0])


def _fill_a_changelog(run: CrashRun) -> None:
    life = run.start()
    for _ in range(3):
        run.send("fill")
    run.all_complete()
    life.end()


def _assert_left_by_take_over(run: CrashRun, case: Crash, evidence: CrashEvidence, unsent: CrashEvidence) -> None:
    ends = run.witness.changelog_ends()
    tables = {number: table_offset(run.tables(), number) for number in ends}
    if case.point is CrashPoint.AFTER_FENCE:
        assert not run.witness.is_open(*ends)
    if case.point is CrashPoint.IN_RESTORE:
        assert evidence.offset is not None
        assert tables[evidence.partition] <= evidence.offset < ends[evidence.partition] - 1  # not flushed yet
    if case.point in LEVEL:
        assert {number: end - 1 for number, end in ends.items()} == tables
    run.witness.look()
    delivered = [command for command in unsent.commands if command in run.witness.commands]
    if case.point is CrashPoint.AFTER_RESEND:
        assert unsent.commands[: evidence.sent] == delivered
    elif case.point is not CrashPoint.AFTER_ASSIGN:
        assert [] == delivered


def test_a_worker_that_died_in_a_rebalance_comes_back_into_it(run: CrashRun) -> None:
    """Each crash in a rebalance of its own: a further worker joins."""
    with run.system.echo_agents():
        for number, case in enumerate(cases(Part.REBALANCE)):
            life = run.start(run.plan(case, ""))
            run.send("early")
            run.all_complete()  # it owns partitions and works
            run.send("late")
            run.start(worker=f"joining-{number}")
            assert life.died_as_planned(DIES_IN_S), f"{case}: the worker never came there"
            assert str(case) == life.evidence().case
        run.start()
        run.assert_all_good()
