"""Whatever a handler does, a reply comes out that says what happened."""

import asyncio
import json
import sys
from collections.abc import Awaitable, Mapping, Sequence
from typing import Any

import pytest
from support.commands import command_for

from master_orchestrator_agents.errors import AgentError, PermanentError, RetryableError
from master_orchestrator_agents.handler import Handler, aexecute, batch_handler, execute, execute_batch
from master_orchestrator_agents.task import Task
from master_orchestrator_schemas.codec import Codec
from master_orchestrator_schemas.messages import Command, Failure, Reply
from master_orchestrator_schemas.results import DataAnalysisResult, DiagnosisResult
from master_orchestrator_schemas.tasks import DiagnosisTask
from master_orchestrator_schemas.vocabulary import AgentType, FailureKind

FINDING = {"rule": "coolant_hot", "subsystem": "cooling", "priority": 2, "at_ms": 1_000}


def command(vehicle_id: str = "v1") -> Command:
    task = DiagnosisTask.model_validate({"findings": [FINDING], "dtcs": ["P0128"], "model": "Polo"})
    payload = task.model_dump(mode="json")
    return command_for(AgentType.DIAGNOSIS, f"{vehicle_id}~1", issued_at_ms=1_000, payload=payload)


def replied(handler: Handler) -> Reply:
    return execute(handler, command(), worker="w")


def result_of(handler: Handler) -> dict[str, Any]:
    reply = replied(handler)
    assert reply.failure is None
    assert reply.result is not None
    return reply.result


def failure_of(handler: Handler) -> Failure:
    reply = replied(handler)
    assert reply.result is None
    assert reply.failure is not None
    return reply.failure


def raising(error: BaseException) -> Handler:
    def handler(task: Task) -> None:
        raise error

    return handler


def test_a_task_is_a_mapping_with_attributes_too() -> None:
    task = Task[DiagnosisTask](command())

    assert getattr(task, "findings") == task.model.findings  # noqa: B009  as handlers without types do

    assert task["vehicle_id"] == task.vehicle_id == "v1"
    assert task["findings"][0]["rule"] == task.model.findings[0].rule == "coolant_hot"
    assert isinstance(task.model, DiagnosisTask)
    assert task["model"] == task.model.model == "Polo"
    assert "1970-01-01T00:01:01+00:00" == task.deadline.isoformat()
    assert len(task) == len(dict(task))
    assert {"command_id", "dtcs"} <= set(task)


def test_what_a_task_does_not_have_is_named_with_what_it_has() -> None:
    with pytest.raises(AttributeError, match=r"a DIAGNOSIS task has no 'causes'; it has .*anomalies"):
        getattr(Task(command()), "causes")  # noqa: B009  a type checker refuses the attribute


def test_a_reply_names_its_command_and_worker() -> None:
    reply = replied(lambda _: {})

    assert ("v1~1/DIAGNOSIS/0/0", "v1~1", "v1") == (reply.command_id, reply.workflow_id, reply.vehicle_id)
    assert (reply.agent, reply.worker) == (AgentType.DIAGNOSIS, "w")


@pytest.mark.parametrize("returned", [None, {}, DiagnosisResult()])
def test_nothing_returned_is_a_result_of_defaults(returned: DiagnosisResult | Mapping[str, Any] | None) -> None:
    assert result_of(lambda _: returned) == DiagnosisResult().to_wire()


def test_a_dict_is_validated_and_its_unknown_keys_are_kept() -> None:
    result = result_of(lambda _: {"causes": ["thermostat"], "severity": 0.9, "ticket": {"id": 7}})

    assert "thermostat" == result["causes"][0]["component"]
    assert 0.9 == result["severity"]
    assert {"id": 7} == json.loads(result["extras"]["ticket"])


@pytest.mark.parametrize(
    ("returned", "message"),
    [
        ({"severity": 7}, "severity: Input should be less than or equal to 1"),
        ({"causes": [{"component": "x", "probability": float("nan")}]}, "causes.0.probability"),
        (DataAnalysisResult(), "returned DataAnalysisResult; return a dict, a DiagnosisResult or None"),
        ("thermostat", "returned str"),
    ],
)
def test_a_result_that_does_not_fit_fails_for_good_and_names_the_key(returned: Any, message: str) -> None:
    failure = failure_of(lambda _: returned)

    assert (failure.kind, failure.error) == (FailureKind.PERMANENT, "invalid_result")
    assert message in failure.message


def test_a_result_that_is_no_json_fails_for_good() -> None:
    loop: dict[str, Any] = {}
    loop["self"] = loop

    assert "invalid_result" == failure_of(lambda _: {"loop": loop}).error


