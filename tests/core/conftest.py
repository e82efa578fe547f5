"""Fixtures of the core's tests: policies and a vehicle."""

import pytest
from support.core_vehicle import CoreVehicle, policy_of

from master_orchestrator.core.policy import Policy
from master_orchestrator_schemas.topology import Topology


@pytest.fixture(scope="session")
def policy(topology: Topology) -> Policy:
    """The repository's policy: no workshop feed, all agents."""
    return policy_of(topology)


@pytest.fixture(scope="session")
def feed_policy(topology: Topology) -> Policy:
    """The same with a workshop feed."""
    return policy_of(topology, feed=True)


@pytest.fixture
def vehicle(policy: Policy) -> CoreVehicle:
    """A vehicle of which nothing is known."""
    return CoreVehicle(policy)


@pytest.fixture
def fed_vehicle(feed_policy: Policy) -> CoreVehicle:
    """The same, where workshops report."""
    return CoreVehicle(feed_policy)
