"""A runner whose place in the group another one has taken ends; it does not stay without partitions."""

import threading
from queue import Queue

import pytest
from support.agent_wire import AGENT, PATIENCE_S, AgentWire, command, running, wait_for_replies

from master_orchestrator_agents.errors import RunnerError
from master_orchestrator_agents.runner.agent_runner import AgentRunner

pytestmark = pytest.mark.kafka


def test_a_runner_whose_name_another_one_uses_ends(wire: AgentWire) -> None:
    first = AgentRunner(AGENT, lambda _: None, kafka=wire.kafka, topology=wire.topology, worker_id="w1")
    ended: Queue[RunnerError] = Queue()

    def run() -> None:
        try:
            first.run()
        except RunnerError as error:
            ended.put(error)

    thread = threading.Thread(target=run)
    thread.start()
    try:
        commands = [command(1, "v1")]
        wire.send(*commands)
        wait_for_replies(wire, commands)
        with running(wire, lambda _: None, worker_id="w1"):
            assert "fenced" in str(ended.get(timeout=PATIENCE_S))
    finally:
        first.stop()
        thread.join()
