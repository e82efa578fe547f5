"""What has to hold of charters: known actors, known resources, and no action on a resource in two lines."""

from collections.abc import Iterator, Mapping
from difflib import get_close_matches

from master_orchestrator_schemas.topology.conduct import CharterLine, ResourceTerms
from master_orchestrator_schemas.vocabulary import Action, ActorKind, AgentType

Problem = tuple[tuple[str, ...], str]

OUTSIDE = (ActorKind.OPERATOR, ActorKind.CLIENT, ActorKind.WORKSHOP, ActorKind.GATEWAY)
"""Kinds of actors whose charters are named ``kind:name`` or ``kind:*``."""

BY_THE_HOUR = tuple(f"{kind}:" for kind in (ActorKind.OPERATOR, ActorKind.CLIENT))
_PER_HOUR = "only acts of operators and clients are counted by the hour; remove it, or of an agent write per_command"


def conduct_problems(
    resources: Mapping[str, ResourceTerms], charters: Mapping[str, tuple[CharterLine, ...]]
) -> Iterator[Problem]:
    """Everything that is wrong with the charters, in the file's order."""
    for actor, lines in charters.items():
        path = ("charters", actor)
        if not _is_actor(actor):
            yield path, f"is not an actor; {_nearest_actor(actor)}"
            continue  # what its lines may say depends on the actor
        first: dict[tuple[Action, str], int] = {}
        for number, line in enumerate(lines):
            here = (*path, str(number))
            for resource in dict.fromkeys(line.of):
                if resource not in resources:
                    yield (*here, "of"), f"{resource} is not in resources; {nearest(resource, resources)}"
            yield from _hidden(here, number, line, first)
            if line.scope == "own_vehicle" and not _works_for_vehicles(actor):
                yield (*here, "scope"), "only agents have a command with a vehicle; remove it"
            if line.per_command is not None and not _works_for_vehicles(actor):
                yield (*here, "per_command"), "only agents have commands; write per_hour"
            if line.per_hour is not None and not actor.startswith(BY_THE_HOUR):
                yield (*here, "per_hour"), _PER_HOUR


def nearest(name: str, known: Mapping[str, object]) -> str:
    """What to write instead of an unknown name."""
    close = get_close_matches(name, known, n=3, cutoff=0.5)
    return f"write {' or '.join(close)}" if close else f"add it there, or write one of {', '.join(sorted(known))}"


def _hidden(
    here: tuple[str, ...], number: int, line: CharterLine, first: dict[tuple[Action, str], int]
) -> Iterator[Problem]:
    """The first line with an action on a resource decides about it, so a second one would never be looked at."""
    for pair in line.pairs:
        known = first.setdefault(pair, number)
        again = known == number and line.pairs.count(pair) > 1
        if known != number or again:
            action, resource = pair
            where = "twice in this line" if again else f"allowed by its entry {known} already, which hides this one"
            yield here, f"{action.lower()} of {resource} is {where}; remove it from one of them"
            return


def _works_for_vehicles(actor: str) -> bool:
    return actor in AgentType.__members__


def _is_actor(actor: str) -> bool:
    kind, colon, name = actor.partition(":")
    return _works_for_vehicles(actor) or (bool(colon) and kind in OUTSIDE and bool(name))


def _nearest_actor(actor: str) -> str:
    close = get_close_matches(actor.upper(), AgentType.__members__, n=1, cutoff=0.5)
    if close:
        return f"write {close[0]}"
    return f"write an agent type ({', '.join(AgentType)}), or operator:NAME, client:NAME, workshop:NAME, gateway:NAME"
