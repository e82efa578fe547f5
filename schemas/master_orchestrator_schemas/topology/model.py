"""The whole of ``topology.yaml``, and the names and plans that follow from it."""

import hashlib
from collections.abc import Mapping
from typing import Annotated, Literal, Self

from pydantic import Field, PrivateAttr, StringConstraints

from master_orchestrator_schemas.limits import Compression, Limits
from master_orchestrator_schemas.registry import INPUTS, OUTPUTS, UEBA_INPUTS, UEBA_OUTPUTS
from master_orchestrator_schemas.topology import plans
from master_orchestrator_schemas.topology.apps import AppNames
from master_orchestrator_schemas.topology.conduct import CharterLine, Charters, ResourceName, ResourceTerms, UebaTerms
from master_orchestrator_schemas.topology.plans import TopicPlan
from master_orchestrator_schemas.topology.service_plans import ServicePlanTerms
from master_orchestrator_schemas.topology.terms import (
    AgentTerms,
    CommandTerms,
    ConversationTerms,
    EpisodeTerms,
    LaneTerms,
    LearningTerms,
    RetryTerms,
    ServiceTerms,
    TopicName,
    TopicTerms,
    UrgencyLine,
    VehicleTerms,
)
from master_orchestrator_schemas.triage_rules import TriageTerms
from master_orchestrator_schemas.units import Terms
from master_orchestrator_schemas.vocabulary import ActorKind, AgentType, Lane

Name = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9-]{0,60}$")]

UEBA_TABLE = "actors"


