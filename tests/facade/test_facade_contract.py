"""What the façade promises, held on both shells."""

import asyncio
import json
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from support.facade_stage import FacadeStage
from support.four_agents import HOT, four_agents

from master_orchestrator import AgentType, PermanentError, Priority, RetryableError, State
from master_orchestrator.errors import (
    AlreadyStartedError,
    InvalidRequestError,
    InvalidTelemetryError,
    MissingAgentError,
    NotStartedError,
    UnknownActorError,
    UnknownVehicleError,
    UnknownWorkflowError,
    WaitTimeoutError,
)
from master_orchestrator.facade.requests import reading_of
from master_orchestrator_agents import Task
from master_orchestrator_agents.errors import CharterError
from master_orchestrator_schemas.topology import CharterLine
from master_orchestrator_schemas.vocabulary import ActError, ActOutcome, Phase

Vehicle = Callable[[], str]
WAY_THROUGH = [
    "PENDING",
    "DATA_ANALYSIS",
    "DIAGNOSIS",
    "URGENCY_ASSESSMENT",
    "CUSTOMER_ENGAGEMENT",
    "SCHEDULING",
    "SCHEDULED",
    "IN_SERVICE",
    "FEEDBACK",
    "COMPLETED",
]


def test_four_handlers_alone_take_a_reading_through_every_state(stage: FacadeStage, vehicle: Vehicle) -> None:
    orchestrator = stage.started(four_agents())
    car = vehicle()

    workflow_id = orchestrator.receive_vehicle_telemetry(car, HOT)
    status = orchestrator.wait_until_ended(workflow_id)

    assert status["workflow_id"] == workflow_id
    assert car == status["vehicle_id"]
    assert "COMPLETED" == status["state"]
    assert status["priority"] == Priority.URGENT
    assert "serviced" == status["reason"]
    assert len(four_agents()) == status["attempts"]
    assert [line["state"] for line in status["history"]] == WAY_THROUGH
    assert datetime.fromisoformat(status["created_at"]) <= datetime.fromisoformat(status["updated_at"])
    assert "COMPLETED" == json.loads(json.dumps(status))["state"]


def test_a_step_without_a_handler_is_skipped_and_the_trail_says_so(stage: FacadeStage, vehicle: Vehicle) -> None:
    orchestrator = stage.started(four_agents())
    workflow_id = orchestrator.receive_vehicle_telemetry(vehicle(), HOT)
    orchestrator.wait_until_ended(workflow_id)

    trail = orchestrator.get_audit_trail(workflow_id)

    skipped = {json.loads(line["details"])["step"] for line in trail if line["event"] == "step_skipped"}
    assert {"FEEDBACK", "MANUFACTURING_QUALITY"} == skipped
    assert list(range(len(trail))) == [line["seq"] for line in trail]


def test_regular_service_of_a_vehicle_is_told(stage: FacadeStage, vehicle: Vehicle) -> None:
    orchestrator = stage.started(four_agents())
    car = vehicle()
    orchestrator.receive_vehicle_telemetry(car, {**HOT, "model": "van"})

    report = orchestrator.get_vehicle_service(car)
    assert (car, "van", []) == (report["vehicle_id"], report["model"], list(report["items"])), "it has no plan"
    with pytest.raises(UnknownVehicleError, match="it has sent no reading"):
        orchestrator.get_vehicle_service("nobody")


def test_statistics_count_what_has_happened(stage: FacadeStage, vehicle: Vehicle) -> None:
    def refuse(task: Task) -> None:
        raise PermanentError("not one of ours")

    before = stage.started(four_agents())
    base = before.get_statistics()
    before.wait_until_ended(before.receive_vehicle_telemetry(vehicle(), HOT))
    after = before.get_statistics()
    before.shutdown()

    assert {
        "total_workflows",
        "completed",
        "failed",
        "urgent_handled",
        "active_workflows",
        "workflows_by_state",
        "average_completion_time",
    } == set(after)
    assert base["total_workflows"] + 1 == after["total_workflows"]
    others = base["active_workflows"]  # on a broker that other tests have used, theirs may end meanwhile
    completed = after["completed"] - base["completed"]
    assert 1 <= completed <= 1 + others
    assert 1 <= after["urgent_handled"] - base["urgent_handled"] <= completed
    assert completed == after["workflows_by_state"]["COMPLETED"] - base["workflows_by_state"]["COMPLETED"]
    assert 0 < after["average_completion_time"] < 60


