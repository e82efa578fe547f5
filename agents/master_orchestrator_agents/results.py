"""From what a handler returned to a result that may travel."""

from collections.abc import Mapping
from typing import Any

import pydantic

from master_orchestrator_agents.errors import InvalidResultError, first_fault
from master_orchestrator_schemas.results import RESULTS, Result
from master_orchestrator_schemas.vocabulary import AgentType


def typed_result(agent: AgentType, returned: object) -> Result:
    """``returned`` as the result model of ``agent``: None counts as an empty dict, a dict is validated.

    Raises :class:`InvalidResultError` naming the key that is wrong, or the type that cannot be a result.
    """
    model = RESULTS[agent]
    if isinstance(returned, model):
        return returned
    if returned is None:
        return model()
    if not isinstance(returned, Mapping):
        raise InvalidResultError(
            f"the {agent} handler returned {type(returned).__name__}; return a dict, a {model.__name__} or None"
        )
    try:
        return model.model_validate(dict(returned))
    except pydantic.ValidationError as error:
        raise InvalidResultError(f"the {agent} handler's result: {first_fault(error)}") from error


def wire_result(agent: AgentType, returned: object) -> dict[str, Any]:
    """The same, as builtins for the codec. Raises :class:`InvalidResultError`."""
    try:
        return typed_result(agent, returned).to_wire()
    except (ValueError, RecursionError) as error:  # unknown keys are kept as JSON text, and not everything is JSON
        raise InvalidResultError(f"the {agent} handler's result cannot be written as JSON: {error}") from error
