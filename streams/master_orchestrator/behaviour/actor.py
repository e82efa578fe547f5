"""What is remembered of one actor: its charter as learnt, its pairs, its instances and hours. Bounded."""

from collections import Counter, deque
from typing import NamedTuple

from master_orchestrator.behaviour.acts import DAY_MS, Act, Pair
from master_orchestrator.behaviour.baselines import Meter
from master_orchestrator.behaviour.findings import Ledger, Rule, Sighting
from master_orchestrator.behaviour.panes import Lately, Panes
from master_orchestrator.behaviour.precedents import UsualWork
from master_orchestrator.behaviour.risk import ALERTING_BANDS, Band, band_of, band_start, score
from master_orchestrator_schemas.vocabulary import ActorKind

MAX_PAIRS = 64
"""Pairs with baselines of their own; further ones share one."""
OTHER: Pair = ("other", "other")

MAX_INSTANCES = 256
MAX_OPEN_TASKS = 512
MAX_SURPRISES = 256
"""Of the newest two hours: a few dozen make the severest finding."""
COLD_MS = 7 * DAY_MS
COLD_ACTS = 200
"""An actor that is new has no baselines to be judged by until both are over."""


class PairState:
    """What is usual for one action on one resource."""

    __slots__ = (
        "came",
        "came_rows",
        "foreign",
        "greatest_in_task",
        "greatest_rows",
        "lately",
        "precedents",
        "probing",
        "rate",
        "seen",
        "taken_up",
        "taken_up_in_all",
        "tasks",
        "volume",
        "without_command",
    )

    def __init__(self) -> None:
        self.seen = self.without_command = self.foreign = 0
        self.precedents = UsualWork()
        self.came, self.came_rows = Panes(), Panes()
        """Acts without a command and their rows, explained or not: what an act of another pair may go with."""
        self.taken_up = Panes()
        self.taken_up_in_all = 0
        self.lately = Lately()
        self.greatest_rows = 0
        self.greatest_in_task = self.tasks = 0
        self.rate = Meter(of_rows=False)
        self.volume = Meter(of_rows=True)
        self.probing = Meter(of_rows=False)

    def take_up(self, at_ms: int) -> None:
        """Note that another actor has gone on with the work that one of these acts began."""
        self.taken_up.add_at(at_ms, 1)
        self.taken_up_in_all += 1


class Surprise(NamedTuple):
    """A surprising act: when, how much it counts for, of which pair, and how often it was counted as usual."""

    at_ms: int
    part: float
    pair: Pair
    learnt: int


class Actor:
    """One actor's state. ``learns_until_ms``: until then all it does is learnt, and nothing is judged."""

    def __init__(self, name: str, kind: ActorKind, first_ms: int, *, known: bool) -> None:
        self.name, self.kind, self.first_ms, self.known = name, kind, first_ms, known
        self.learns_until_ms = 0
        self.acts = 0
        self.pairs: dict[Pair, PairState] = {}
        self.charter: set[Pair] = set()
        self.instances: set[str] = set()
        self.hours: Counter[int] = Counter()
        self.versions: set[str] = set()
        self.new_version_ms: int | None = None
        self.window_until_ms = 0
        self.surprises: deque[Surprise] = deque(maxlen=MAX_SURPRISES)
        self.open_tasks: dict[str, OpenTask] = {}
        self.max_open_tasks = MAX_OPEN_TASKS
        self.sent: deque[tuple[int, str]] = deque()
        self.sent_to: Counter[str] = Counter()
        """How many of ``sent`` went to each entity."""
        self.greatest_sent = 0
        self.ledger = Ledger()
        self.band = Band.QUIET

    def state_of(self, pair: Pair) -> PairState:
        """The pair's state; that of all others once there are too many."""
        state = self.pairs.get(pair)
        if state is None:
            key = pair if len(self.pairs) < MAX_PAIRS else OTHER
            state = self.pairs.setdefault(key, PairState())
        return state

    def key_of(self, pair: Pair) -> Pair:
        """What the pair's state is kept under."""
        return pair if pair in self.pairs else OTHER

    def cold(self, at_ms: int) -> bool:
        """Whether too little of it is known to judge its behaviour."""
        return at_ms - self.first_ms < COLD_MS or self.acts < COLD_ACTS


class OpenTask:
    """What one command, or the work for one entity, has been seen to do so far."""

    __slots__ = ("counts", "flagged", "last_ms")

    def __init__(self) -> None:
        self.last_ms = 0
        self.counts: dict[Pair, int] = {}
        self.flagged: set[Pair] = set()


def enter_band(actor: Actor, act: Act, newest: Rule) -> Sighting | None:
    """Note the band of the actor's score; what is to be said where it is a higher one that alerts."""
    value = score(actor.ledger.findings, act.at_ms)
    band, before = band_of(value), actor.band
    actor.band = band
    if band not in ALERTING_BANDS or band_start(band) <= band_start(before):
        return None
    text = f"the risk of {act.actor} rose to {value:g}, band {band}, with {newest} as the newest reason"
    return Sighting(Rule.RISK, band_start(band), text)


def note_version(actor: Actor, act: Act, *, learning: bool) -> None:
    """Remember the version; a new one after the learning is noted with its time."""
    if act.version and act.version not in actor.versions and len(actor.versions) < MAX_INSTANCES:
        actor.versions.add(act.version)
        if not learning and len(actor.versions) > 1:
            actor.new_version_ms = act.at_ms
