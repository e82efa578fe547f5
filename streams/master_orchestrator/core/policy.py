"""The rules' figures, compiled once from ``topology.yaml`` for use per input."""

from collections.abc import Mapping
from typing import Self

import msgspec

from master_orchestrator.core.servicing.plans import ServicePlans
from master_orchestrator.core.triage import TriageRules, compile_rules
from master_orchestrator_schemas.topology import (
    ConversationTerms,
    EpisodeTerms,
    LearningTerms,
    ServiceTerms,
    Topology,
    UrgencyLine,
    VehicleTerms,
)
from master_orchestrator_schemas.vocabulary import AgentType, Priority

AUDIT_ROOM = 8 * 1024
"""Bytes kept free in an audit record for all but what an agent has answered."""


class AgentPolicy(msgspec.Struct, frozen=True):
    """Terms of one agent's step.

    ``time_to_reply_ms``: per priority of a command, from its issue to its deadline. ``closes_on_timeout``: no reply by
    the deadline is an answer too, not a failure.
    """

    enabled: bool
    time_to_reply_ms: Mapping[Priority, int]
    closes_on_timeout: bool


class Policy(msgspec.Struct, frozen=True):
    """All that ``step`` needs to know besides state and input. Durations in milliseconds.

    ``service_plans`` None: no vehicle has one. ``max_details_bytes``: of an audit record's details, so that the record
    fits into the topology's ``max_record``.
    """

    input_topics: tuple[str, ...]
    ranks: Mapping[str, int]
    triage: TriageRules
    agents: Mapping[AgentType, AgentPolicy]
    retry_waits_ms: tuple[int, ...]
    episodes: EpisodeTerms
    conversation: ConversationTerms
    learning: LearningTerms
    vehicle: VehicleTerms
    urgency: tuple[UrgencyLine, ...]
    service: ServiceTerms
    service_plans: ServicePlans | None
    max_details_bytes: int

    @classmethod
    def from_topology(cls, topology: Topology) -> Self:
        """The policy that ``topology.yaml`` describes."""
        topics = topology.input_topics
        return cls(
            input_topics=topics,
            ranks={topic: rank for rank, topic in enumerate(topics)},
            triage=compile_rules(topology.triage),
            agents={
                agent: AgentPolicy(
                    enabled=terms.enabled,
                    time_to_reply_ms={lane.priority: topology.time_to_reply_ms(agent, lane) for lane in topology.lanes},
                    closes_on_timeout=terms.on_timeout == "close",
                )
                for agent, terms in topology.agents.items()
            },
            retry_waits_ms=topology.retry.waits_ms,
            episodes=topology.episodes,
            conversation=topology.conversation,
            learning=topology.learning,
            vehicle=topology.vehicle,
            urgency=topology.urgency,
            service=topology.service,
            service_plans=ServicePlans.of_terms(topology.service_plans),
            max_details_bytes=topology.limits.max_record_bytes - AUDIT_ROOM,
        )

    def deadline_ms(self, step: AgentType, priority: Priority, issued_at_ms: int) -> int:
        """Until when the reply to a command issued then is waited for: see ``docs/fairness.md``."""
        return issued_at_ms + self.agents[step].time_to_reply_ms[priority]

    def cooldown_ms(self, priority: Priority) -> int:
        """How long a finding of this priority does not reopen."""
        return self.episodes.cooldown_ms[priority]

    def due_ms(self, priority: Priority) -> int:
        """Within what time of now an appointment of this priority has to begin."""
        return self.service.due_ms[priority]
