"""``python -m bench_suite.fairness_runner TERMS``: one runner whose handler takes a known time and notes when it ran.

TERMS is a JSON object, see :class:`RunnerTerms`. SIGTERM ends it; then the notes are written, see :class:`RunnerNotes`.
"""

import json
import signal
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import msgspec

from master_orchestrator_agents import AgentRunner, Handler, Task, batch_handler
from master_orchestrator_agents.runner.backlog import Backlog
from master_orchestrator_agents.runner.dedup import Addition
from master_orchestrator_agents.runner.lane_queues import QueuedCommand
from master_orchestrator_schemas.kafka import KafkaSettings
from master_orchestrator_schemas.topology import load_topology
from master_orchestrator_schemas.vocabulary import AgentType


class RunnerTerms(msgspec.Struct, frozen=True):
    """What a runner is told. ``batch_size`` 1: a plain handler; ``handling_ms``: of a call, 0: it does nothing."""

    bootstrap_servers: str
    topology: str
    prefix: str
    agent: str
    workers: int
    handling_ms: float
    batch_size: int
    notes: str


class HandlerCall(msgspec.Struct, array_like=True):
    """One call of the handler; times in ms since 1970."""

    commands: list[str]
    begin_ms: float
    end_ms: float
    worker: int


class RunnerNotes(msgspec.Struct):
    """All calls, and when each command was taken into the runner's queues (ms since 1970)."""

    calls: list[HandlerCall] = []
    queued_ms: dict[str, float] = {}


class Diary:
    """The notes so far. Thread-safe."""

    def __init__(self, handling_ms: float) -> None:
        self.notes = RunnerNotes()
        self._handling_s = handling_ms / 1000

    def call(self, tasks: list[Task]) -> None:
        """Take the known time."""
        begin = time.time_ns()
        if self._handling_s:
            time.sleep(self._handling_s)
        end = time.time_ns()
        commands = [task.command_id for task in tasks]
        self.notes.calls.append(HandlerCall(commands, begin / 1e6, end / 1e6, threading.get_ident()))

    def watch(self, add: Callable[[Backlog, QueuedCommand], Addition]) -> Callable[[Backlog, QueuedCommand], Addition]:
        """Note each command that comes in by ``add``."""

        def noted(backlog: Backlog, entry: QueuedCommand) -> Addition:
            self.notes.queued_ms.setdefault(entry.command.command_id, time.time_ns() / 1e6)
            return add(backlog, entry)

        return noted

    def handler(self, batch_size: int) -> Handler:
        """A plain one, or one that takes batches of ROUTINE."""

        def plain(task: Task) -> None:
            self.call([task])

        def batch(tasks: list[Task]) -> list[None]:
            self.call(tasks)
            return [None] * len(tasks)

        return plain if batch_size == 1 else batch_handler(max_size=batch_size)(batch)  # type: ignore[arg-type]  # it is given lists


def main(terms: RunnerTerms) -> None:
    """Run until SIGTERM."""
    diary = Diary(terms.handling_ms)
    Backlog.add = diary.watch(Backlog.add)  # type: ignore[method-assign,assignment]  # nothing of the product tells this time
    runner = AgentRunner(
        AgentType(terms.agent),
        diary.handler(terms.batch_size),
        kafka=KafkaSettings(bootstrap_servers=terms.bootstrap_servers),
        topology=load_topology(Path(terms.topology)).with_prefix(terms.prefix),
        max_workers=terms.workers,
        worker_id="fairness",
    )
    signal.signal(signal.SIGTERM, lambda *_: runner.stop())
    runner.run()
    Path(terms.notes).write_bytes(msgspec.json.encode(diary.notes))


if __name__ == "__main__":
    main(msgspec.convert(json.loads(sys.argv[1]), RunnerTerms))