@pytest.mark.parametrize(
    ("error", "kind", "code", "retry_after_ms"),
    [
        (RetryableError("later", retry_after=1.5), FailureKind.RETRYABLE, "RetryableError", 1_500),
        (RetryableError("later"), FailureKind.RETRYABLE, "RetryableError", None),
        (RetryableError("in a year", retry_after=3e7), FailureKind.RETRYABLE, "RetryableError", 3_600_000),
        (RetryableError("odd", retry_after=float("nan")), FailureKind.RETRYABLE, "RetryableError", None),
        (PermanentError("never"), FailureKind.PERMANENT, "PermanentError", None),
        (KeyError("vin"), FailureKind.RETRYABLE, "KeyError", None),
    ],
)
def test_what_is_raised_says_what_kind_of_failure_it_is(
    error: Exception, kind: FailureKind, code: str, retry_after_ms: int | None
) -> None:
    failure = failure_of(raising(error))

    assert (failure.kind, failure.error, failure.retry_after_ms) == (kind, code, retry_after_ms)
    assert failure.message == str(error)


def test_sys_exit_ends_the_handler_not_its_runner() -> None:
    async def leaving(_task: Task) -> None:
        sys.exit(3)

    for handler in (raising(SystemExit(3)), leaving):
        failure = failure_of(handler)
        assert (FailureKind.RETRYABLE, "the handler called sys.exit(3)") == (failure.kind, failure.message)
    assert asyncio.run(aexecute(leaving, command(), worker="w")).failure is not None


async def waiting_for_a_cancelled_task(_task: Task) -> None:
    own = asyncio.create_task(asyncio.sleep(60))
    own.cancel()
    await own


def handing_on_the_wait(task: Task) -> Awaitable[None]:
    return waiting_for_a_cancelled_task(task)


@pytest.mark.parametrize("handler", [waiting_for_a_cancelled_task, handing_on_the_wait])
def test_a_cancelled_task_of_the_handlers_own_is_a_failure_that_may_pass(handler: Handler) -> None:
    replies = [replied(handler), asyncio.run(aexecute(handler, command(), worker="w"))]

    expected = (FailureKind.RETRYABLE, "the handler was cancelled")
    assert [expected] * 2 == [reply.failure and (reply.failure.kind, reply.failure.message) for reply in replies]


@pytest.mark.asyncio
async def test_who_cancels_the_task_that_runs_a_handler_cancels_the_handler() -> None:
    begun, ended = asyncio.Event(), asyncio.Event()

    async def waiting(_task: Task) -> None:
        begun.set()
        try:
            await asyncio.sleep(60)
        finally:
            ended.set()

    running = asyncio.create_task(aexecute(waiting, command(), worker="w"))
    await begun.wait()
    running.cancel()

    with pytest.raises(asyncio.CancelledError):
        await running
    assert ended.is_set()


def test_a_failures_text_is_cut_to_what_a_reply_may_carry() -> None:
    reply = replied(raising(RuntimeError("x" * 10_000)))

    assert Codec().decode(Codec().encode(reply), Reply) == reply


def test_an_error_without_text_is_told_by_its_type() -> None:
    assert "TimeoutError()" == failure_of(raising(TimeoutError())).message


async def diagnose(task: Task[DiagnosisTask]) -> dict[str, Any]:
    await asyncio.sleep(0)
    return {"summary": task.model.dtcs[0]}


def handing_on(task: Task[DiagnosisTask]) -> Awaitable[dict[str, Any]]:
    return diagnose(task)


class AsyncCallable:
    async def __call__(self, _task: Task) -> dict[str, Any]:
        return {"summary": "callable"}


@pytest.mark.parametrize(
    ("handler", "summary"),
    [(diagnose, "P0128"), (handing_on, "P0128"), (AsyncCallable(), "callable")],
)
def test_an_async_handler_is_awaited(handler: Handler, summary: str) -> None:
    assert result_of(handler)["summary"] == summary


@pytest.mark.asyncio
@pytest.mark.parametrize("handler", [diagnose, lambda task: {"summary": task.model.dtcs[0]}])
async def test_both_kinds_run_on_an_event_loop(handler: Handler) -> None:
    reply = await aexecute(handler, command(), worker="w")

    assert reply.result is not None
    assert "P0128" == reply.result["summary"]


def test_a_batch_handler_answers_each_task_for_itself() -> None:
    @batch_handler(max_size=10)
    def handler(tasks: Sequence[Task]) -> list[dict[str, Any] | AgentError]:
        return [{"summary": task.vehicle_id} if task.vehicle_id != "v2" else PermanentError("no v2") for task in tasks]

    replies = execute_batch(handler, [command("v1"), command("v2"), command("v3")], worker="w")

    assert ["v1", "v2", "v3"] == [reply.command_id[:2] for reply in replies]
    assert ["v1", None, "v3"] == [reply.result and reply.result["summary"] for reply in replies]
    assert replies[1].failure is not None
    assert "no v2" == replies[1].failure.message


def test_a_batch_handler_that_forgets_a_task_fails_for_all() -> None:
    replies = execute_batch(batch_handler(max_size=2)(lambda _: [{}]), [command("v1"), command("v2")], worker="w")

    assert [reply.failure and reply.failure.error for reply in replies] == ["invalid_result"] * 2


def test_a_batch_of_nothing_is_refused() -> None:
    with pytest.raises(AgentError, match="max_size=0"):
        batch_handler(max_size=0)