def test_a_handler_may_fail_and_recover(stage: FacadeStage, vehicle: Vehicle) -> None:
    seen: list[tuple[str, int]] = []

    def shaky(task: Task) -> dict[str, object]:
        seen.append((task["command_id"], task.attempt))
        if task.attempt < 2:
            raise RetryableError("the knowledge base is away")
        return {"causes": ["fan"], "probability": 0.2, "severity": 0.2}

    orchestrator = stage.started(four_agents(DIAGNOSIS=shaky))
    workflow_id = orchestrator.receive_vehicle_telemetry(vehicle(), {"speed": 50})
    status = orchestrator.wait_until_ended(workflow_id)

    assert [0, 1, 2] == [attempt for _, attempt in seen]
    assert 3 == len({command_id for command_id, _ in seen})
    assert "COMPLETED" == status["state"]
    assert len(four_agents()) + 2 == status["attempts"]
    assert 2 == [line["state"] for line in status["history"]].count(State.RETRY)


def test_when_all_retries_have_failed_the_workflow_has(stage: FacadeStage, vehicle: Vehicle) -> None:
    def broken(task: Task) -> None:
        raise RuntimeError("bug")

    orchestrator = stage.started(four_agents(DATA_ANALYSIS=broken))
    status = orchestrator.wait_until_ended(orchestrator.receive_vehicle_telemetry(vehicle(), HOT))

    assert ("FAILED", "retries_exhausted", 4) == (status["state"], status["reason"], status["attempts"])


@pytest.mark.parametrize("answer", [PermanentError("unknown car"), {"causes": "not a list"}, 42])
def test_what_would_fail_again_is_not_tried_again(stage: FacadeStage, vehicle: Vehicle, answer: object) -> None:
    def diagnose(task: Task) -> dict[str, object]:
        if isinstance(answer, Exception):
            raise answer
        return answer  # type: ignore[return-value]  # the very mistake under test

    orchestrator = stage.started(four_agents(DIAGNOSIS=diagnose))
    status = orchestrator.wait_until_ended(orchestrator.receive_vehicle_telemetry(vehicle(), HOT))

    assert ("FAILED", "agent_rejected", 2) == (status["state"], status["reason"], status["attempts"])


def test_a_second_reading_joins_the_open_workflow(stage: FacadeStage, vehicle: Vehicle) -> None:
    go_on = threading.Event()

    def patient(task: Task) -> dict[str, object]:
        assert go_on.wait(60)
        return {}

    orchestrator = stage.started(four_agents(DATA_ANALYSIS=patient))
    car = vehicle()
    first = orchestrator.receive_vehicle_telemetry(car, HOT)
    same_moment = {**HOT, "timestamp": datetime.now(UTC).isoformat()}
    second = orchestrator.receive_vehicle_telemetry(car, same_moment)
    third = orchestrator.receive_vehicle_telemetry(car, same_moment)
    open_now = orchestrator.get_workflow_status(first)
    go_on.set()

    assert first == second == third
    assert "DATA_ANALYSIS" == open_now["state"]
    assert "COMPLETED" == orchestrator.wait_until_ended(first)["state"]


def test_the_workshop_moves_a_workflow_on(stage: FacadeStage, vehicle: Vehicle) -> None:
    tomorrow = datetime.now(UTC) + timedelta(days=1)

    def later(task: Task) -> dict[str, object]:
        return {"start_ms": int(tomorrow.timestamp() * 1000), "appointment_id": "A-1"}

    orchestrator = stage.started(four_agents(SCHEDULING=later))
    workflow_id = orchestrator.receive_vehicle_telemetry(vehicle(), HOT)
    orchestrator.wait_until(workflow_id, State.SCHEDULED)

    for _ in range(2):  # a repeat of an event is dropped
        orchestrator.report_service_event(workflow_id, "CHECKED_IN", workshop_id="north", event_id="north-1")
    in_service = orchestrator.get_workflow_status(workflow_id)
    with pytest.raises(InvalidRequestError, match=r"illegal_event.*IN_SERVICE"):
        orchestrator.report_service_event(workflow_id, "CHECKED_IN", workshop_id="north", event_id="north-2")
    orchestrator.report_service_event(workflow_id, "COMPLETED", confirmed_cause="water pump", labour_hours=2.5)

    assert "IN_SERVICE" == in_service["state"]
    assert "serviced" == orchestrator.wait_until_ended(workflow_id)["reason"]
    actors = {line["actor"] for line in orchestrator.get_audit_trail(workflow_id)}
    assert "workshop:north" in actors


