"""What every command needs of its invocation: settings, the topology and a Kafka that answers, each made on demand."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import typer

if TYPE_CHECKING:  # so that --help is instant
    from master_orchestrator_schemas.kafka import KafkaSettings

    from master_orchestrator.settings import Settings
    from master_orchestrator_schemas.topology import Topology


class UsageError(Exception):
    """A user's mistake that only the command line can make; shown as one line, exit code 2."""


@dataclass
class Invocation:
    """The top-level options of one call, and what follows from them. Commands get it by `invocation(ctx)`."""

    options: dict[str, object] = field(default_factory=dict)
    bootstrap_servers: str | None = None

    @cached_property
    def settings(self) -> Settings:
        """MASTER_ORCHESTRATOR_* variables, with the top-level options before them."""
        from master_orchestrator.settings import Settings

        return Settings.model_validate({**Settings().model_dump(exclude_unset=True), **self.options})

    @cached_property
    def topology(self) -> Topology:
        """The topology to work with. Raises TopologyError."""
        from master_orchestrator_schemas.topology import load_topology

        return load_topology(self.settings.topology)

    @property
    def kafka_dir(self) -> Path:
        """Where the embedded broker keeps its data."""
        return self.settings.data_dir / "kafka"

    @cached_property
    def kafka(self) -> KafkaSettings:
        """How to reach Kafka: --bootstrap-servers, else KAFKA_*, else a running embedded broker, else the default."""
        from master_orchestrator_schemas.kafka import KafkaSettings

        if self.bootstrap_servers:
            return KafkaSettings(bootstrap_servers=self.bootstrap_servers)
        settings = KafkaSettings()
        if "bootstrap_servers" in settings.model_fields_set:
            return settings
        from master_orchestrator.cluster.broker import running_bootstrap_servers

        embedded = running_bootstrap_servers(self.kafka_dir)
        return settings.model_copy(update={"bootstrap_servers": embedded}) if embedded else settings

    def reachable_kafka(self) -> KafkaSettings:
        """`kafka`, once a broker answers there. Raises BrokerUnreachableError after 10 s."""
        from master_orchestrator_schemas.kafka import admin_config

        from master_orchestrator.cluster.liveness import require_brokers

        require_brokers(admin_config(self.kafka))
        return self.kafka


def invocation(ctx: typer.Context) -> Invocation:
    """The invocation that the top-level callback left in the context."""
    found = ctx.find_object(Invocation)
    if found is None:
        raise UsageError("this command is run through the master-orchestrator command")
    return found
