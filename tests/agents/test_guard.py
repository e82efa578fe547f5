"""What a handler says it does is checked before it is done, and on record; nothing outside its charter is done."""

import asyncio
import copy
import pickle
import random
import threading
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

import pytest
from structlog.testing import capture_logs

from master_orchestrator_agents import (
    AgentHarness,
    Charter,
    CharterError,
    ControlledError,
    RetryableError,
    Task,
    batch_handler,
    guarded,
)
from master_orchestrator_agents.guard import Guard, Session, error_class
from master_orchestrator_agents.handler import execute_batch
from master_orchestrator_agents.recording import MAX_DISTINCT, ActKind, ActLog, Occasion
from master_orchestrator_schemas.messages import Activity, Command, SessionAct
from master_orchestrator_schemas.messages.activity import MAX_ACTS, MAX_COUNT
from master_orchestrator_schemas.topology import CharterLine, ResourceTerms
from master_orchestrator_schemas.vocabulary import (
    ActError,
    Action,
    ActOutcome,
    AgentType,
    DeniedBy,
    FailureKind,
    Phase,
    Priority,
)

RESOURCES = {
    "customer_profile": ResourceTerms(criticality=4),
    "center_capacity": ResourceTerms(criticality=1),
    "appointment": ResourceTerms(criticality=3),
    "sms": ResourceTerms(criticality=3, leaves=True),
    "audit_log": ResourceTerms(criticality=10),
}
LINES = tuple(
    CharterLine.model_validate(line)
    for line in (
        {"may": "read", "of": "center_capacity", "rows": 500},
        {"may": ["write", "delete"], "of": "appointment", "scope": "own_vehicle", "per_command": 2},
        {"may": "send", "of": "sms", "scope": "own_vehicle", "safety": True},
    )
)
OF_ITS_VEHICLE = {(Action.WRITE, "appointment"), (Action.DELETE, "appointment"), (Action.SEND, "sms")}


def charter(*, enforced: bool = True) -> Charter:
    return Charter("agent:SCHEDULING", LINES, RESOURCES, enforced)


def harness(handler: Any, *, enforced: bool = True, limits: Charter | None = None) -> AgentHarness[Any]:
    return AgentHarness(handler, AgentType.SCHEDULING, charter=limits or charter(enforced=enforced))


PAYLOAD = {"due_by_ms": 5, "priority": 3}


def acts_of(handler: Any, *, enforced: bool = True) -> tuple[SessionAct, ...]:
    """The acts on record after one run."""
    run = harness(handler, enforced=enforced)
    run.run_raw(**PAYLOAD)
    return run.activity[-1].acts


# --- what is on record ---


class Odd:
    """An integer of somebody else's, as numpy's are."""

    def __index__(self) -> int:
        return 7


@pytest.mark.parametrize(
    ("rows", "recorded", "failure"),
    [
        (Odd(), 7, None),
        (1.5, 0, "rows is 1.5, not a whole number"),
        (float("nan"), 0, "rows is nan, not a whole number"),
        ("7", 0, "rows is '7', not a whole number"),
    ],
)
@pytest.mark.parametrize("fails", [False, True])
@pytest.mark.parametrize("enforced", [False, True])
def test_an_act_is_on_record_whatever_is_said_of_its_rows(
    rows: Any, recorded: int, failure: str | None, fails: bool, enforced: bool
) -> None:
    def handler(task: Task) -> None:
        with task.access("read", "center_capacity") as access:
            access.rows = rows
            if fails:
                raise LookupError("nothing there")

    run = harness(handler, enforced=enforced)
    with capture_logs():
        reply = run.run_raw(**PAYLOAD)
    (act,) = run.activity[-1].acts
    assert (ActOutcome.FAILURE if fails else ActOutcome.SUCCESS, recorded) == (act.outcome, act.rows)
    if failure is not None and not fails:
        assert failure in str(reply)