NO_EVENTS: list[tuple[dict[str, Any], str]] = [
    ({"kind": "TOWED"}, "TOWED"),
    ({"kind": "CHECKED_IN", "colour": "red"}, "colour"),
    ({"kind": "COMPLETED", "labour_hours": "two"}, "labour_hours"),
]


def test_a_service_event_that_is_none_names_what_is_wrong(stage: FacadeStage, vehicle: Vehicle) -> None:
    orchestrator = stage.started(four_agents())
    workflow_id = orchestrator.receive_vehicle_telemetry(vehicle(), HOT)

    for fields, complaint in NO_EVENTS:
        with pytest.raises(InvalidRequestError, match=complaint):
            orchestrator.report_service_event(workflow_id, **fields)


NO_READINGS: list[tuple[object, str]] = [
    ({"engine_temp": "hot"}, "engine_temp"),
    ({"brake_failure": "maybe"}, "brake_failure"),
    ({"timestamp": "yesterday"}, "timestamp"),
    ({"engine_temp": 90, "ts_ms": 1_785_952_676}, "looks like seconds"),
    ({"engine_temp": 90, "timestamp": "2999-01-01T00:00:00Z"}, "ahead of the broker's clock"),
    (["engine_temp", 90], "dict"),
]


def test_a_reading_that_is_none_names_what_is_wrong(stage: FacadeStage, vehicle: Vehicle) -> None:
    orchestrator = stage.started(four_agents())

    for reading, complaint in NO_READINGS:
        with pytest.raises(InvalidTelemetryError, match=complaint):
            orchestrator.receive_vehicle_telemetry(vehicle(), reading)  # type: ignore[arg-type]  # one is not a mapping


UNKNOWN = {"ignition": True, "gear": "D", "location": {"lat": 52.5}, "oil_temp": float("nan")} | {
    f"signal_{number}": 1.0 for number in range(140)
}


def test_what_is_unknown_of_a_reading_is_left_out_and_said_once(
    stage: FacadeStage, vehicle: Vehicle, capsys: pytest.CaptureFixture[str]
) -> None:
    orchestrator = stage.started(four_agents())

    for _ in range(3):
        workflow_id = orchestrator.receive_vehicle_telemetry(vehicle(), {**HOT, **UNKNOWN})
    assert "URGENT" == orchestrator.get_workflow_status(workflow_id)["priority"].name

    output = capsys.readouterr()
    assert 1 == (output.out + output.err).count("name=ignition")


