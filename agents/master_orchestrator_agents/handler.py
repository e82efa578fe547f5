"""Handlers: what authors write, and how one is run for a command so that a reply always comes out.

- A dict or a typed result: a reply with that result; None: a result of defaults.
- :class:`RetryableError`: a retryable failure; :class:`PermanentError`: a permanent one.
- :class:`CharterError` is a permanent failure; the act that it is about was not done.
- A result that does not fit its model: a permanent failure ``invalid_result`` naming the key, since the same handler
  would return the same again.
- Any other exception, ``sys.exit`` and the cancellation of a task of the handler's own among them: a retryable failure,
  the traceback of an exception in the log.
"""

import asyncio
import inspect
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeAlias

import structlog
from typing_extensions import TypeVar

from master_orchestrator_agents.errors import AgentError, InvalidResultError, PermanentError, RetryableError
from master_orchestrator_agents.guard import Session
from master_orchestrator_agents.results import wire_result
from master_orchestrator_agents.task import Task
from master_orchestrator_schemas.messages import Command, Failure, Reply
from master_orchestrator_schemas.results import Result
from master_orchestrator_schemas.tasks import TaskModel
from master_orchestrator_schemas.vocabulary import FailureKind

log = structlog.stdlib.get_logger(__name__)

M = TypeVar("M", bound=TaskModel, default=Any)
R = TypeVar("R", bound=Result, default=Any)

Returned: TypeAlias = R | Mapping[str, Any] | None
"""What a handler may return: the result model of its agent, a dict of its fields, or None for a result of defaults."""

SingleHandler: TypeAlias = Callable[[Task[M]], Returned[R] | Awaitable[Returned[R]]]
"""A plain or async function of one task."""

BatchFunction: TypeAlias = Callable[
    [Sequence[Task[M]]], Sequence[Returned[R] | AgentError] | Awaitable[Sequence[Returned[R] | AgentError]]
]

M_contra = TypeVar("M_contra", bound=TaskModel, contravariant=True, default=Any)
R_co = TypeVar("R_co", bound=Result, covariant=True, default=Any)

MAX_RETRY_AFTER_MS = 3_600_000
MAX_ERROR_CHARS, MAX_MESSAGE_CHARS = 200, 2_000


@dataclass(frozen=True)
class BatchHandler(Generic[M_contra, R_co]):
    """A handler that takes up to ``max_size`` ROUTINE tasks at once, and any other lane's one by one."""

    function: BatchFunction[M_contra, R_co]
    max_size: int


Handler: TypeAlias = SingleHandler[M, R] | BatchHandler[M, R]
"""A plain or async function of one task, or a batch handler: ``Handler[DiagnosisTask, DiagnosisResult]``."""


def batch_handler(*, max_size: int) -> "_BatchDecorator":
    """Make a function of a list of tasks a handler: ``@batch_handler(max_size=50)``.

    The tasks of one call belong to different vehicles. It returns one answer per task, in order; an answer may be a
    :class:`RetryableError` or :class:`PermanentError` (returned, not raised) for the task it concerns. Raising fails
    all of them alike.
    """
    if max_size < 1:
        raise AgentError(f"batch_handler(max_size={max_size}): max_size must be at least 1")
    return _BatchDecorator(max_size)


@dataclass(frozen=True)
class _BatchDecorator:
    max_size: int

    def __call__(self, function: BatchFunction[M, R]) -> BatchHandler[M, R]:
        """The handler of ``function``."""
        return BatchHandler(function, self.max_size)


def is_async(handler: Handler) -> bool:
    """Whether the handler is to run on an event loop."""
    function = handler.function if isinstance(handler, BatchHandler) else handler
    return inspect.iscoroutinefunction(function) or inspect.iscoroutinefunction(type(function).__call__)


def execute(handler: Handler, command: Command, *, worker: str) -> Reply:
    """Run a handler for one command. An async handler gets an event loop of its own for the call."""
    return execute_batch(handler, [command], worker=worker)[0]


async def aexecute(handler: Handler, command: Command, *, worker: str) -> Reply:
    """The same on the running event loop; a plain handler runs in a thread, so that it cannot block the loop."""
    return (await aexecute_batch(handler, [command], worker=worker))[0]


def execute_batch(
    handler: Handler, commands: Sequence[Command], *, worker: str, sessions: Sequence[Session] | None = None
) -> list[Reply]:
    """Run a handler for several commands; only a :class:`BatchHandler` may be given more than one.

    ``sessions``: one per command, where the handler's acts are checked and recorded; by default nothing is refused.
    """
    started = time.monotonic()
    try:
        answers = _call(handler, _tasks(commands, sessions))
        answered = asyncio.run(_awaited(answers)) if inspect.isawaitable(answers) else answers
        outcomes = _outcomes(handler, answered, commands)
    except Exception as error:  # noqa: BLE001  whatever a handler raises becomes a failure reply: nothing is swallowed
        outcomes = [_failed(error, commands)] * len(commands)
    except asyncio.CancelledError:
        outcomes = [_failed(cancelled(), commands)] * len(commands)
    except SystemExit as error:
        outcomes = [_failed(_exited(error), commands)] * len(commands)
    return _replies(commands, outcomes, worker, started)


