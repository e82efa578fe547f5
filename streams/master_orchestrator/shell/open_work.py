"""What is open on the owned partitions: workflows by state and priority, commands without a reply.

Kept up by the commits, from the table after a take-over; asked when metrics are scraped. A commit only notes what has
changed; what that means is worked out when somebody asks, so that a vehicle that moved seven times in between is looked
at once. Memory: one entry per vehicle with an open workflow or task, and ``MAX_NOTED`` notes.
"""

import threading
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

from master_orchestrator.core.decide.conversation import is_waiting
from master_orchestrator.core.state import Chain, Execution, VehicleState, Workflow
from master_orchestrator.core.transitions import STATE_OF_STEP
from master_orchestrator_schemas.vocabulary import AgentType, Priority, State

Labels = tuple[str, str]


class OpenCommand(NamedTuple):
    """A command without a reply: agent and lane, and when it was issued (broker's milliseconds)."""

    labels: Labels
    issued_at_ms: int


class Open(NamedTuple):
    """What is open of one vehicle: state and priority of its workflow, and its commands."""

    workflow: Labels | None
    commands: tuple[OpenCommand, ...]


NOTHING = Open(None, ())
MAX_NOTED = 10_000
WORKFLOW_LABELS = {(s, p): (s.value, p.name) for s in State for p in Priority}
COMMAND_LABELS = {(a, p): (a.value, p.lane.value) for a in AgentType for p in Priority}
"""Made once: an enum's value takes longer to find than a key."""


def open_of(state: VehicleState) -> Open:
    """What is open of a vehicle."""
    return _open(state.workflow, state.older)


def _open(workflow: Workflow | None, older: Chain | None) -> Open:
    if workflow is None:
        return NOTHING
    commands = [*_own(workflow), *_side(workflow), *_side(older)]
    labels = WORKFLOW_LABELS[workflow.state, workflow.priority] if workflow.is_open else None
    return Open(labels, tuple(commands)) if labels or commands else NOTHING


class OpenWork:
    """The open work of all owned partitions. Threads of partitions update it, those of the HTTP server ask."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._known: dict[int, dict[bytes, Open]] = {}
        self._noted: dict[tuple[int, bytes], tuple[Workflow | None, Chain | None]] = {}
        self._workflows: Counter[Labels] = Counter()
        self._commands: dict[Labels, dict[tuple[bytes, int], int]] = {}

    of = staticmethod(open_of)

    def reset(self, partitions: Mapping[int, Iterable[tuple[bytes, Open]]]) -> None:
        """Own just these partitions, of whose vehicles this is open."""
        entries = [
            (number, key, each)
            for number, vehicles in partitions.items()
            for key, each in vehicles
        ]  # fmt: skip
        entries.sort(key=lambda item: min((c.issued_at_ms for c in item[2].commands), default=0))
        with self._lock:
            self._known = {number: {} for number in partitions}
            self._noted.clear()
            self._workflows.clear()
            self._commands.clear()
            for number, key, each in entries:
                self._replace(number, key, each)

    def update(self, partition: int, states: Mapping[bytes, VehicleState]) -> None:
        """The states after a commit."""
        with self._lock:
            known = self._known.get(partition)
            if known is None:  # given away meanwhile
                return
            for key, state in states.items():
                if state.workflow is not None or key in known:
                    self._noted[partition, key] = (state.workflow, state.older)
            if len(self._noted) > MAX_NOTED:
                self._settle()

    def workflows(self) -> list[tuple[Labels, float]]:
        """How many are open, by state and priority."""
        with self._lock:
            self._settle()
            return [(labels, count) for labels, count in self._workflows.items() if count]

    def commands(self) -> list[tuple[Labels, float]]:
        """How many have no reply, by agent and lane."""
        with self._lock:
            self._settle()
            return [(labels, len(waiting)) for labels, waiting in self._commands.items()]

    def oldest(self, now_ms: int) -> list[tuple[Labels, float]]:
        """How old the oldest of them is, in seconds; 0 where there is none. They stand in the order of their issue."""
        with self._lock:
            self._settle()
            return [
                (labels, max(0, now_ms - next(iter(waiting.values()))) / 1000 if waiting else 0.0)
                for labels, waiting in self._commands.items()
            ]

    def _settle(self) -> None:
        """Work out what has been noted."""
        if self._noted:
            self._replace_all([(number, key, _open(*chains)) for (number, key), chains in self._noted.items()])
            self._noted.clear()

    def _replace_all(self, vehicles: list[tuple[int, bytes, Open]]) -> None:
        """In the order in which their commands were issued, since the first of a lane counts as its oldest."""
        vehicles.sort(key=lambda vehicle: min((c.issued_at_ms for c in vehicle[2].commands), default=0))
        for number, key, each in vehicles:
            self._replace(number, key, each)

    def _replace(self, partition: int, key: bytes, now: Open) -> None:
        known = self._known[partition]
        before = known.get(key, NOTHING)
        if before == now:
            return
        if before.workflow:
            self._workflows[before.workflow] -= 1
        if now.workflow:
            self._workflows[now.workflow] += 1
        for command in set(before.commands) - set(now.commands):
            self._commands[command.labels].pop((key, command.issued_at_ms), None)
        for command in now.commands:
            self._commands.setdefault(command.labels, {}).setdefault((key, command.issued_at_ms), command.issued_at_ms)
        if now == NOTHING:
            known.pop(key, None)
        else:
            known[key] = now


def _own(workflow: Workflow) -> Iterator[OpenCommand]:
    execution = workflow.execution
    if execution is not None and STATE_OF_STEP.get(execution.step) is workflow.state and not is_waiting(workflow):
        yield _command(execution, workflow.priority)


def _side(chain: Chain | None) -> Iterator[OpenCommand]:
    side = None if chain is None else chain.side
    if side is not None and not side.retrying:
        yield _command(side.execution, side.priority)


def _command(execution: Execution, priority: Priority) -> OpenCommand:
    return OpenCommand(COMMAND_LABELS[execution.step, priority], execution.issued_at_ms)