@pytest.mark.parametrize(
    ("named", "told"),
    [
        ({"resource": None}, "the resource is None: write its name"),
        (
            {"resource": "center_capacity", "entity": 5},
            "of center_capacity is 5: write its name as text",
        ),
        ({"resource": "center_capacity", "rows": "7"}, "rows is '7', not a whole number"),
    ],
)
def test_what_no_record_can_hold_is_refused_before_the_act(named: dict[str, Any], told: str) -> None:
    def handler(task: Task) -> None:
        with task.access("read", **named):
            pytest.fail("it was done")

    run = harness(handler)
    with capture_logs():
        reply = run.run_raw(**PAYLOAD)
    assert told in str(reply)
    assert () == run.activity[-1].acts


def test_equal_acts_are_merged_with_their_rows() -> None:
    def handler(task: Task) -> None:
        for rows in (3, 20):
            with task.access("read", "center_capacity") as access:
                access.rows = rows

    (act,) = acts_of(handler)
    assert (Action.READ, "center_capacity", ActOutcome.SUCCESS, None, 2, 23, 20) == (
        act.action,
        act.resource,
        act.outcome,
        act.entity,
        act.count,
        act.rows,
        act.max_rows,
    )


def test_a_handler_that_declares_nothing_has_a_session_without_acts() -> None:
    run = harness(lambda _: None)
    run.run(**PAYLOAD)
    (session,) = run.activity
    assert ("agent:SCHEDULING", "vehicle-1~1/SCHEDULING/0/0", "vehicle-1~1", "vehicle-1", ()) == (
        session.actor,
        session.session,
        session.workflow_id,
        session.entity,
        session.acts,
    )
    assert (0, Phase.DONE, ActOutcome.SUCCESS, charter().digest) == (
        session.seq,
        session.phase,
        session.outcome,
        session.charter,
    )


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (TimeoutError(), ActError.TIMEOUT),
        (ConnectionResetError(), ActError.UNAVAILABLE),
        (KeyError("x"), ActError.NOT_FOUND),
        (PermissionError(), ActError.DENIED),
        (RetryableError("later"), ActError.UNAVAILABLE),
        (ZeroDivisionError(), ActError.OTHER),
    ],
)
def test_an_exception_is_the_act_s_failure_by_its_class_and_goes_on(error: Exception, kind: ActError) -> None:
    def handler(task: Task) -> None:
        with task.access("read", "center_capacity"):
            raise error

    (act,) = acts_of(handler)
    assert (ActOutcome.FAILURE, kind, kind) == (act.outcome, act.error, error_class(error))


def test_acts_that_cannot_be_taken_back_are_on_record_before_they_begin() -> None:
    seen: list[Activity] = []

    def handler(task: Task) -> None:
        with task.access("send", "sms"):
            seen.extend(run.activity)

    run = harness(handler)
    run.run(**PAYLOAD)
    assert [(Phase.BEFORE, "sms")] == [(record.phase, record.acts[0].resource) for record in seen]
    assert [0, 1] == [record.seq for record in run.activity]
    assert 2 == len({record.activity_id for record in run.activity})


def test_an_act_whose_record_cannot_be_written_ahead_is_not_done() -> None:
    def ahead(_occasion: Occasion, _act: SessionAct) -> None:
        raise RetryableError("no broker")

    session = Session.of(Guard(charter(), ahead=ahead), command())
    with pytest.raises(RetryableError, match="no broker"), session.access("send", "sms"):
        pytest.fail("the act was done")
    assert (ActOutcome.FAILURE, ActError.UNAVAILABLE) == (
        session.acts.merged()[0].outcome,
        session.acts.merged()[0].error,
    )


def test_a_session_with_many_acts_has_further_records_and_is_bounded() -> None:
    def handler(task: Task) -> None:
        for number in range(2 * MAX_DISTINCT):
            with task.access("read", "center_capacity", entity=f"workshop-{number}"):
                pass

    run = harness(handler)
    run.run(**PAYLOAD)
    assert MAX_DISTINCT // MAX_ACTS + 1 == len(run.activity)
    assert all(len(record.acts) <= MAX_ACTS for record in run.activity)
    assert 2 * MAX_DISTINCT == sum(act.count for record in run.activity for act in record.acts)
    assert list(range(len(run.activity))) == [record.seq for record in run.activity]