class Topology(Terms):
    """Topics, agents, lanes, retries, time-outs, triage and terms of retention.

    Loaded by ``load_topology``, which checks it. ``topics`` is keyed by the real topic name, prefix included.
    """

    version: Literal[1]
    app_id: Name
    table: Name
    partitions: int = Field(ge=1, le=1_000)
    topics: Mapping[TopicName, TopicTerms]
    commands: CommandTerms
    agents: Mapping[AgentType, AgentTerms]
    lanes: Mapping[Lane, LaneTerms]
    retry: RetryTerms
    episodes: EpisodeTerms
    conversation: ConversationTerms = Field(default_factory=ConversationTerms)
    learning: LearningTerms = Field(default_factory=LearningTerms)
    vehicle: VehicleTerms = Field(default_factory=VehicleTerms)
    urgency: Annotated[tuple[UrgencyLine, ...], Field(min_length=1, max_length=64)]
    service: ServiceTerms
    service_plans: ServicePlanTerms = Field(default_factory=ServicePlanTerms)
    triage: TriageTerms
    limits: Limits = Field(default_factory=Limits)
    compression: Compression = "zstd"
    resources: Mapping[ResourceName, ResourceTerms] = Field(default_factory=dict)
    charters: Charters = Field(default_factory=dict)
    ueba: UebaTerms = Field(default_factory=UebaTerms)

    _prefix: str = PrivateAttr(default="")

    def with_prefix(self, prefix: str) -> Self:
        """The same system next to another on one cluster: all topic names and the app id begin with ``prefix``."""
        topics = {prefix + name: terms for name, terms in self.topics.items()}
        copy = self.model_copy(update={"topics": topics, "app_id": prefix + self.app_id})
        copy._prefix = prefix + self._prefix
        return copy

    def topic_of(self, schema: str) -> str:
        """The one topic whose values have this schema (not for Command, which has 24). Raises ``KeyError``."""
        for name, terms in self.topics.items():
            if terms.schema_name == schema:
                return name
        raise KeyError(schema)

    @property
    def input_topics(self) -> tuple[str, ...]:
        """The engine's inputs in rank order: at equal timestamps the earlier goes first."""
        return tuple(self.topic_of(schema) for schema in INPUTS)

    @property
    def output_topics(self) -> tuple[str, ...]:
        """Audit, status, alerts and dead letters; not the command topics."""
        return (*(self.topic_of(schema) for schema in OUTPUTS), self.dead_letter_topic)

    @property
    def ueba_input_topics(self) -> tuple[str, ...]:
        """The inputs of the judge of behaviour in rank order."""
        return tuple(self.topic_of(schema) for schema in UEBA_INPUTS)

    @property
    def ueba_output_topics(self) -> tuple[str, ...]:
        """Trail, entities and controls; not the alerts and dead letters, which it shares with the engine."""
        return tuple(self.topic_of(schema) for schema in UEBA_OUTPUTS)

    def charter_of(self, actor: str) -> tuple[CharterLine, ...] | None:
        """The charter of an actor by its name on the wire, else that of its kind; None without one."""
        kind, _, name = actor.partition(":")
        of_agent = self.charters.get(name) if kind == ActorKind.AGENT else None
        return of_agent or self.charters.get(actor) or self.charters.get(f"{kind}:*")

    @property
    def dead_letter_topic(self) -> str:
        """Where records go that cannot be read: the one topic without a schema."""
        return next(name for name, terms in self.topics.items() if terms.schema_name is None)

    def command_topic(self, agent: AgentType, lane: Lane) -> str:
        """``agent.<type>.<lane>``."""
        return f"{self._prefix}agent.{_plain(agent)}.{lane.value}"

    def agent_group(self, agent: AgentType) -> str:
        """The consumer group of all runners of a type."""
        return f"{self.app_id}-agent-{_plain(agent)}"

    def time_to_reply_ms(self, agent: AgentType, lane: Lane) -> int:
        """From a command's issue to its deadline: the wait in its lane and the time to handle it."""
        return self.lanes[lane].max_wait_ms + self.agents[agent].reply_within_ms

    @property
    def command_topics(self) -> tuple[str, ...]:
        """All 24, by agent and lane."""
        return tuple(self.command_topic(agent, lane) for agent in AgentType for lane in Lane)

    @property
    def fingerprint(self) -> str:
        """Twelve hexadecimal digits that change with the topology."""
        return hashlib.sha256(self.model_dump_json().encode()).hexdigest()[:12]

    @property
    def engine_app(self) -> AppNames:
        """The engine's app."""
        return AppNames(self.app_id, self.table, self.input_topics)

    @property
    def ueba_app(self) -> AppNames:
        """The judge of behaviour's app."""
        return AppNames(f"{self.app_id}-ueba", UEBA_TABLE, self.ueba_input_topics)

    @property
    def apps(self) -> tuple[AppNames, AppNames]:
        """Both apps."""
        return self.engine_app, self.ueba_app

    @property
    def assignor_topics(self) -> frozenset[str]:
        """The leader topics of both apps."""
        return frozenset(app.assignor_topic for app in self.apps)

    @property
    def changelog_topic(self) -> str:
        """The changelog of the engine's table."""
        return self.engine_app.changelog_topic

    def topic_plans(self, replication: int = 1) -> tuple[TopicPlan, ...]:
        """Every topic of the system as it has to be on a cluster of at least ``replication`` brokers."""
        configs = {
            name: plans.engine_config(terms, self.limits, self.compression) for name, terms in self.topics.items()
        }
        command = plans.deleted(self.commands.retention_ms) | {
            "max.message.bytes": str(plans.input_record_bytes(self.limits))
        }
        configs |= dict.fromkeys(self.command_topics, command)
        configs |= {app.changelog_topic: plans.changelog_config() for app in self.apps}
        configs |= {topic: {"cleanup.policy": "delete"} for topic in sorted(self.assignor_topics)}
        return tuple(
            TopicPlan(
                name=name,
                partitions=1 if name in self.assignor_topics else self.partitions,
                replication=replication,
                config=config | plans.durable(replication),
            )
            for name, config in configs.items()
        )


def _plain(agent: AgentType) -> str:
    return agent.value.lower().replace("_", "-")
