"""What the shell offers when Tab is pressed: words of the vocabulary, and ids of workflows."""

from __future__ import annotations

from enum import Enum

MAX_OFFERED = 100


def states(begun: str) -> list[str]:
    """States that begin so."""
    from master_orchestrator_schemas.vocabulary import State

    return _members(State, begun)


def priorities(begun: str) -> list[str]:
    """Priorities that begin so."""
    from master_orchestrator_schemas.vocabulary import Priority

    return _members(Priority, begun)


def agent_types(begun: str) -> list[str]:
    """Agent types that begin so, as they are written on the command line."""
    from master_orchestrator_schemas.vocabulary import AgentType

    words = [agent.value.lower().replace("_", "-") for agent in AgentType]
    return [word for word in words if word.startswith(begun.lower())]


def workflow_ids(begun: str) -> list[str]:
    """Ids of workflows that begin so, at most ``MAX_OFFERED``; none where Kafka does not answer: a shell is not a place
    for errors.
    """
    from itertools import islice

    from master_orchestrator.cli.context import Invocation
    from master_orchestrator.errors import OrchestratorError
    from master_orchestrator.readers.statuses import read_newest

    call = Invocation()
    try:
        newest = read_newest(call.reachable_kafka("Status"), call.topology, prefix=begun)
    except OrchestratorError:
        return []
    return [status.workflow_id for status in islice(newest.matching(lambda _: True), MAX_OFFERED)]


def _members(names: type[Enum], begun: str) -> list[str]:
    """In lower case if what is there is so: a shell offers only what goes on from it."""
    words = [name.lower() if begun.islower() else name for name in names.__members__]
    return [word for word in words if word.startswith(begun)]
