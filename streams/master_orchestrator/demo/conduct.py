"""Who did what during the demo, and at which risk: from the sessions on record and the judge's newest word."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

from rich.table import Table

from master_orchestrator.readers.activity import read_activity
from master_orchestrator.readers.actors import read_entities
from master_orchestrator_schemas.kafka import KafkaSettings
from master_orchestrator_schemas.messages import Activity
from master_orchestrator_schemas.topology import Topology
from master_orchestrator_schemas.vocabulary import ActorKind, AgentType, Phase
from master_orchestrator_schemas.wording import amount

ACTS_SHOWN = 2
WORKSHOP = f"{ActorKind.WORKSHOP}:"
QUIET = "quiet"
MAX_ACTOR_CHARS = max(len(f"{ActorKind.AGENT}:{agent}") for agent in AgentType)
"""The longest agent has as many; longer names are folded, so that 80 columns have room for what was done."""


@dataclass
class ActorConduct:
    """One actor: its sessions, its acts by what they were, how many were denied, and its risk."""

    sessions: int = 0
    acts: Counter[str] = field(default_factory=Counter)
    denied: int = 0
    score: float = 0.0
    band: str = QUIET

    @property
    def is_plain(self) -> bool:
        """Whether nothing about it calls for a look."""
        return self.band == QUIET and not self.denied


def who_did_what(kafka: KafkaSettings, topology: Topology) -> dict[str, ActorConduct]:
    """By actor, in the order of their names."""
    conduct: dict[str, ActorConduct] = {}
    for _, activity in read_activity(kafka, topology):
        if activity.phase is Phase.DONE and activity.session is not None:
            _count(conduct.setdefault(activity.actor, ActorConduct()), activity)
    for status in read_entities(kafka, topology):
        if status.actor in conduct:
            conduct[status.actor].score, conduct[status.actor].band = status.score, status.band
    return dict(sorted(conduct.items()))


def summed(conduct: Mapping[str, ActorConduct]) -> dict[str, ActorConduct]:
    """The same with all workshops in one row, but for those that are at risk or were denied something."""
    plain = {actor for actor, done in conduct.items() if actor.startswith(WORKSHOP) and done.is_plain}
    rest = {actor: done for actor, done in conduct.items() if actor not in plain}
    every = ActorConduct()
    for actor in plain:
        every.sessions += conduct[actor].sessions
        every.acts += conduct[actor].acts
        every.score = max(every.score, conduct[actor].score)
    return {**rest, amount(len(plain), "workshop"): every} if plain else rest


def conduct_table(conduct: Mapping[str, ActorConduct]) -> Table:
    """One row per actor, and one for all workshops."""
    table = Table(box=None, pad_edge=False, collapse_padding=True)
    table.add_column("who", overflow="fold", width=MAX_ACTOR_CHARS)
    table.add_column("sessions", no_wrap=True)
    table.add_column("what", overflow="fold")
    table.add_column("denied", no_wrap=True)
    table.add_column("risk", no_wrap=True)
    for actor, done in summed(conduct).items():
        most = "\n".join(f"{act} {count:,}" for act, count in done.acts.most_common(ACTS_SHOWN))
        table.add_row(actor, f"{done.sessions:,}", most, str(done.denied), f"{done.score:g} {done.band}")
    return table


def _count(done: ActorConduct, activity: Activity) -> None:
    done.sessions += 1
    for act in activity.acts:
        done.acts[f"{act.action.lower()} {act.resource}"] += act.count
        done.denied += act.count if act.denied_by is not None else 0
