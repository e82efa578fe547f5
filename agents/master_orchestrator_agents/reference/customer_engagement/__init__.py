"""CUSTOMER_ENGAGEMENT: tells the owner, within consent and quiet hours, and brings back an answer."""

from master_orchestrator_agents.reference.customer_engagement.agent import CustomerEngagementAgent
from master_orchestrator_agents.reference.ports import (
    Contact,
    Customer,
    CustomerDirectory,
    CustomerGateway,
    CustomerReply,
)
from master_orchestrator_schemas.vocabulary import Channel, Purpose

__all__ = [
    "Channel",
    "Contact",
    "Customer",
    "CustomerDirectory",
    "CustomerEngagementAgent",
    "CustomerGateway",
    "CustomerReply",
    "Purpose",
]
