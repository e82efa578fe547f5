"""One act of an actor: what it did to which resource, and how that ended."""

import msgspec

from master_orchestrator_schemas.vocabulary import ActError, ActorKind, ActOutcome

MINUTE_MS = 60_000
HOUR_MS = 60 * MINUTE_MS
DAY_MS = 24 * HOUR_MS

WEIGHTS = {
    "read": 1, "dispatch": 1, "produce": 1,
    "write": 2, "update": 2, "redrive": 2,
    "send": 3,
    "delete": 4, "cancel": 4, "set_priority": 4, "admin": 4,
}  # fmt: skip
"""How much an act changes, by its action. What is not listed has ``OTHER_WEIGHT``."""

OTHER_WEIGHT = 2
DEFAULT_CRITICALITY = 2
"""Of a resource that the topology does not list."""


CHARTERED = frozenset({ActorKind.AGENT, ActorKind.ENGINE})
"""Kinds whose charter is closed: what it does not list is a breach."""


Pair = tuple[str, str]
"""An action and a resource."""


class Act(msgspec.Struct, frozen=True, kw_only=True):
    """One act.

    Args:
        at_ms: when, Unix time in milliseconds.
        actor: the name, with its kind as a prefix where it is not an agent (``operator:ada``).
        entity: whom it concerned: a vehicle, a customer, an actor.
        count: how many equal acts it stands for.
        rows: how many rows they read or wrote in all; ``max_rows`` the most of one of them, None: all of them at once.
        seq: the number that the writer gave the record; None where it gives none.
        commands_known: whether the source says which command an act belongs to. Where it does not, every act is
            judged by its rate.
        command: the command in hand; None where there was none.
        command_entity: the vehicle of that command; None where it is not known.
        session, workflow_id: the record that it stands in, where there are such records.
    """

    at_ms: int
    actor: str
    action: str
    resource: str
    kind: ActorKind = ActorKind.AGENT
    outcome: ActOutcome = ActOutcome.SUCCESS
    error: ActError = ActError.NONE
    entity: str = ""
    count: int = 1
    rows: int = 0
    max_rows: int | None = None
    instance: str = ""
    version: str = ""
    seq: int | None = None
    commands_known: bool = False
    command: str | None = None
    command_entity: str | None = None
    session: str | None = None
    workflow_id: str | None = None

    @property
    def pair(self) -> Pair:
        """Action and resource, the unit that is judged."""
        return self.action, self.resource

    @property
    def denied(self) -> bool:
        """Whether it was refused."""
        return self.outcome is ActOutcome.DENIED or self.error is ActError.DENIED

    @property
    def probes(self) -> bool:
        """Whether it looks like trying doors: refused, or about something that is not there."""
        return self.denied or self.error is ActError.NOT_FOUND

    @property
    def succeeded(self) -> bool:
        """Whether it happened."""
        return self.outcome is ActOutcome.SUCCESS


def weight(action: str) -> int:
    """How much ``action`` changes, 1 to 4."""
    return WEIGHTS.get(action, OTHER_WEIGHT)
