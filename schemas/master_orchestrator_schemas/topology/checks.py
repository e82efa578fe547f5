"""What has to hold between the sections of ``topology.yaml``: pairs of key path and what is wrong there."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from enum import Enum
from itertools import pairwise
from typing import Any

from master_orchestrator_schemas.registry import KINDS, Role
from master_orchestrator_schemas.topology.conduct_checks import conduct_problems
from master_orchestrator_schemas.topology.model import Topology
from master_orchestrator_schemas.topology.service_checks import service_problems
from master_orchestrator_schemas.units import duration
from master_orchestrator_schemas.vocabulary import AgentType, Lane, Priority

Path = tuple[str, ...]
Problem = tuple[Path, str]

OPTIONAL_AGENTS = frozenset({AgentType.FEEDBACK, AgentType.MANUFACTURING_QUALITY})
"""Agents whose step may be skipped; the other four a workflow cannot do without."""

CLOSING_AGENTS = frozenset({AgentType.CUSTOMER_ENGAGEMENT, AgentType.FEEDBACK})
"""Agents that ask the owner, whose silence is an answer; the other four have to answer themselves."""

MIN_RECORD_BYTES, MAX_RECORD_BYTES = 64 * 1024, 64 * 1024**2
"""An audit record holds up to 57 KiB of what a workshop event said; the broker's limits are 32-bit integers."""


def problems(topology: Topology) -> Iterator[Problem]:
    """Everything that is wrong, the first that matters first."""
    yield from _all_there(("agents",), topology.agents, AgentType)
    yield from _all_there(("lanes",), topology.lanes, Lane)
    yield from _all_there(("episodes", "cooldown"), topology.episodes.cooldown_ms, Priority)
    yield from _all_there(("service", "due"), topology.service.due_ms, Priority)
    yield from _all_there(("service", "ask_again"), topology.service.ask_again_ms, Priority)
    yield from _topics(topology)
    yield from _agents(topology)
    yield from _lanes(topology)
    yield from _deadlines(topology)
    yield from _urgency(topology)
    yield from _limits(topology)
    yield from conduct_problems(topology.resources, topology.charters)
    yield from service_problems(topology.service_plans)


def _all_there(path: Path, section: Mapping[Any, Any], members: Iterable[Enum]) -> Iterator[Problem]:
    for member in members:
        if member not in section:
            name = member.name if isinstance(member, Priority) else member.value
            yield (*path, name), "is missing; add it"


def _topics(topology: Topology) -> Iterator[Problem]:
    roles = {kind.name: kind.role.value for kind in KINDS if kind.role is not Role.COMMAND}
    count = Counter(terms.schema_name for terms in topology.topics.values())
    for schema in roles:
        if count[schema] != 1:
            yield ("topics",), f"{count[schema]} topics have the schema {schema}; exactly one must"
    if count[None] != 1:
        yield ("topics",), f"{count[None]} topics have no schema; exactly one must, for the dead letters"
    for name, terms in topology.topics.items():
        path = ("topics", name)
        role = roles.get(terms.schema_name, "") if terms.schema_name else "output"
        if not role:
            yield (*path, "schema"), f"{terms.schema_name} has topics of its own; remove this one"
        elif terms.role != role:
            yield (*path, "role"), f"the {terms.schema_name or 'dead letter'} topic is an {role}; write {role}"
        if terms.compacted == (terms.retention_ms is not None):
            yield path, "needs either a retention or compacted: true"
        if terms.compacted and terms.role == "input":
            yield (*path, "compacted"), "an input is never compacted, a gap there means loss; give a retention instead"
        if terms.json_allowed and terms.role == "output":
            yield (*path, "json"), "an output holds Avro only; remove it"


def _agents(topology: Topology) -> Iterator[Problem]:
    for agent, terms in topology.agents.items():
        if not terms.enabled and agent not in OPTIONAL_AGENTS:
            yield ("agents", agent.value, "enabled"), "a workflow cannot do without this agent; remove the line"
        if terms.on_timeout == "close" and agent not in CLOSING_AGENTS:
            askers = " and ".join(sorted(CLOSING_AGENTS))
            yield ("agents", agent.value, "on_timeout"), f"only {askers} may close without an answer; write retry"


def _lanes(topology: Topology) -> Iterator[Problem]:
    ordered = [(lane, topology.lanes[lane]) for lane in Lane if lane in topology.lanes]
    for (_, faster), (lane, slower) in pairwise(ordered):
        if slower.weight > faster.weight:
            yield ("lanes", lane.value, "weight"), "is above that of a more urgent lane; lower it"
        if slower.max_wait_ms < faster.max_wait_ms:
            yield ("lanes", lane.value, "max_wait"), "is below that of a more urgent lane; raise it"


def _deadlines(topology: Topology) -> Iterator[Problem]:
    """A command is kept until its deadline, or a runner that starts late would miss it."""
    slowest = max(topology.lanes, key=lambda lane: topology.lanes[lane].max_wait_ms, default=None)
    if slowest is None:
        return
    kept_ms, wait_ms = topology.commands.retention_ms, topology.lanes[slowest].max_wait_ms
    for agent, terms in topology.agents.items():
        total_ms = topology.time_to_reply_ms(agent, slowest)
        if total_ms > kept_ms:
            yield (
                ("agents", agent.value, "reply_within"),
                f"with the wait in its lane it is longer than commands are kept: lanes.{slowest}.max_wait "
                f"{duration(wait_ms)} + reply_within {duration(terms.reply_within_ms)} = {duration(total_ms)}, "
                f"more than commands.retention {duration(kept_ms)}; lower one of the two or raise the retention",
            )


def _urgency(topology: Topology) -> Iterator[Problem]:
    last = len(topology.urgency) - 1
    for index, line in enumerate(topology.urgency):
        if line.unconditional != (index == last):
            wrong = (
                "hides the lines below; add a condition"
                if index < last
                else "must have no condition: it decides the rest"
            )
            yield ("urgency", str(index)), wrong


def _limits(topology: Topology) -> Iterator[Problem]:
    if not MIN_RECORD_BYTES <= topology.limits.max_record_bytes <= MAX_RECORD_BYTES:
        yield ("limits", "max_record"), "is outside 64KiB to 64MiB; write 256KiB"
