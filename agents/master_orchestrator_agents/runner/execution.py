"""Running a handler for commands, the same in a runner of its own and in memory."""

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import CancelledError

import structlog

from master_orchestrator_agents.guard import Session
from master_orchestrator_agents.handler import (
    Handler,
    aexecute_batch,
    cancelled,
    execute_batch,
    failure_reply,
    is_async,
)
from master_orchestrator_schemas.messages import Command, Reply

log = structlog.stdlib.get_logger(__name__)


def expired(command: Command, now_ms: int, handling_ms: int = 0) -> bool:
    """Whether a command would be past its deadline when it is handled. It is not executed: the engine tries again.

    ``handling_ms``: what its handling is expected to take.
    """
    left_ms = command.deadline_ms - now_ms
    if left_ms >= handling_ms:
        return False
    log.warning("deadline_passed", command=command.command_id, left_ms=left_ms, handling_ms=handling_ms)
    return True


def run(
    handler: Handler,
    commands: Sequence[Command],
    *,
    worker: str,
    sessions: Sequence[Session] | None = None,
    loop: asyncio.AbstractEventLoop | None,
    abandoned: Callable[[], bool],
) -> list[Reply]:
    """One reply per command. An async handler runs on ``loop``, which another thread serves.

    Raises ``CancelledError`` if the handler was cancelled because it was ``abandoned``.
    """
    if loop is None or not is_async(handler):
        return execute_batch(handler, commands, worker=worker, sessions=sessions)
    try:
        handling = aexecute_batch(handler, commands, worker=worker, sessions=sessions)
        return asyncio.run_coroutine_threadsafe(handling, loop).result()
    except CancelledError:
        if abandoned():
            raise
        return [failure_reply(command, cancelled(), worker=worker) for command in commands]
