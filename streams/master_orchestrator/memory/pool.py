"""A pool of threads that works on commands, urgent lanes first, with ageing."""

import asyncio
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping

import msgspec
import structlog

from master_orchestrator.memory.activity import MemoryActivity
from master_orchestrator_agents.errors import InvalidResultError
from master_orchestrator_agents.guard import Session
from master_orchestrator_agents.handler import Handler, failure_reply
from master_orchestrator_agents.runner.agent_runner import DRAIN_S
from master_orchestrator_agents.runner.execution import expired, run
from master_orchestrator_agents.runner.lane_picker import LanePicker
from master_orchestrator_schemas.codec import Codec, EncodeError
from master_orchestrator_schemas.messages import Command, Reply
from master_orchestrator_schemas.topology import Topology
from master_orchestrator_schemas.tracing import Tracing
from master_orchestrator_schemas.vocabulary import AgentType, Lane

log = structlog.stdlib.get_logger(__name__)


class Queued(msgspec.Struct, frozen=True, kw_only=True):
    """A command as it would stand on its topic, and since when (ms)."""

    value: bytes
    since_ms: int
    traceparent: str | None


class AgentPool:
    """``max_workers`` threads shared by all agents; each lane is first in, first out.

    Priorities compare across agents, so there is one set of four lanes, not one per agent. Async handlers share one
    event loop, so that what they open on it (sessions, connections) may be kept between calls.
    """

    def __init__(
        self,
        handlers: Mapping[AgentType, Handler],
        *,
        topology: Topology,
        codec: Codec,
        max_workers: int,
        now_ms: Callable[[], int],
        reply: Callable[[Reply, str | None], None],
        activity: MemoryActivity,
        tracing: Tracing | None = None,
    ) -> None:
        self._handlers = dict(handlers)
        self._codec = codec
        self._now_ms = now_ms
        self._reply = reply
        self._activity, self._tracing = activity, tracing
        self._picker = LanePicker(topology.lanes)
        self._lanes: dict[Lane, deque[Queued]] = {lane: deque() for lane in Lane}
        self._waiting = threading.Condition()
        self._stopping = False
        self._loop = asyncio.new_event_loop()
        self._loop_thread = threading.Thread(target=self._loop.run_forever, name="memory-async", daemon=True)
        self._threads = [
            threading.Thread(target=self._work, name=f"embedded-{number}", daemon=True) for number in range(max_workers)
        ]

    def start(self) -> None:
        """Start the threads."""
        self._loop_thread.start()
        for thread in self._threads:
            thread.start()

    def put(self, command: Command, traceparent: str | None) -> None:
        """Queue a command on the lane of its priority."""
        queued = Queued(value=self._codec.encode(command), since_ms=self._now_ms(), traceparent=traceparent)
        with self._waiting:
            self._lanes[command.priority.lane].append(queued)
            self._waiting.notify()

    def stop(self) -> None:
        """Let running handlers finish and reply, leave queued commands alone, end the threads.

        A handler that takes longer than ``DRAIN_S`` is left to itself; its reply comes too late.
        """
        with self._waiting:
            self._stopping = True
            self._waiting.notify_all()
        until = time.monotonic() + DRAIN_S
        for thread in self._threads:
            thread.join(max(0.0, until - time.monotonic()))
        if abandoned := [thread.name for thread in self._threads if thread.is_alive()]:
            log.warning("handlers_abandoned", workers=abandoned, after_s=DRAIN_S)
            return
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._loop_thread.join()
        self._loop.close()

    def _work(self) -> None:
        while (queued := self._take()) is not None:
            command = self._codec.decode(queued.value, Command)
            session = self._activity.open(command)
            if expired(command, self._now_ms()):
                self._activity.close(command, session, None)
                continue
            reply = self._execute(command, session)
            self._activity.close(command, session, reply)
            try:
                self._reply(reply, queued.traceparent)
            except EncodeError as error:
                refused = InvalidResultError(f"the {command.agent} handler's result cannot be sent: {error}")
                reply = failure_reply(command, refused, worker=reply.worker)
                self._reply(reply, queued.traceparent)
            if self._tracing is not None:
                self._tracing.handled(command, reply, queued.traceparent)

    def _take(self) -> Queued | None:
        """Block until a command may be worked on; None when stopping."""
        with self._waiting:
            self._waiting.wait_for(lambda: self._stopping or any(self._lanes.values()))
            if self._stopping:
                return None
            oldest = {lane: queue[0].since_ms for lane, queue in self._lanes.items() if queue}
            lane = self._picker.pick(self._now_ms(), oldest)
            return self._lanes[lane].popleft() if lane is not None else None

    def _execute(self, command: Command, session: Session) -> Reply:
        (reply,) = run(
            self._handlers[command.agent],
            [command],
            worker=threading.current_thread().name,
            sessions=[session],
            loop=self._loop,
            abandoned=lambda: False,
        )
        return reply
