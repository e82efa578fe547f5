"""``topology.yaml`` as a typed, checked, immutable model: the single source of truth of the system's shape."""

from master_orchestrator_schemas.topology.conduct import CharterLine, ResourceTerms, UebaTerms
from master_orchestrator_schemas.topology.loader import TopologyError, load_topology, parse_topology
from master_orchestrator_schemas.topology.model import Topology
from master_orchestrator_schemas.topology.plans import TopicPlan
from master_orchestrator_schemas.topology.terms import (
    AgentTerms,
    ConversationTerms,
    EpisodeTerms,
    LaneTerms,
    LearningTerms,
    RetryTerms,
    ServiceTerms,
    TopicTerms,
    UrgencyLine,
    VehicleTerms,
)

__all__ = [
    "AgentTerms",
    "CharterLine",
    "ConversationTerms",
    "EpisodeTerms",
    "LaneTerms",
    "LearningTerms",
    "ResourceTerms",
    "RetryTerms",
    "ServiceTerms",
    "TopicPlan",
    "TopicTerms",
    "Topology",
    "TopologyError",
    "UebaTerms",
    "UrgencyLine",
    "VehicleTerms",
    "load_topology",
    "parse_topology",
]
