"""An agent in a process of its own, for tests to stop, kill and wake."""

import os
import signal
import subprocess
import sys
from pathlib import Path

from support.agent_wire import PATIENCE_S, AgentWire

SLOW_AGENT = Path(__file__).parents[1] / "agents" / "slow_agent_process.py"


class AgentProcess:
    """An agent process whose handler notes each command it starts, and ends it once the file ``go`` is there.

    Commands of vehicle ``quick`` do not wait. Processes of the same worker id note in the same file.
    """

    def __init__(self, wire: AgentWire, folder: Path, worker_id: str) -> None:
        self.started_file = folder / f"started-{worker_id}"
        self.go = folder / "go"
        prefix = wire.topology.app_id.removesuffix("master-orchestrator")
        environment = {**os.environ, "KAFKA_BOOTSTRAP_SERVERS": wire.kafka.bootstrap_servers}
        arguments = [prefix, str(wire.topology.partitions), str(self.started_file), str(self.go), worker_id]
        self.process = subprocess.Popen([sys.executable, str(SLOW_AGENT), *arguments], env=environment)

    def started(self) -> list[str]:
        return self.started_file.read_text().split() if self.started_file.exists() else []

    def end(self, number: signal.Signals) -> int:
        self.process.send_signal(number)
        return self.process.wait(PATIENCE_S)
