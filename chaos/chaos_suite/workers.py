"""How the engines, the ueba workers, the runners and the workshops of a run are called."""

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from chaos_suite.dying import VARIABLE
from chaos_suite.members import Member
from chaos_suite.network import Network
from chaos_suite.programs import LoggedProgram
from master_orchestrator.supervision.services import command_line
from master_orchestrator_schemas.vocabulary import AgentType

ENGINES = ("engine-1", "engine-2", "engine-3")
JUDGES = ("judge-1", "judge-2")
RUNNERS_PER_TYPE = 2
DYING = "dying"
"""Where a run's handlers look for the order to die."""
CHAOS = Path(__file__).parents[1]


class Workers:
    """Makes members that meet at ``bootstrap_servers`` and work in ``folder``."""

    def __init__(self, folder: Path, bootstrap_servers: str, network: Network, seed: int) -> None:
        self._seed = seed
        self._logs, self._network = folder / "logs", network
        self._environment: Mapping[str, str] = {
            "KAFKA_BOOTSTRAP_SERVERS": bootstrap_servers,
            "MASTER_ORCHESTRATOR_TOPOLOGY": str(folder / "topology.yaml"),
            "MASTER_ORCHESTRATOR_DATA_DIR": str(folder / "data"),
            "MASTER_ORCHESTRATOR_LOG_FORMAT": "json",
            "PYTHONPATH": str(CHAOS),
            VARIABLE: str(folder / DYING),
        }

    def engine(self, name: str) -> Member:
        """An engine in a namespace of its own."""
        return self._member(name, [*self._network.prefix(name), *command_line("engine", "--worker", name)])

    def judge(self, name: str) -> Member:
        """A worker of the ueba app."""
        return self._member(name, command_line("ueba", "run", "--worker", name))

    def runners(self, kind: AgentType) -> dict[str, Member]:
        """The runners of one type, with the handlers of :mod:`chaos_suite.agents`."""
        handler = f"{kind}=chaos_suite.agents:{kind.lower()}"
        called = ("agents", kind.lower(), "--handler", handler, "--worker")
        return {name: self._member(name, command_line(*called, name)) for name in runner_names(kind)}

    def workshops(self) -> Member:
        """All workshops, one program."""
        command = [sys.executable, "-m", "chaos_suite.workshops", "--seed", str(self._seed)]
        return self._member("workshops", command)

    def _member(self, name: str, command: Sequence[str]) -> Member:
        program = LoggedProgram(command, self._environment, self._logs / f"{name}.log")
        return Member(name, program, program.launch)


def runner_names(kind: AgentType) -> list[str]:
    """`data-analysis-1`, `data-analysis-2`."""
    return [f"{kind.lower().replace('_', '-')}-{number}" for number in range(1, RUNNERS_PER_TYPE + 1)]
