"""The whole system on this machine, as `up` and the demo run it: broker, workers, load, in this order."""

from collections.abc import Sequence
from dataclasses import dataclass

from master_orchestrator.cluster.broker import EmbeddedKafka
from master_orchestrator.supervision.services import Broker, Program, Service, command_line

BROKER_STAGE, WORKER_STAGE, LOAD_STAGE = range(3)
LOAD = "load"


@dataclass(frozen=True)
class LocalSystem:
    """Which processes to run, and what they are told.

    `broker` is None where another Kafka is used; `options` are the children's top-level options (topology, data
    folder, log level); `engine`, `agents`, `ueba` and `load` are arguments of their commands, `load` with its
    command's name.
    """

    bootstrap_servers: str
    broker: EmbeddedKafka | None = None
    options: Sequence[str] = ()
    engine: Sequence[str] = ()
    agents: Sequence[str] = ()
    ueba: Sequence[str] = ()
    load: Sequence[str] = ()

    def stages(self) -> list[list[Service]]:
        """Services in the order of their start; the first stage is empty without a broker of ours."""
        return [
            [Broker(self.broker)] if self.broker else [],
            [
                self._program("engine", "engine", *self.engine),
                self._program("agents", "agents", *self.agents),
                self._program("ueba", "ueba", "run", *self.ueba),
            ],
            [self._program(LOAD, *self.load, finite=True)] if self.load else [],
        ]

    def _program(self, name: str, *arguments: str, finite: bool = False) -> Program:
        told = {"KAFKA_BOOTSTRAP_SERVERS": self.bootstrap_servers}
        return Program(name, command_line(*self.options, *arguments), environment=told, finite=finite)
