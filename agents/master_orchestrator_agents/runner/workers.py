"""The threads that run the handler, and the event loop of an async one."""

import asyncio
import threading
from collections.abc import Sequence
from concurrent.futures import CancelledError

import structlog

from master_orchestrator_agents.errors import RunnerKilledError
from master_orchestrator_agents.guard import Session
from master_orchestrator_agents.handler import BatchHandler, Handler, failure_reply, is_async
from master_orchestrator_agents.runner.activity import ActivityWriter
from master_orchestrator_agents.runner.backlog import Backlog
from master_orchestrator_agents.runner.broker_clock import BrokerClock
from master_orchestrator_agents.runner.execution import expired, run
from master_orchestrator_agents.runner.handling_time import HandlingTime
from master_orchestrator_agents.runner.helping import Helping
from master_orchestrator_agents.runner.lane_queues import QueuedCommand
from master_orchestrator_agents.runner.metrics import RunnerMetrics
from master_orchestrator_agents.runner.quarantine.commit_metadata import QUARANTINE_AFTER
from master_orchestrator_agents.runner.replies import ReplySender
from master_orchestrator_schemas.messages import Command, Reply

log = structlog.stdlib.get_logger(__name__)


class WorkerPool:
    """``count`` threads that take commands, run the handler and send the replies.

    Daemon threads, since a handler cannot be stopped from outside: one that outlives the drain ends with the process,
    its command uncommitted. An async handler runs on one event loop; the threads only wait for it.
    """

    def __init__(
        self,
        handler: Handler,
        count: int,
        *,
        worker_id: str,
        backlog: Backlog,
        replies: ReplySender,
        activity: ActivityWriter,
        metrics: RunnerMetrics,
        clock: BrokerClock,
        handling_time: HandlingTime,
    ) -> None:
        self._handler = handler
        self._worker_id = worker_id
        self._backlog = backlog
        self._replies = replies
        self._activity = activity
        self._metrics = metrics
        self._clock = clock
        self._handling_time = handling_time
        self._loop: asyncio.AbstractEventLoop | None = None
        self._abandoned = threading.Event()
        self._count = count
        self._threads: list[threading.Thread] = []
        self._helpings = [Helping(()) for _ in range(count)]
        self.error: BaseException | None = None

    def start(self) -> None:
        """Start to take commands."""
        if is_async(self._handler):
            self._loop = asyncio.new_event_loop()
            name = f"{self._worker_id}-loop"
            threading.Thread(target=self._run, args=(self._loop,), name=name, daemon=True).start()
        for number in range(self._count):
            name = f"{self._worker_id}-{number}"
            thread = threading.Thread(target=self._serve, args=(number,), name=name, daemon=True)
            self._threads.append(thread)
            thread.start()

    def abandon(self, timeout: float) -> None:
        """Wait for handlers ``timeout`` seconds at most in all; async ones are cancelled."""
        self._abandoned.set()
        if self._loop is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(_cancel_all, self._loop)
        for thread in self._threads:
            thread.join(timeout / len(self._threads))
        if self._loop is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._loop.stop)

    def _run(self, loop: asyncio.AbstractEventLoop) -> None:
        try:
            loop.run_forever()
        except BaseException as error:  # noqa: BLE001  kept for the poll thread: a handler's own task may end the loop
            self.error = error
        finally:
            loop.close()

    def put_back_waiting(self) -> None:
        """Queue again what waits behind a command that turned out to be slow. Belongs to the poll thread."""
        for helping in self._helpings:
            if helping.is_late():
                self._backlog.put_back(helping.take_back())
                self._backlog.handled(helping.take_handled())

    def _serve(self, number: int) -> None:
        try:
            while entries := self._backlog.take():
                if isinstance(self._handler, BatchHandler):
                    self._handle(entries)
                    self._backlog.handled(entries)
                else:
                    self._help(number, entries)
        except CancelledError:
            log.info("handler_abandoned", worker=self._worker_id)
        except BaseException as error:  # noqa: BLE001  kept for the poll thread, which raises it
            self.error = error

    def _help(self, number: int, entries: list[QueuedCommand]) -> None:
        """Handle commands one after the other."""
        helping = self._helpings[number] = Helping(entries)
        while (entry := helping.next()) is not None:
            self._handle([entry])
            helping.handled.append(entry)
        self._backlog.handled(helping.take_handled(), helping.age_s())

    def _handle(self, entries: list[QueuedCommand]) -> None:
        live = [entry for entry in entries if not self._expired(entry) and not self._is_quarantined(entry)]
        if live:
            for entry in live:
                waited_s = (self._clock.now_ms() - entry.since_ms) / 1000
                self._metrics.waited(entry.lane, waited_s, entry.traceparent)
            sessions = [self._activity.open(entry.command) for entry in live]
            replies = self._execute([entry.command for entry in live], sessions)
            self._handling_time.observe(replies[0].handled_in_ms)
            for entry, reply, session in zip(live, replies, sessions, strict=True):
                self._replies.send(entry, reply, session)

    def _expired(self, entry: QueuedCommand) -> bool:
        """A command that cannot be answered by its deadline is skipped: the engine does not take the answer.

        Under overload the oldest command always has almost no time left: to handle it would leave none for the others.
        """
        handling_ms = self._handling_time.expected_ms
        past = self._clock.is_past(entry.command.deadline_ms - handling_ms)
        if not past or not expired(entry.command, self._clock.now_ms(), handling_ms):
            return False
        self._metrics.skipped(entry.lane, "deadline_passed")
        self._replies.skip(entry)
        return True

    def _is_quarantined(self, entry: QueuedCommand) -> bool:
        """A command that crashes its runners is answered as failed without its handler; the engine's retries go on."""
        if not entry.tracker.metadata.is_quarantined(entry.offset):
            return False
        log.error("command_quarantined", command=entry.command.command_id, lane=entry.lane, offset=entry.offset)
        self._metrics.skipped(entry.lane, "killed_its_runner")
        killer = RunnerKilledError(
            f"{QUARANTINE_AFTER} runners crashed while this command ran alone: look at what ended their processes, and "
            "run its payload with AgentHarness in a process of its own"
        )
        failure = failure_reply(entry.command, killer, worker=self._worker_id)
        self._replies.send(entry, failure, self._activity.open(entry.command))
        return True

    def _execute(self, commands: Sequence[Command], sessions: Sequence[Session]) -> list[Reply]:
        return run(
            self._handler,
            commands,
            worker=self._worker_id,
            sessions=sessions,
            loop=self._loop,
            abandoned=self._abandoned.is_set,
        )


def _cancel_all(loop: asyncio.AbstractEventLoop) -> None:
    for task in asyncio.all_tasks(loop):
        task.cancel()
