"""A command that kills its runner is found and quarantined after a bounded number of crashes; no other is suspected."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.agent_wire import AgentWire, command, wait_for_replies, wait_until

from master_orchestrator_agents.runner.quarantine.commit_metadata import ISOLATE_AFTER, QUARANTINE_AFTER
from master_orchestrator_schemas.vocabulary import FailureKind, Lane

pytestmark = pytest.mark.kafka

MORTAL_AGENT = Path(__file__).parent / "mortal_agent_process.py"


class MortalAgent:
    """An agent under a supervisor, with the notes of its lives."""

    def __init__(self, wire: AgentWire, folder: Path) -> None:
        self.folder = folder
        prefix = wire.topology.app_id.removesuffix("master-orchestrator")
        arguments = [prefix, str(wire.topology.partitions), str(folder), "w"]
        self.process = subprocess.Popen(
            [sys.executable, str(MORTAL_AGENT), *arguments],
            env={**os.environ, "KAFKA_BOOTSTRAP_SERVERS": wire.kafka.bootstrap_servers},
            start_new_session=True,
        )

    def lives(self) -> list[int]:
        return [int(line) for line in self._notes("lives")]

    def started(self, pid: int) -> list[str]:
        """What the life ``pid`` has started."""
        return [line.partition(":")[2] for line in self._notes("started") if line.startswith(f"{pid}:")]

    def starts(self) -> Counter[str]:
        return Counter(line.partition(":")[2] for line in self._notes("started"))

    def end(self) -> None:
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()

    def _notes(self, name: str) -> list[str]:
        notes = self.folder / name
        return notes.read_text().split() if notes.exists() else []


@pytest.fixture
def agent(wire: AgentWire, tmp_path: Path) -> Iterator[MortalAgent]:
    agent = MortalAgent(wire, tmp_path)
    yield agent
    agent.end()


def failures(wire: AgentWire) -> dict[str, str]:
    return {reply.command_id: reply.failure.error for reply in wire.replies() if reply.failure is not None}


def test_a_command_that_kills_its_runner_is_set_aside_and_its_partition_goes_on(
    wire: AgentWire, agent: MortalAgent
) -> None:
    killer = command(0, "killer")
    innocent = [command(0, f"v{n}", lane) for n in range(12) for lane in (Lane.ROUTINE, Lane.URGENT)]
    wire.send(*innocent[:12], killer, *innocent[12:], partition=0)

    wait_for_replies(wire, [killer, *innocent])
    wait_until(lambda: wire.committed() == 25, "all commits")

    deaths = ISOLATE_AFTER + QUARANTINE_AFTER
    assert failures(wire) == {killer.command_id: "RunnerKilledError"}
    assert {r.failure.kind for r in wire.replies() if r.failure is not None} == {FailureKind.RETRYABLE}
    assert agent.starts()[killer.command_id] <= deaths + 1  # that of its neighbours may be mistaken for progress once
    assert len(agent.lives()) == agent.starts()[killer.command_id] + 1

    again = command(1, "killer")  # as the engine sends it, after its wait
    wire.send(again, *(later := [command(1, f"v{n}") for n in range(6)]), partition=0)
    wait_for_replies(wire, [again, *later])

    assert failures(wire).keys() == {killer.command_id, again.command_id}
    assert agent.starts()[again.command_id] == QUARANTINE_AFTER  # it is on trial at once


def test_kill_nine_again_and_again_blames_nobody(wire: AgentWire, agent: MortalAgent) -> None:
    slow = [command(0, f"slow-{n}") for n in range(6)]
    wire.send(*slow, partition=0)

    for life in range(ISOLATE_AFTER + QUARANTINE_AFTER - 1):
        wait_until(lambda n=life: len(agent.lives()) > n, "the next life")  # type: ignore[misc]  # bound per turn
        pid = agent.lives()[life]
        wait_until(lambda pid=pid: agent.started(pid), "a command in hand")  # type: ignore[misc]  # the same
        os.kill(pid, signal.SIGKILL)
    (agent.folder / "go").touch()

    wait_for_replies(wire, slow)
    assert {} == failures(wire)
    assert wire.replied() == dict.fromkeys([each.command_id for each in slow], 1)
    assert agent.process.poll() is None
