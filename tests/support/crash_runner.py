"""One life of an agent runner that may end at a crash point. Runs in a process of its own, see ``crash_process.py``.

A case's record is the so-many-th of the batch's commands to come to the point.
"""

import logging
import os
import sys
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from master_orchestrator_agents.guard import Session
from master_orchestrator_agents.runner import poll_loop
from master_orchestrator_agents.runner.backlog import Backlog
from master_orchestrator_agents.runner.dedup import DeliveredReply
from master_orchestrator_agents.runner.lane_queues import QueuedCommand
from master_orchestrator_agents.runner.offsets import OffsetAndMetadata
from master_orchestrator_agents.runner.process import AgentSpec, run_agents
from master_orchestrator_agents.runner.replies import ReplySender
from master_orchestrator_agents.task import Task
from master_orchestrator_schemas.kafka import KafkaSettings
from master_orchestrator_schemas.messages import Reply
from master_orchestrator_schemas.places import Partition
from master_orchestrator_schemas.topology import Topology
from master_orchestrator_schemas.vocabulary import AgentType
from support.crash_hooks import CrashEvidence, CrashPlan, Killer
from support.crash_points import BatchPlace, CrashPoint

AGENT = AgentType.DATA_ANALYSIS
"""The first that a workflow asks: all commands of a batch come at once."""


def runner_life(kafka: KafkaSettings, topology: Topology, folder: Path, batch: int, plan: CrashPlan | None) -> None:
    """Answer the commands of one agent until it dies as planned, or is ended. ``batch``: commands per batch."""
    log = os.open(folder / "runner.log", os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    os.dup2(log, sys.stdout.fileno())
    os.dup2(log, sys.stderr.fileno())
    logging.basicConfig(level=logging.INFO)
    poll_loop.COMMIT_INTERVAL_S = 0.0
    counter = None if plan is None else Counter(Killer(plan, topology), plan.vehicles, batch)
    if counter is not None:
        _install(counter)

    def handler(task: Task) -> dict[str, Any]:
        if counter is not None:
            counter.come(CrashPoint.BEFORE_HANDLING, task.command_id)
        return {}

    run_agents([AgentSpec(AGENT, handler, max_workers=4)], kafka, topology, worker_id="crashing")


class Counter:
    """Counts the batch's commands as they come to the point of the case; it dies at the one that the case names."""

    def __init__(self, killer: Killer, prefix: str, batch: int) -> None:
        self._killer, self._prefix = killer, prefix
        self._fatal = (killer.case.place or BatchPlace.FIRST).of(batch) + 1
        self._lock = threading.Lock()
        self._come = 0

    def come(self, point: CrashPoint, command_id: str) -> None:
        """The command has come to ``point``."""
        if self._killer.case.point is not point or not command_id.startswith(self._prefix):
            return
        with self._lock:
            self._come += 1
            if self._come == self._fatal:
                self._killer.die(CrashEvidence(case=str(self._killer.case), commands=[command_id]))


def _install(counter: Counter) -> None:
    send, finished, committed = ReplySender.send, Backlog.completed, Backlog.committed
    replied: list[QueuedCommand] = []

    def watched_reply(self: ReplySender, entry: QueuedCommand, answer: Reply, session: Session) -> None:
        counter.come(CrashPoint.BEFORE_REPLY, entry.command.command_id)
        send(self, entry, answer, session)

    def watched_finished(self: Backlog, entry: QueuedCommand, reply: DeliveredReply | None = None) -> None:
        counter.come(CrashPoint.AFTER_REPLY, entry.command.command_id)
        finished(self, entry, reply)
        replied.append(entry)

    def watched_committed(self: Backlog, marks: Mapping[Partition, OffsetAndMetadata]) -> None:
        committed(self, marks)
        held = self._trackers
        below = {held[partition]: mark.offset for partition, mark in marks.items() if partition in held}
        for entry in [entry for entry in replied if entry.offset < below.get(entry.tracker, 0)]:
            replied.remove(entry)
            counter.come(CrashPoint.AFTER_OFFSETS, entry.command.command_id)

    ReplySender.send = watched_reply  # type: ignore[assignment, method-assign]  # this process is the test's own, here and below
    Backlog.completed = watched_finished  # type: ignore[method-assign]
    Backlog.committed = watched_committed  # type: ignore[method-assign]
