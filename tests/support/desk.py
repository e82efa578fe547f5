"""A backlog fed and emptied by hand."""

import threading
import time

from master_orchestrator_agents.runner.backlog import Backlog
from master_orchestrator_agents.runner.lane_queues import QueuedCommand
from master_orchestrator_agents.runner.quarantine.isolation import Isolation
from master_orchestrator_schemas.messages import Command
from master_orchestrator_schemas.places import Partition
from master_orchestrator_schemas.topology import Topology
from master_orchestrator_schemas.vocabulary import AgentType, Lane
from support.commands import command_for

TOPICS = {f"agent.diagnosis.{lane}": lane for lane in Lane}


def command(number: int, vehicle_id: str, lane: Lane) -> Command:
    return command_for(AgentType.DIAGNOSIS, f"{vehicle_id}~{number}", priority=lane.priority)


class Desk:
    """A backlog with one partition per lane, fed by hand."""

    def __init__(
        self, topology: Topology, batch_size: int = 1, *, isolation: Isolation | None = None, metadata: str = ""
    ) -> None:
        """``metadata``: what the last holders of all partitions left."""
        self.now = 0.0
        self.metadata = metadata
        self.backlog = Backlog(
            topology.lanes,
            TOPICS,
            lambda: 0,
            batch_size,
            isolation=isolation or Isolation(),
            monotonic=lambda: self.now,
        )
        self.offsets = dict.fromkeys(Lane, 0)

    def fetch(self, number: int, vehicle_id: str, lane: Lane = Lane.ROUTINE, *, size: int = 100) -> bool:
        offset = self.offsets[lane]
        self.offsets[lane] += 1
        partition = Partition(f"agent.diagnosis.{lane}", 0)
        if self.backlog.not_acquired([partition]):
            self.backlog.acquire(partition, offset, self.metadata)
            self.commit()
        tracker = self.backlog.fetched(partition, offset)
        entry = QueuedCommand(command(number, vehicle_id, lane), lane, 0, offset, tracker, size)
        is_new = self.backlog.add(entry).is_new
        self.backlog.wake()
        return is_new

    def take(self) -> QueuedCommand:
        (entry,) = self.backlog.take()
        return entry

    def wait(self) -> list[QueuedCommand]:
        """A worker that finds nothing, waits, and later takes into the list."""
        taken: list[QueuedCommand] = []
        worker = threading.Thread(target=lambda: taken.extend(self.backlog.take()), daemon=True)
        worker.start()
        while not self.backlog.idle:
            time.sleep(0.001)
        self.worker = worker
        return taken

    def try_one(self) -> None:
        """The waiting worker gets a command on trial, once that is committed."""
        assert self.backlog.select_isolated()
        self.commit()
        self.backlog.start_isolated()
        self.worker.join(timeout=10)

    def commit(self) -> list[str]:
        """Commit all there is to commit; the texts that went along."""
        marks = self.backlog.take_commits()
        self.backlog.committed(marks)
        return [mark.metadata for mark in marks.values()]

    def commits(self) -> dict[Lane, int]:
        return {TOPICS[topic]: mark.offset for (topic, _), mark in self.backlog.take_commits().items()}


def vehicles(entries: list[QueuedCommand]) -> list[str]:
    return [entry.command.vehicle_id for entry in entries]