def test_rows_beyond_any_integer_of_json_are_held_to_it() -> None:
    log = ActLog()
    for _ in range(2):
        log.add(ActKind(Action.READ, "x"), 2**63)
    (act,) = log.merged()
    assert (2, MAX_COUNT, MAX_COUNT) == (act.count, act.rows, act.max_rows)


# --- what is refused ---


@pytest.mark.parametrize(
    ("attempt", "by", "text"),
    [
        (
            ("read", "center_capacities"),
            DeniedBy.RESOURCE,
            "not in resources .*; the nearest are center_capacity",
        ),
        (
            ("read", "customer_profile"),
            DeniedBy.LINE,
            r"add - \{may: read, of: customer_profile\} under charters",
        ),
        (("write", "appointment", "vehicle-2"), DeniedBy.SCOPE, "is about vehicle-2, the command about vehicle-1"),
        (("read", "center_capacity", None, 501), DeniedBy.ROWS, "501 rows, 500 are allowed; raise rows"),
    ],
)
def test_a_denied_act_names_actor_act_resource_and_what_would_allow_it(
    attempt: Sequence[Any], by: DeniedBy, text: str
) -> None:
    done: list[str] = []

    def handler(task: Task) -> None:
        action, resource, entity, rows = (*attempt, None, None)[:4]
        with task.access(action, resource, entity=entity, rows=rows):
            done.append(resource)

    run = harness(handler)
    with capture_logs() as logs:
        reply = run.run_raw(**PAYLOAD)
    assert reply.failure is not None
    assert (FailureKind.PERMANENT, "CharterError", []) == (reply.failure.kind, reply.failure.error, done)
    with pytest.raises(CharterError, match=f"SCHEDULING may not: {attempt[0]} of {attempt[1]}.*{text}"):
        raise CharterError(reply.failure.message)
    (act,) = run.activity[0].acts
    assert (ActOutcome.DENIED, ActError.DENIED, by) == (act.outcome, act.error, act.denied_by)
    assert ActOutcome.DENIED == run.activity[0].outcome
    assert not any(entry.get("exc_info") for entry in logs), "a denied act has no traceback"


def test_an_action_in_one_command_is_done_as_often_as_its_line_says() -> None:
    done: list[int] = []

    def handler(task: Task) -> None:
        for number in range(3):
            with task.access("write", "appointment"):
                done.append(number)

    assert [(2, None), (1, DeniedBy.PER_COMMAND)] == [(act.count, act.denied_by) for act in acts_of(handler)]
    assert [0, 1] == done


def test_rows_that_are_known_only_afterwards_are_a_breach_and_the_handler_does_not_go_on() -> None:
    used: list[int] = []

    def handler(task: Task) -> None:
        with task.access("read", "center_capacity") as access:
            access.rows = 501
        used.append(501)

    (act,) = acts_of(handler)
    assert (ActOutcome.SUCCESS, DeniedBy.ROWS, []) == (act.outcome, act.denied_by, used)


def test_with_observe_breaches_are_on_record_and_let_through() -> None:
    done: list[str] = []

    def handler(task: Task) -> None:
        with task.access("read", "customer_profile", entity="vehicle-2"):
            done.append("read")

    (act,) = acts_of(handler, enforced=False)
    assert (ActOutcome.SUCCESS, DeniedBy.LINE, "vehicle-2") == (act.outcome, act.denied_by, act.entity)
    assert ["read"] == done


# --- controls, and safety ---


class Blocked:
    def refused_for_s(self, *_: object) -> float | None:
        return 60.0


def command(priority: Priority = Priority.SCHEDULED, **payload: Any) -> Command:
    return Command(
        command_id="v-1~0/S/0/0", workflow_id="v-1~0", vehicle_id="v-1", agent=AgentType.SCHEDULING, priority=priority,
        step="SCHEDULING", attempt=0, revision=0, issued_at_ms=0, deadline_ms=1, payload=payload,
    )  # fmt: skip


def test_a_blocked_agent_s_act_is_not_done_and_may_be_tried_later() -> None:
    session = Session.of(Guard(charter(), controls=Blocked()), command())
    with pytest.raises(ControlledError) as error, session.access("read", "center_capacity"):
        pytest.fail("the act was done")
    assert 60.0 == error.value.retry_after
    assert DeniedBy.CONTROL == session.acts.merged()[0].denied_by


