"""Running a handler for commands, the same in a runner of its own and in memory."""

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import CancelledError

import structlog

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


def expired(command: Command, now_ms: int) -> bool:
    """Whether a command is past its deadline. It is not executed: the engine has given it up, and tries again."""
    late_ms = now_ms - command.deadline_ms
    if late_ms <= 0:
        return False
    log.warning("deadline_passed", command=command.command_id, late_ms=late_ms)
    return True


def run(
    handler: Handler,
    commands: Sequence[Command],
    *,
    worker: str,
    loop: asyncio.AbstractEventLoop | None,
    abandoned: Callable[[], bool],
) -> list[Reply]:
    """One reply per command. An async handler runs on ``loop``, which another thread serves.

    Raises ``CancelledError`` if the handler was cancelled because it was ``abandoned``.
    """
    if loop is None or not is_async(handler):
        return execute_batch(handler, commands, worker=worker)
    try:
        return asyncio.run_coroutine_threadsafe(aexecute_batch(handler, commands, worker=worker), loop).result()
    except CancelledError:
        if abandoned():
            raise
        return [failure_reply(command, cancelled(), worker=worker) for command in commands]
