"""From words on the command line to agents: types in any spelling, handlers as module:attribute."""

import importlib
import sys
from collections.abc import Iterable
from pathlib import Path

from master_orchestrator.cli.context import Invocation, UsageError
from master_orchestrator_agents.handler import BatchHandler, Handler
from master_orchestrator_agents.reference import reference_agent
from master_orchestrator_agents.runner.process import AgentSpec
from master_orchestrator_schemas.vocabulary import AgentType


def chosen_agents(
    types: Iterable[str], handlers: Iterable[str], max_workers: int | None, call: Invocation
) -> list[AgentSpec]:
    """The agents to run: `types` (all six if empty), with the handlers given and the reference agents for the rest.

    The reference agents keep their books in the data folder and take their trouble codes from the topology.
    Raises UsageError for an unknown type, a handler that cannot be loaded, or one whose type is not run.
    """
    kinds = [agent_type(word) for word in types] or [*AgentType]
    own = dict(_assignment(text) for text in handlers)
    for unused in own.keys() - set(kinds):
        raise UsageError(f"--handler for {unused}, which is not run here: name it among the types.")
    books, titles = call.settings.data_dir / "agents", call.settings.knowledge

    def reference(kind: AgentType) -> Handler:
        return reference_agent(kind, books, topology=call.topology, knowledge=titles, contacts=call.settings.contacts)

    return [AgentSpec(kind, own.get(kind) or reference(kind), max_workers) for kind in dict.fromkeys(kinds)]


def agent_type(word: str) -> AgentType:
    """`diagnosis`, `data-analysis`, `DATA_ANALYSIS`: the agent type meant."""
    try:
        return AgentType(word.upper().replace("-", "_"))
    except ValueError as error:
        known = ", ".join(kind.lower().replace("_", "-") for kind in AgentType)
        raise UsageError(f"There is no agent type {word!r}: use {known}.") from error


def load_handler(place: str) -> Handler:
    """The callable at `module:attribute`; modules of the current folder count. Raises UsageError."""
    module_name, _, attribute = place.partition(":")
    if not module_name or not attribute:
        raise UsageError(f"--handler {place!r}: give TYPE=module:attribute.")
    if (here := str(Path.cwd())) not in sys.path:
        sys.path.insert(0, here)
    try:
        handler: Handler = getattr(importlib.import_module(module_name), attribute)
    except (ImportError, AttributeError) as error:
        raise UsageError(f"--handler {place}: {error}.") from error
    except (Exception, SystemExit) as error:  # a module of the user's, which may do anything while it is imported
        raise UsageError(f"--handler {place}: importing it fails: {type(error).__name__}: {error}") from error
    if not callable(handler) and not isinstance(handler, BatchHandler):
        raise UsageError(f"--handler {place}: a {type(handler).__name__} cannot be called.")
    return handler


def _assignment(text: str) -> tuple[AgentType, Handler]:
    kind, equals, place = text.partition("=")
    if not equals:
        raise UsageError(f"--handler {text!r}: give TYPE=module:attribute.")
    return agent_type(kind), load_handler(place)