@pytest.fixture(params=["Europe/Berlin", "Asia/Kolkata", "America/New_York"])
def local_zone(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """This machine is elsewhere."""
    monkeypatch.setenv("TZ", request.param)
    time.tzset()
    yield request.param
    monkeypatch.undo()
    time.tzset()


@pytest.mark.usefixtures("local_zone")
@pytest.mark.parametrize("text", [True, False])
def test_a_time_without_a_zone_is_this_machine_s(text: bool) -> None:
    naive = datetime.now()  # noqa: DTZ005 - what is under test
    reading, _ = reading_of("v-1", {"timestamp": naive.isoformat() if text else naive})

    assert abs(time.time() * 1000 - reading.ts_ms) < 60_000


def test_agents_registered_before_with_are_started_by_it(stage: FacadeStage) -> None:
    orchestrator = stage.orchestrator(four_agents())
    with orchestrator:
        with pytest.raises(AlreadyStartedError, match="the with statement has started"):
            orchestrator.start()
        with pytest.raises(AlreadyStartedError, match="the with statement has started"):
            orchestrator.register_agent(AgentType.FEEDBACK, lambda _: {})


def test_some_agents_registered_before_with_are_too_few(stage: FacadeStage) -> None:
    handlers = four_agents()
    del handlers[AgentType.SCHEDULING]

    with (
        pytest.raises(MissingAgentError, match=r"SCHEDULING.* before the with statement"),
        stage.orchestrator(handlers),
    ):
        pass


def test_a_service_event_is_taken_as_a_workshop_writes_it(stage: FacadeStage, vehicle: Vehicle) -> None:
    tomorrow = datetime.now(UTC) + timedelta(days=1)
    orchestrator = stage.started(four_agents(SCHEDULING=lambda _: {"start_ms": int(tomorrow.timestamp() * 1000)}))
    workflow_id = orchestrator.receive_vehicle_telemetry(vehicle(), HOT)
    orchestrator.wait_until(workflow_id, State.SCHEDULED)

    report: Any = orchestrator.report_service_event  # a type checker wants the names of the contract
    report(workflow_id, "checked-in", timestamp=datetime.now(UTC).isoformat(), event_id=7)
    report(workflow_id, "completed", labor_hours="2.5", confirmed_cause="water pump")

    assert "serviced" == orchestrator.wait_until_ended(workflow_id)["reason"]
    all_details = [json.loads(line["details"]) for line in orchestrator.get_audit_trail(workflow_id)]
    assert 2.5 in [details.get("labour_hours") for details in all_details]


def test_a_vehicle_id_outside_its_alphabet_is_refused(stage: FacadeStage) -> None:
    orchestrator = stage.started(four_agents())

    with pytest.raises(InvalidTelemetryError, match="vehicle_id"):
        orchestrator.receive_vehicle_telemetry("car~1", HOT)


def test_an_unknown_workflow_is_an_error_that_says_where_ids_come_from(stage: FacadeStage) -> None:
    orchestrator = stage.started(four_agents())

    with pytest.raises(UnknownWorkflowError, match="receive_vehicle_telemetry"):
        orchestrator.get_workflow_status("car-1~99")
    with pytest.raises(UnknownWorkflowError):
        orchestrator.wait_until_ended("car-1~99")
    with pytest.raises(UnknownWorkflowError):
        orchestrator.report_service_event("car-1~99", "CHECKED_IN")


def test_nothing_works_before_start_or_after_shutdown(stage: FacadeStage, vehicle: Vehicle) -> None:
    orchestrator = stage.orchestrator(four_agents())
    with pytest.raises(NotStartedError, match="start"):
        orchestrator.receive_vehicle_telemetry(vehicle(), HOT)
    with pytest.raises(NotStartedError, match="shutdown"):
        orchestrator.shutdown()

    orchestrator.start()
    with pytest.raises(AlreadyStartedError):
        orchestrator.start()
    with pytest.raises(AlreadyStartedError, match="register_agent"):
        orchestrator.register_agent(AgentType.FEEDBACK, lambda _: {})
    orchestrator.shutdown()
    orchestrator.shutdown()

    with pytest.raises(NotStartedError):
        orchestrator.get_statistics()


def test_start_names_the_agent_that_is_missing(stage: FacadeStage) -> None:
    handlers = four_agents()
    del handlers[AgentType.SCHEDULING]

    with pytest.raises(MissingAgentError, match=r"register_agent\(AgentType.SCHEDULING") as caught:
        stage.orchestrator(handlers).start()

    assert (AgentType.SCHEDULING,) == caught.value.missing


def test_waiting_ends_with_the_state_the_workflow_is_in(stage: FacadeStage, vehicle: Vehicle) -> None:
    go_on = threading.Event()

    def patient(task: Task) -> None:
        assert go_on.wait(60)

    orchestrator = stage.started(four_agents(DIAGNOSIS=patient))
    workflow_id = orchestrator.receive_vehicle_telemetry(vehicle(), HOT)
    orchestrator.wait_until(workflow_id, State.DIAGNOSIS)

    with pytest.raises(WaitTimeoutError, match="DIAGNOSIS"):
        orchestrator.wait_until_ended(workflow_id, timeout=0.01)
    go_on.set()


def test_shutdown_lets_a_running_handler_finish(stage: FacadeStage, vehicle: Vehicle) -> None:
    begun, go_on, finished = threading.Event(), threading.Event(), threading.Event()

    def slow(task: Task) -> None:
        begun.set()
        assert go_on.wait(60)
        finished.set()

    orchestrator = stage.started(four_agents(DATA_ANALYSIS=slow))
    orchestrator.receive_vehicle_telemetry(vehicle(), HOT)
    assert begun.wait(60)
    ending = threading.Thread(target=orchestrator.shutdown)
    ending.start()
    ending.join(0.2)
    assert ending.is_alive()
    go_on.set()
    ending.join(60)

    assert finished.is_set()
    assert not ending.is_alive()


def test_the_async_orchestrator_carries_many_vehicles_at_once(stage: FacadeStage, vehicle: Vehicle) -> None:
    async def drive() -> list[str]:
        async with stage.async_orchestrator(four_agents()) as orchestrator:
            ids = await asyncio.gather(*(orchestrator.receive_vehicle_telemetry(vehicle(), HOT) for _ in range(20)))
            ended = await asyncio.gather(*(orchestrator.wait_until_ended(workflow_id) for workflow_id in ids))
            first = await orchestrator.get_workflow_status(ids[0])
            assert (await orchestrator.get_audit_trail(ids[0]))[-1]["to_state"] == first["state"]
            assert (await orchestrator.get_statistics())["completed"] >= len(ids)
            return [status["state"].value for status in ended]

    assert ["COMPLETED"] * 20 == asyncio.run(drive())


def test_a_campaign_s_work_is_done_once_per_vehicle(stage: FacadeStage, vehicle: Vehicle) -> None:
    orchestrator, cars = stage.started(four_agents()), [vehicle(), vehicle()]
    with pytest.raises(InvalidRequestError, match="hours is not a field"):
        orchestrator.open_campaign("R-1", cars, "replace_hose", hours=2)  # type: ignore[call-arg]
    opened = orchestrator.open_campaign("R-1", cars, "replace_hose", labour_hours=0, priority=Priority.HIGH)
    assert {car: f"{car}~0" for car in cars} == opened
    for workflow_id in opened.values():
        ended = orchestrator.wait_until_ended(workflow_id)
        assert ("serviced", Priority.HIGH) == (ended["reason"], ended["priority"])
        assert "DIAGNOSIS" not in [line["state"] for line in ended["history"]]
    assert opened == orchestrator.open_campaign("R-1", cars, "replace_hose")
    assert "duplicate_campaign" == orchestrator.get_audit_trail(opened[cars[0]])[-1]["reason"]


def test_requests_are_on_record_reads_too_and_what_no_line_allows_is_not_done(
    stage: FacadeStage, vehicle: Vehicle
) -> None:
    car, name = vehicle(), uuid.uuid4().hex
    only_reads = CharterLine.model_validate({"may": "read", "of": ["workflow", "audit_log"]})
    stage.topology = stage.topology.model_copy(
        update={"charters": {**stage.topology.charters, "client:reader": (only_reads,)}}
    )
    reader = stage.orchestrator(four_agents(), client="reader")
    reader.start()
    with pytest.raises(CharterError, match="client:reader may not: write of workflow: no line allows it"):
        reader.receive_vehicle_telemetry(car, HOT)
    reader.shutdown()

    orchestrator = stage.orchestrator(four_agents(), client=name)
    orchestrator.start()
    workshop = f"workshop:{name}"
    with stage.on_record(orchestrator, workshop) as records:
        workflow_id = orchestrator.receive_vehicle_telemetry(car, HOT)
        orchestrator.get_audit_trail(workflow_id)
        with pytest.raises(UnknownWorkflowError):
            orchestrator.get_workflow_status("nobody~0")
        with pytest.raises(UnknownActorError):
            orchestrator.explain_actor("agent:NOBODY")
        orchestrator.wait_until_ended(workflow_id)
        with pytest.raises(InvalidRequestError, match="rejected"):
            orchestrator.report_service_event(workflow_id, "CHECKED_IN", workshop_id=name, event_id=name)

    (refused,) = [record for record in records if record.actor == workshop]
    assert (name, workflow_id, car, ActOutcome.FAILURE) == (
        refused.session,
        refused.workflow_id,
        refused.entity,
        refused.outcome,
    )
    assert [("WRITE", "appointment", ActError.INVALID)] == [
        (act.action, act.resource, act.error) for act in refused.acts
    ]
    mine = [record for record in records if record.actor == f"client:{name}"]
    assert [*range(8)] == [record.seq for record in mine]
    assert [
        (Phase.DONE, ActOutcome.SUCCESS, "WRITE", "workflow", car),
        (Phase.BEFORE, ActOutcome.SUCCESS, "READ", "audit_log", car),
        (Phase.DONE, ActOutcome.SUCCESS, "READ", "audit_log", car),
        (Phase.DONE, ActOutcome.FAILURE, "READ", "workflow", "nobody"),
        (Phase.BEFORE, ActOutcome.SUCCESS, "READ", "agent_control", "agent:NOBODY"),
        (Phase.DONE, ActOutcome.FAILURE, "READ", "agent_control", "agent:NOBODY"),
        (Phase.DONE, ActOutcome.SUCCESS, "READ", "workflow", car),
        (Phase.DONE, ActOutcome.SUCCESS, "WRITE", "workflow", car),
    ] == [(each.phase, each.outcome, each.acts[0].action, each.acts[0].resource, each.entity) for each in mine]
    assert [ActError.NOT_FOUND] * 2 == [mine[at].acts[0].error for at in (3, 5)]
