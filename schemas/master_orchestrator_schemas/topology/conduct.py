"""What actors may do: the sections ``resources``, ``charters`` and ``ueba`` of ``topology.yaml``."""

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, StringConstraints, WithJsonSchema

from master_orchestrator_schemas.units import Terms, shown
from master_orchestrator_schemas.vocabulary import Action, AgentType

ResourceName = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,60}$")]

CharterName = Annotated[str, StringConstraints(max_length=200)]
"""An agent type, or ``operator:ada``, ``operator:*``: a kind of actor from outside, and a name or all of it."""

MAX_LINES = 64


def _actions(value: Any) -> tuple[Action, ...]:
    words = (value,) if isinstance(value, str) else value
    known = {action.value.lower(): action for action in Action}
    if not isinstance(words, list | tuple) or not words:
        raise ValueError(f"{shown(value)} is not an action or a list of actions; write one of {', '.join(known)}")
    for word in words:
        if not isinstance(word, str) or word not in known:
            raise ValueError(f"{shown(word)} is not an action; write one of {', '.join(known)}")
    return tuple(known[word] for word in words)


def _names(value: Any) -> Any:
    return (value,) if isinstance(value, str) else value


_ACTION_WORD = {"type": "string", "enum": [action.value.lower() for action in Action]}
_NAME = {"type": "string", "pattern": r"^[a-z][a-z0-9_]{0,60}$"}


def _one_or_more(item: dict[str, Any]) -> WithJsonSchema:
    return WithJsonSchema({"anyOf": [item, {"type": "array", "items": item, "minItems": 1}]})


class ResourceTerms(Terms):
    """Something that actors read, write or send.

    Args:
        criticality: 1 to 10; how bad it is if somebody does with it what they should not.
        leaves: whether an act with it leaves the house and cannot be taken back.
        personal: whether it holds data about people.
    """

    criticality: int = Field(default=2, ge=1, le=10)
    leaves: bool = False
    personal: bool = False


class CharterLine(Terms):
    """One line of a charter: it allows these actions on these resources. What no line allows is denied.

    Args:
        may, of: actions and resources, one or a list of each.
        scope: ``own_vehicle``: only about the vehicle of the current command.
        rows: the most that one act may read or write.
        per_command: how often in one command, of each action on each resource.
        per_hour: how often in an hour, for operators and clients, whose acts no command explains. It is found
            afterwards, by the judge of behaviour, since no process knows of the others' acts.
        safety: in a command that is URGENT, or about a vehicle that is not safe to drive, no control stops it.
    """

    may: Annotated[tuple[Action, ...], BeforeValidator(_actions), _one_or_more(_ACTION_WORD)]
    of: Annotated[
        tuple[ResourceName, ...], BeforeValidator(_names), Field(min_length=1, max_length=64), _one_or_more(_NAME)
    ]
    scope: Literal["own_vehicle", "any"] = "any"
    rows: int | None = Field(default=None, ge=1, le=2**53 - 1)
    per_command: int | None = Field(default=None, ge=1, le=2**53 - 1)
    per_hour: int | None = Field(default=None, ge=1, le=2**53 - 1)
    safety: bool = False

    @property
    def pairs(self) -> tuple[tuple[Action, str], ...]:
        """Every action on every resource that the line allows."""
        return tuple((action, resource) for action in self.may for resource in self.of)


CharterLines = Annotated[tuple[CharterLine, ...], Field(max_length=MAX_LINES)]
Charters = Mapping[CharterName, CharterLines]


class UebaTerms(Terms):
    """How charters are enforced, and what answers to findings by itself.

    Args:
        enforce: ``deny``: what a charter does not allow is not done. ``observe``: it is recorded, and let through.
        observed: agents whose breaches are let through although ``enforce`` says deny.
        respond: the strongest control that is set without an operator.
    """

    enforce: Literal["deny", "observe"] = "deny"
    observed: tuple[AgentType, ...] = ()
    respond: Literal["observe", "throttle", "block"] = "block"