@pytest.mark.parametrize(
    ("priority", "payload"),
    [(Priority.URGENT, {}), (Priority.ROUTINE, {"safe_to_drive": False})],
)
def test_a_safety_notice_passes_any_control_and_says_so(priority: Priority, payload: dict[str, Any]) -> None:
    session = Session.of(Guard(charter(), controls=Blocked()), command(priority, **payload))
    with session.access("send", "sms"):
        pass
    assert (ActOutcome.SUCCESS, "safety") == (session.acts.merged()[0].outcome, session.acts.merged()[0].override)
    with pytest.raises(ControlledError), session.access("read", "center_capacity"):
        pytest.fail("only acts whose line says safety pass")


def test_what_the_charter_does_not_allow_is_denied_for_safety_too() -> None:
    session = Session.of(Guard(charter(), controls=Blocked()), command(Priority.URGENT))
    with pytest.raises(CharterError), session.access("send", "email"):
        pytest.fail("the act was done")


# --- guarded functions, threads, batches, other processes ---


class Store:
    def __init__(self) -> None:
        self.calls = 0

    @guarded("read", "center_capacity", rows=len)
    def openings(self, limit: int) -> list[int]:
        self.calls += 1
        return list(range(limit))

    @guarded("write", "appointment", entity="vehicle_id")
    async def book(self, vehicle_id: str) -> str:
        self.calls += 1
        return vehicle_id


def test_a_guarded_method_is_an_act_of_the_task_in_hand() -> None:
    store = Store()
    (act,) = acts_of(lambda _: store.openings(7) and None)
    assert (7, 1) == (act.rows, store.calls)


def test_a_guarded_coroutine_checks_whom_it_concerns() -> None:
    store = Store()

    async def handler(task: Task) -> None:
        assert await store.book(task.vehicle_id) == task.vehicle_id
        await store.book(vehicle_id="vehicle-2")

    own, other = acts_of(handler)
    assert (None, ActOutcome.SUCCESS) == (own.entity, own.outcome)
    assert ("vehicle-2", DeniedBy.SCOPE, 1) == (other.entity, other.denied_by, store.calls)


def test_a_guarded_method_without_a_task_in_hand_is_not_called() -> None:
    store = Store()
    with pytest.raises(CharterError, match=r"Store.openings: read of center_capacity without a task in hand"):
        store.openings(1)
    assert 0 == store.calls


def test_a_thread_of_the_handler_s_own_takes_the_task_in_hand() -> None:
    store = Store()

    def handler(task: Task) -> None:
        def work(*, in_hand: bool) -> None:
            try:
                if in_hand:
                    with task.in_hand():
                        store.openings(2)
                else:
                    store.openings(2)
            except CharterError as error:
                errors.append(error)

        for in_hand in (True, False):
            thread = threading.Thread(target=work, kwargs={"in_hand": in_hand})
            thread.start()
            thread.join()

    errors: list[CharterError] = []
    (act,) = acts_of(handler)
    assert (1, 1, 1) == (act.count, store.calls, len(errors))


def test_each_task_of_a_batch_has_its_own_session() -> None:
    store = Store()

    @batch_handler(max_size=10)
    def handler(tasks: Sequence[Task]) -> list[None]:
        for task in tasks:
            with task.in_hand():
                store.openings(len(task.vehicle_id))
        return [None] * len(tasks)

    run = harness(handler)
    run.run_batch([PAYLOAD, PAYLOAD])
    assert [("vehicle-1", 9), ("vehicle-1-1", 11)] == [(each.entity, each.acts[0].rows) for each in run.activity]


def test_a_task_in_another_process_does_no_guarded_act() -> None:
    task = Task[Any](command(), Session.of(Guard(charter()), command()))
    with pytest.raises(CharterError, match="in the runner's own process"):
        pickle.loads(pickle.dumps(task)).access("read", "center_capacity")  # noqa: S301  our own bytes
    with copy.copy(task).access("read", "center_capacity"), copy.deepcopy(task).access("read", "center_capacity"):
        pass


