"""The threads that run handlers in memory go on whatever a handler does."""

import asyncio
import queue
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import pytest
from support.commands import command_for

from master_orchestrator.memory.activity import MemoryActivity
from master_orchestrator.memory.judge import MemoryJudge
from master_orchestrator.memory.log import MemoryLog
from master_orchestrator.memory.pool import AgentPool
from master_orchestrator_agents import Task
from master_orchestrator_agents.handler import Handler
from master_orchestrator_schemas.codec import Codec
from master_orchestrator_schemas.messages import Command, Failure, Reply
from master_orchestrator_schemas.topology import Topology
from master_orchestrator_schemas.vocabulary import AgentType, FailureKind

ISSUED_MS, WITHIN_MS = 1_000, 60_000
PATIENCE_S = 10


def command(agent: AgentType, number: int) -> Command:
    return command_for(agent, f"v{number}~1", issued_at_ms=ISSUED_MS, within_ms=WITHIN_MS)


@contextmanager
def running(
    topology: Topology, handlers: Mapping[AgentType, Handler], now_ms: Callable[[], int] = lambda: ISSUED_MS
) -> Iterator[tuple[AgentPool, queue.Queue[Reply]]]:
    """A pool with one thread, and what it replies."""
    replies: queue.Queue[Reply] = queue.Queue()
    log, codec = MemoryLog(), Codec(topology.limits)
    judge = MemoryJudge(topology, codec, log, now_ms=now_ms, hold=lambda _actor, _deadlines: None)
    activity = MemoryActivity(handlers, topology, log, now_ms, judge)
    pool = AgentPool(
        handlers,
        activity=activity,
        topology=topology,
        codec=codec,
        max_workers=1,
        now_ms=now_ms,
        reply=lambda reply, _: replies.put(reply),
    )
    pool.start()
    yield pool, replies
    pool.stop()


def kind_and_message(failure: Failure | None) -> tuple[FailureKind, str] | None:
    return None if failure is None else (failure.kind, failure.message)


async def waiting_for_a_cancelled_task(_task: Task) -> None:
    own = asyncio.create_task(asyncio.sleep(PATIENCE_S))
    own.cancel()
    await own


async def cancelling_itself(_task: Task) -> None:
    running = asyncio.current_task()
    assert running is not None
    running.cancel()
    await asyncio.sleep(PATIENCE_S)


def handing_on(task: Task) -> Any:
    return waiting_for_a_cancelled_task(task)


@pytest.mark.parametrize("handler", [waiting_for_a_cancelled_task, cancelling_itself, handing_on])
def test_a_handler_that_is_cancelled_fails_and_its_thread_goes_on(handler: Handler, topology: Topology) -> None:
    handlers: dict[AgentType, Handler] = {AgentType.DIAGNOSIS: handler, AgentType.FEEDBACK: lambda _: {}}
    with running(topology, handlers) as (pool, replies):
        pool.put(command(AgentType.DIAGNOSIS, 0), None)
        pool.put(command(AgentType.FEEDBACK, 1), None)
        answers = [replies.get(timeout=PATIENCE_S) for _ in range(2)]

    assert [(FailureKind.RETRYABLE, "the handler was cancelled"), None] == [
        kind_and_message(reply.failure) for reply in answers
    ]


def test_a_command_past_its_deadline_is_not_handled(topology: Topology) -> None:
    now_ms = ISSUED_MS
    handled: list[str] = []
    begun, gate = threading.Event(), threading.Event()

    def handler(task: Task) -> None:
        handled.append(task.vehicle_id)
        begun.set()
        gate.wait(PATIENCE_S)

    with running(topology, {AgentType.DIAGNOSIS: handler}, lambda: now_ms) as (pool, replies):
        pool.put(command(AgentType.DIAGNOSIS, 0), None)
        pool.put(command(AgentType.DIAGNOSIS, 1), None)
        assert begun.wait(PATIENCE_S)
        now_ms += WITHIN_MS + 1  # while the second waits for the only thread
        pool.put(command_for(AgentType.DIAGNOSIS, "v2~1", issued_at_ms=now_ms), None)
        gate.set()
        answers = [replies.get(timeout=PATIENCE_S) for _ in range(2)]

    assert ["v0", "v2"] == handled
    assert ["v0", "v2"] == [reply.vehicle_id for reply in answers]
