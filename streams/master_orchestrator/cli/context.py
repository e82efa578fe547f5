"""What every command needs of its invocation: settings, the topology and a Kafka that answers, each made on demand."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from enum import Enum
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Literal, TypeVar

import typer

from master_orchestrator.errors import OrchestratorError

if TYPE_CHECKING:  # so that --help is instant
    from master_orchestrator.settings import Settings
    from master_orchestrator_agents.guard import Access
    from master_orchestrator_schemas.kafka import KafkaSettings
    from master_orchestrator_schemas.topology import Topology
    from master_orchestrator_schemas.topology.terms import SchemaName

E = TypeVar("E", bound=Enum)


class UsageError(OrchestratorError):
    """A user's mistake that only the command line can make; shown as one line."""


class AnswerIsNoError(OrchestratorError):
    """A command has done its work and the answer is no; shown as one line, exit code 1."""


class NothingSuchError(AnswerIsNoError, LookupError):
    """What was asked for by its id is not there: on record, an act that failed as NOT_FOUND."""


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

        settings = KafkaSettings()
        address = self._given_address()
        return settings.model_copy(update={"bootstrap_servers": address}) if address else settings

    @property
    def kafka_is_given(self) -> bool:
        """Whether an option, a variable, or a broker that runs in the data folder says which Kafka to use."""
        return self._given_address() is not None

    def reachable_kafka(self, *used: SchemaName | Literal["dead letters"]) -> KafkaSettings:
        """`kafka`, if a broker answers there and has the topics `used` (all by default): a reader may see no others.

        Raises KafkaUnavailableError at once if not.
        """
        topology = self.topology
        if not used:
            return self._reached([plan.name for plan in topology.topic_plans()])
        return self._reached(
            [topology.dead_letter_topic if name == "dead letters" else topology.topic_of(name) for name in used]
        )

    def bare_kafka(self) -> KafkaSettings:
        """`kafka`, if a broker answers there, whatever topics it has. Raises KafkaUnavailableError if none does."""
        return self._reached(())

    @contextmanager
    def on_record(
        self,
        action: str,
        resource: str,
        entity: str | None = None,
        by: str | None = None,
        details: str | None = None,
    ) -> Iterator[Access]:
        """The block is an act of the operator ``by`` (the user this process runs as), checked and put on record.

        ``details``: what it changes, for people.

        Raises CharterError if the operators' charter does not allow it, ControlledError if a control stops it for now,
        KafkaUnavailableError without the topic.
        """
        from master_orchestrator.client.activity import on_record
        from master_orchestrator.client.asking import this_user

        kafka = self.reachable_kafka("Activity")
        act = action, resource
        with on_record(kafka, self.topology, by or this_user(), act, entity=entity, details=details) as access:
            yield access

    def await_kafka(self, stopped: threading.Event) -> None:
        """Return once a broker answers and has the topology's topics, as long as it takes, or when `stopped` is set.

        Raises KafkaUnavailableError at once for what waiting does not mend: a wrong password, missing topics.
        """
        from master_orchestrator.errors import kafka_error
        from master_orchestrator_schemas.kafka import admin_config
        from master_orchestrator_schemas.kafka_reach import await_kafka

        names = [plan.name for plan in self.topology.topic_plans()]
        if (trouble := await_kafka(admin_config(self.kafka), names, stopped)) is not None:
            raise kafka_error(trouble)

    def _reached(self, topics: Sequence[str]) -> KafkaSettings:
        from master_orchestrator.cluster.liveness import require_kafka
        from master_orchestrator_schemas.kafka import admin_config

        self._log_errors_at_least()
        require_kafka(admin_config(self.kafka), topics)
        return self.kafka

    def at(self, bootstrap_servers: str) -> Invocation:
        """The same invocation on the Kafka at `bootstrap_servers`, with what was read."""
        there = Invocation(self.options, bootstrap_servers)
        there.settings, there.topology = self.settings, self.topology
        return there

    def child_options(self) -> list[str]:
        """The top-level options again, for a child process; Kafka's address goes by its variable."""
        return [word for key, value in self.options.items() for word in (f"--{key.replace('_', '-')}", str(value))]

    def _log_errors_at_least(self) -> None:
        """Where no log has been set up: errors alone, unless --log-level says more. Without it, logs go to stdout."""
        import logging

        from master_orchestrator.log_setup import configure_logging

        if not logging.getLogger().handlers:
            level_given = "log_level" in self.settings.model_fields_set
            quiet = self.settings.model_copy(update={} if level_given else {"log_level": "error"})
            configure_logging(quiet, program="master-orchestrator")

    def _given_address(self) -> str | None:
        from master_orchestrator.cluster.broker import running_bootstrap_servers

        return (
            self.bootstrap_servers
            or os.environ.get("KAFKA_BOOTSTRAP_SERVERS")
            or running_bootstrap_servers(self.kafka_dir)
        )


def invocation(ctx: typer.Context) -> Invocation:
    """The invocation that the top-level callback left in the context."""
    call = ctx.find_object(Invocation)
    if call is None:
        raise UsageError("this command is run through the master-orchestrator command")
    return call


def member_named(names: type[E], given: str, option: str) -> E:
    """The member called so, whatever the case. Raises :class:`UsageError`."""
    try:
        return names[given.upper()]
    except KeyError:
        raise UsageError(f"{option} {given!r} is not one of {', '.join(names.__members__)}") from None


def moment_before(age: str | None, option: str) -> int | None:
    """The time that lies that long ago, milliseconds since 1970 UTC. Raises :class:`UsageError`."""
    import time

    from master_orchestrator_schemas.units import parse_duration

    if age is None:
        return None
    try:
        return time.time_ns() // 1_000_000 - parse_duration(age)
    except ValueError as error:
        raise UsageError(f"{option}: {error}") from None