# --- 10,000 tries ---


def tried(rng: random.Random) -> tuple[str, str, str | None, int | None]:
    """An act that the charter does not allow."""
    while True:
        action = rng.choice(list(Action))
        resource = rng.choice([*RESOURCES, "sms ", "SMS", "", "appointment\n", "audit_lo", "x" * 300])
        entity = rng.choice([None, "v-1", "v-2", "", "V-1", "v-1 "])
        rows = rng.choice([None, 0, 500, 501, 2**63])
        own = entity in (None, "v-1")
        too_many = rows is not None and rows > 500
        fits = (action, resource) == (Action.READ, "center_capacity") and not too_many
        fits = fits or (own and (action, resource) in OF_ITS_VEHICLE)
        if not fits:
            return action.lower(), resource, entity, rows


TRIES = 2_500


def attempts(task: Task, attempt: Sequence[Any], done: list[Any]) -> None:
    """Try an act, and what may be tried to get around a refusal."""
    action, resource, entity, rows = attempt
    for _ in range(2):
        try:
            with task.access(action, resource, entity=entity, rows=rows) as access:
                access.rows = 1
                done.append(attempt)
        except CharterError:
            continue
    if not only_rows(attempt):
        with task.in_hand(), pytest.raises(CharterError):
            guarded(action, resource, entity="whom")(reach(done))(entity)


def only_rows(attempt: Sequence[Any]) -> bool:
    """Whether its rows alone are wrong: those of a guarded function are known only when it has returned."""
    return tuple(attempt[:2]) == ("read", "center_capacity")


def reach(done: list[Any]) -> Callable[[Any], None]:
    """A store's function, which must not be called."""

    def reached(whom: Any) -> None:
        done.append(whom)

    return reached


def sync_way(cases: Sequence[Any], done: list[Any]) -> Any:
    def handler(task: Task) -> None:
        for case in cases:
            attempts(task, case, done)

    return handler


def reach_later(done: list[Any]) -> Callable[[Any], Awaitable[None]]:
    """A coroutine of a store, which must not be called."""

    async def reached(whom: Any) -> None:
        done.append(whom)

    return reached


def async_way(cases: Sequence[Any], done: list[Any]) -> Any:
    async def one(task: Task, attempt: Any) -> None:
        action, resource, entity, rows = attempt
        try:
            async with task.access(action, resource, entity=entity, rows=rows):
                done.append(attempt)
        except CharterError:
            pass
        if not only_rows(attempt):
            with task.in_hand(), pytest.raises(CharterError):
                await guarded(action, resource, entity="whom")(reach_later(done))(entity)

    async def handler(task: Task) -> None:
        await asyncio.gather(*(one(task, case) for case in cases))

    return handler


def batch_way(cases: Sequence[Any], done: list[Any]) -> Any:
    @batch_handler(max_size=100)
    def handler(tasks: Sequence[Task]) -> list[None]:
        for number, case in enumerate(cases):
            attempts(tasks[number % len(tasks)], case, done)
        return [None] * len(tasks)

    return handler


def thread_way(cases: Sequence[Any], done: list[Any]) -> Any:
    def handler(task: Task) -> None:
        def work(share: Sequence[Any]) -> None:
            for case in share:
                attempts(task, case, done)

        threads = [threading.Thread(target=work, args=(cases[number::4],)) for number in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    return handler


@pytest.mark.parametrize("way", [sync_way, async_way, batch_way, thread_way])
def test_no_act_outside_the_charter_is_done(way: Callable[[Sequence[Any], list[Any]], Any]) -> None:
    rng = random.Random(way.__name__)
    done: list[Any] = []
    cases = [tried(rng) for _ in range(TRIES)]
    guard = Guard(charter())
    given = command()
    session = Session.of(guard, given)

    (reply,) = execute_batch(way(cases, done), [given], worker="w", sessions=[session])

    assert ([], None) == (done, reply.failure)
    denied = session.acts.merged()
    assert {ActOutcome.DENIED} == {act.outcome for act in denied}
    assert sum(act.count for act in denied) >= TRIES