async def aexecute_batch(
    handler: Handler, commands: Sequence[Command], *, worker: str, sessions: Sequence[Session] | None = None
) -> list[Reply]:
    """:func:`execute_batch` on the running event loop; who cancels the running task cancels the handler."""
    started = time.monotonic()
    tasks = _tasks(commands, sessions)
    try:
        answers = _call(handler, tasks) if is_async(handler) else await asyncio.to_thread(_call, handler, tasks)
        answered = await answers if inspect.isawaitable(answers) else answers
        outcomes = _outcomes(handler, answered, commands)
    except Exception as error:  # noqa: BLE001  whatever a handler raises becomes a failure reply: nothing is swallowed
        outcomes = [_failed(error, commands)] * len(commands)
    except asyncio.CancelledError:
        if _is_cancelling():
            raise
        outcomes = [_failed(cancelled(), commands)] * len(commands)
    except SystemExit as error:
        outcomes = [_failed(_exited(error), commands)] * len(commands)
    return _replies(commands, outcomes, worker, started)


def _call(handler: Handler, tasks: list[Task]) -> Any:
    if isinstance(handler, BatchHandler):
        return handler.function(tasks)
    (task,) = tasks
    with task.in_hand():
        answer = handler(task)
        return _in_hand(task, answer) if inspect.isawaitable(answer) else answer


async def _in_hand(task: Task, answer: Awaitable[Any]) -> Any:
    with task.in_hand():
        return await answer


async def _awaited(answer: Awaitable[Any]) -> Any:
    return await answer


def _tasks(commands: Sequence[Command], sessions: Sequence[Session] | None) -> list[Task]:
    given = [None] * len(commands) if sessions is None else sessions
    return [Task[Any](command, session) for command, session in zip(commands, given, strict=True)]


def _outcomes(handler: Handler, answered: Any, commands: Sequence[Command]) -> list[object]:
    """One answer or error per command."""
    if not isinstance(handler, BatchHandler):
        return [answered]
    if not isinstance(answered, Sequence) or len(answered) != len(commands):
        got = f"{len(answered)} answers" if isinstance(answered, Sequence) else type(answered).__name__
        raise InvalidResultError(f"a batch handler was given {len(commands)} tasks and returned {got}; one per task")
    return list(answered)


def _failed(error: Exception, commands: Sequence[Command]) -> Exception:
    """Log an error; with its traceback unless the handler declared it."""
    ids = [command.command_id for command in commands]
    log.warning("handler_failed", commands=ids, error=error, exc_info=None if isinstance(error, AgentError) else error)
    return error


def _is_cancelling() -> bool:
    """Whether the running task itself is cancelled, rather than one that it waited for."""
    running = asyncio.current_task()
    return running is not None and running.cancelling() > 0


def cancelled() -> RetryableError:
    """What a handler failed with that waited for a cancelled task of its own, or cancelled the one that it ran in."""
    return RetryableError("the handler was cancelled")


def _exited(error: SystemExit) -> RetryableError:
    """``sys.exit`` in a handler ends the handler, not the runner and the other commands that it handles."""
    return RetryableError(f"the handler called sys.exit({error.code!r})")


def _replies(commands: Sequence[Command], outcomes: list[Any], worker: str, started: float) -> list[Reply]:
    took_ms = int((time.monotonic() - started) * 1000)
    return [_reply(command, outcome, worker, took_ms) for command, outcome in zip(commands, outcomes, strict=True)]


def _reply(command: Command, outcome: object, worker: str, took_ms: int) -> Reply:
    if isinstance(outcome, Exception):
        return failure_reply(command, outcome, worker=worker, handled_in_ms=took_ms)
    try:
        result = wire_result(command.agent, outcome)
    except InvalidResultError as error:
        return failure_reply(command, _failed(error, [command]), worker=worker, handled_in_ms=took_ms)
    return Reply(
        command_id=command.command_id,
        workflow_id=command.workflow_id,
        vehicle_id=command.vehicle_id,
        agent=command.agent,
        worker=worker,
        handled_in_ms=took_ms,
        result=result,
    )


def failure_reply(command: Command, error: Exception, *, worker: str, handled_in_ms: int = 0) -> Reply:
    """The reply that tells the engine of ``error``: permanent or retryable by its type."""
    return Reply(
        command_id=command.command_id,
        workflow_id=command.workflow_id,
        vehicle_id=command.vehicle_id,
        agent=command.agent,
        worker=worker,
        handled_in_ms=handled_in_ms,
        failure=_failure(error),
    )


def _failure(error: Exception) -> Failure:
    permanent = isinstance(error, PermanentError)
    code = "invalid_result" if isinstance(error, InvalidResultError) else type(error).__name__
    return Failure(
        kind=FailureKind.PERMANENT if permanent else FailureKind.RETRYABLE,
        error=code[:MAX_ERROR_CHARS],
        message=(str(error) or repr(error))[:MAX_MESSAGE_CHARS],
        retry_after_ms=_retry_after_ms(error),
    )


def _retry_after_ms(error: Exception) -> int | None:
    """Within what a reply may carry: 0 to an hour. NaN counts as None."""
    if not isinstance(error, RetryableError) or error.retry_after is None or error.retry_after != error.retry_after:
        return None
    return int(min(max(error.retry_after * 1000, 0), MAX_RETRY_AFTER_MS))
