"""All that the ueba app keeps of one actor, and how it is stored.

Three entries and the ids of the newest records, so that a batch writes only what it has changed:

- counters: what every record changes. At most a few KiB.
- usual: what changes when a pane ends. Bounded by :data:`MAX_USUAL_NUMBERS`; the pair seen least gives way.
- findings: the newest 32, and the control in force.
"""

from collections import Counter
from collections.abc import Callable, Iterable
from typing import Any

import msgspec

from master_orchestrator.behaviour.actor import OTHER, Actor, OpenTask, PairState, Surprise
from master_orchestrator.behaviour.acts import Pair
from master_orchestrator.behaviour.baselines import Meter
from master_orchestrator.behaviour.findings import BehaviourFinding
from master_orchestrator.behaviour.panes import Lately
from master_orchestrator.behaviour.repeats import CHUNK, CHUNKS, Repeats
from master_orchestrator.behaviour.risk import NEWEST, Band
from master_orchestrator_schemas.messages import Activity, Control, SessionAct
from master_orchestrator_schemas.vocabulary import ActorKind, ControlLevel

GENESIS = "0" * 64
"""What the first record of a trail names as the one before it."""

MAX_WRITERS = 64
"""Instances whose numbers are followed; the one that was silent for longest gives way."""
MAX_OPEN_TASKS = 16
MAX_USUAL_NUMBERS = 12_000
VERSION = 4
"""Raised with every change of what is stored; ``_upgraded`` makes older entries new.

2: when readers were last told; 3: acts that were written ahead, and whose sessions have not ended; 4: windows that
are held, panes that alerted, the acts of two hours, and of which pair a surprise is.
"""
HELD_VERSION = 4
HOURS_PER_DAY = 24

_METERS = (("rate", False), ("volume", True), ("probing", False))

Get = Callable[[bytes], bytes | None]


class Writer(msgspec.Struct, array_like=True):
    """One instance: its start, the number and time of its newest record, and whether silence of it means something.

    ``missing``: numbers that were passed over since ``missed_ms``; its threads may write them out of order. ``more``:
    how many others were.
    """

    start_ms: int
    seq: int
    last_ms: int
    alive: bool
    missing: list[int] = []
    more: int = 0
    missed_ms: int = 0


class Begun(msgspec.Struct, array_like=True, frozen=True):
    """An act that was written ahead, and whose session has not ended: when, and its record, which holds it alone.

    ``told``: it is a finding already.
    """

    at_ms: int
    told: bool
    record: Activity

    @property
    def act(self) -> SessionAct:
        """The act."""
        return self.record.acts[0]


class Kept(msgspec.Struct, array_like=True):
    """The entry of findings."""

    findings: list[BehaviourFinding]
    control: Control | None


class ActorState:
    """One actor. Changed by ``steps.step``.

    ``seq``, ``hash``: of the newest record of its trail. ``positions``: by rank of the input topic, the next offset.
    ``trimmed_pane``: the pane in which it was last trimmed. ``told_ms``, ``told_sessions``: when readers were last told
    of it, and of how many sessions; -1 before.
    """

    def __init__(self, actor: Actor) -> None:
        self.actor = actor
        actor.max_open_tasks = MAX_OPEN_TASKS
        self.writers: dict[str, Writer] = {}
        self.begun: list[Begun] = []
        self.repeats = Repeats()
        self.sessions = self.raised = 0
        self.control: Control | None = None
        self.seq, self.hash = -1, GENESIS
        self.positions: list[int] = []
        self.trimmed_pane = self.told_ms = self.told_sessions = -1
        self.seen = (0, 0)
        """How many instances and versions are stored."""
        self.changed = {"usual", "findings"}
        """The entries, but for the counters, that are not as they are stored."""

    @property
    def name(self) -> str:
        """The actor's name on the wire."""
        return self.actor.name

    @property
    def findings(self) -> list[BehaviourFinding]:
        """The newest, oldest first."""
        return self.actor.ledger.findings

    @property
    def level(self) -> ControlLevel:
        """What it is held to."""
        return ControlLevel.OBSERVE if self.control is None else self.control.level

    def follow(self, instance: str, writer: Writer) -> None:
        """Note the newest record of an instance."""
        self.writers.pop(instance, None)
        self.writers[instance] = writer
        if len(self.writers) > MAX_WRITERS:
            del self.writers[next(iter(self.writers))]

    def trim(self) -> None:
        """Keep it bounded: forget what is usual of the pairs seen least, and all but the newest findings."""
        pairs = self.actor.pairs
        while sum(map(_size, pairs.values())) > MAX_USUAL_NUMBERS:
            least = min(pairs, key=lambda pair: (_size(pairs[pair]) == 0, pairs[pair].seen, pair))
            for name, of_rows in _METERS:
                setattr(pairs[least], name, Meter(of_rows=of_rows))
            self.changed.add("usual")
        self.actor.ledger.keep(NEWEST)


def _size(state: PairState) -> int:
    return sum(getattr(state, name).size() for name, _ in _METERS)


def _keys(name: bytes) -> tuple[bytes, bytes, list[bytes]]:
    return (
        b"\x00ueba/usual/" + name,
        b"\x00ueba/findings/" + name,
        [b"\x00ueba/ids%d/" % slot + name for slot in range(CHUNKS)],
    )


_pack = msgspec.msgpack.Encoder().encode
_unpack = msgspec.msgpack.Decoder().decode
_unpack_kept = msgspec.msgpack.Decoder(Kept).decode


def encode(state: ActorState) -> tuple[bytes, dict[bytes, bytes]]:
    """The counters, and the other entries that have changed since they were stored, by key."""
    actor, name = state.actor, state.name.encode()
    usual_key, findings_key, chunk_keys = _keys(name)
    meters = [getattr(pair, meter) for pair in actor.pairs.values() for meter, _ in _METERS]
    seen = len(actor.instances), len(actor.versions)
    if seen != state.seen or any(meter.changed for meter in meters):
        state.changed.add("usual")
        state.seen = seen
    others: dict[bytes, bytes] = {}
    if "usual" in state.changed:
        others[usual_key] = _pack([sorted(actor.instances), sorted(actor.versions), [m.dump_usual() for m in meters]])
    if "findings" in state.changed:
        others[findings_key] = _pack(Kept(state.findings, state.control))
    for slot in state.repeats.changed:
        others[chunk_keys[slot]] = state.repeats.dump(slot)
    for meter in meters:
        meter.changed = False
    state.changed.clear()
    state.repeats.changed.clear()
    return _pack(_counters(state)), others


def decode(name: str, counters: bytes, get: Get) -> ActorState:
    """The inverse of :func:`encode`; ``get`` reads the other entries."""
    stored = _unpack(counters)
    (_, kind, first_ms, acts, sessions, raised, told, seq, digest, positions, total, window, version_ms,
     band, surprises, hours, writers, tasks, pairs, begun) = _upgraded(name, stored)  # fmt: skip
    usual_key, findings_key, chunk_keys = _keys(name.encode())
    instances, versions, usual = _unpack(get(usual_key) or b"")
    if stored[0] < HELD_VERSION:
        usual = [meter and _meter_upgraded(*meter) for meter in usual]
    kept = _unpack_kept(get(findings_key) or b"")
    actor = Actor(name, ActorKind(kind), first_ms, known=True)
    actor.acts, actor.window_until_ms, actor.new_version_ms, actor.band = acts, window, version_ms, Band(band)
    actor.hours = Counter({hour: count for hour, count in enumerate(hours) if count})
    actor.instances, actor.versions = set(instances), set(versions)
    usual += [None] * (3 * len(pairs) - len(usual))  # pairs that are newer than the entry
    names = [(action, resource) for action, resource, *_ in pairs]
    actor.surprises.extend(
        Surprise(at_ms, part, names[at] if at >= 0 else OTHER, n) for at_ms, part, at, n in surprises
    )
    actor.pairs = {
        pair: _pair_state(given, usual[3 * at : 3 * at + 3])
        for at, (pair, given) in enumerate(zip(names, pairs, strict=True))
    }
    actor.open_tasks = {task: _task(names, *given) for task, *given in tasks}
    actor.ledger.restore(kept.findings)
    state = ActorState(actor)
    state.seen = len(instances), len(versions)
    state.sessions, state.raised, state.seq, state.hash = sessions, raised, seq, digest
    state.trimmed_pane, state.told_ms, state.told_sessions = told
    state.positions, state.control = positions, kept.control
    state.writers = msgspec.convert(writers, dict[str, Writer])
    state.begun = msgspec.convert(begun, list[Begun])
    chunks = [get(key) or b"" for key in chunk_keys[: -(-total // CHUNK)]]
    state.repeats = Repeats.restored(total, chunks)
    state.changed.clear()
    if stored[0] < HELD_VERSION:
        state.changed.add("usual")  # the counters will say the newest version, so it has to be stored with them
    return state


def _upgraded(name: str, fields: list[Any]) -> list[Any]:
    """Counters of an older version as one of the newest. Raises ValueError on a version that is not known."""
    version = fields[0]
    if not 1 <= version <= VERSION:
        raise ValueError(f"the state of {name} has version {version}, known is {VERSION}")
    if version < 2:
        fields = [*fields[:6], [fields[6], -1, -1], *fields[7:]]
    if version < 3:
        fields = [*fields, []]
    if version < HELD_VERSION:
        surprises, pairs = fields[14], fields[18]
        fields[14] = [[*surprise, -1, 0] for surprise in surprises]
        fields[18] = [[*pair[:8], Lately().dump(), *pair[8:]] for pair in pairs]
    return fields


def _meter_upgraded(closed: list[Any], ceilings: list[float], greatest: list[Any]) -> list[Any]:
    """Before version 4 there were no held windows, and a pane that had alerted was not kept."""
    return [[[*pane, True] for pane in closed], ceilings, [[*each, []] for each in greatest]]


def _counters(state: ActorState) -> list[Any]:
    actor = state.actor
    index = {pair: at for at, pair in enumerate(actor.pairs)}
    return [
        VERSION, actor.kind.value, actor.first_ms, actor.acts, state.sessions, state.raised,
        [state.trimmed_pane, state.told_ms, state.told_sessions],
        state.seq, state.hash, state.positions, state.repeats.total, actor.window_until_ms, actor.new_version_ms,
        actor.band.value,
        [[at_ms, part, index.get(pair, -1), learnt] for at_ms, part, pair, learnt in actor.surprises],
        [actor.hours[hour] for hour in range(HOURS_PER_DAY)],
        state.writers,
        [
            [name, task.last_ms, [[index[p], n] for p, n in task.counts.items()],
             sorted(index[p] for p in task.flagged)]
            for name, task in actor.open_tasks.items()
        ],
        [
            [*pair, s.seen, s.without_command, s.foreign, s.greatest_rows, s.greatest_in_task, s.tasks,
             s.lately.dump(), *(getattr(s, meter).dump_current() for meter, _ in _METERS)]
            for pair, s in actor.pairs.items()
        ],
        state.begun,
    ]  # fmt: skip


def _pair_state(given: Iterable[Any], usual: list[Any]) -> PairState:
    state = PairState()
    (_, _, state.seen, state.without_command, state.foreign, state.greatest_rows, state.greatest_in_task, state.tasks,
     lately, *currents) = given  # fmt: skip
    state.lately = Lately(*lately)
    for (name, of_rows), current, stored in zip(_METERS, currents, usual, strict=True):
        setattr(state, name, Meter.restored(current, stored, of_rows=of_rows))
    return state


def _task(names: list[Pair], last_ms: int, counts: list[tuple[int, int]], flagged: list[int]) -> OpenTask:
    task = OpenTask()
    task.last_ms = last_ms
    task.counts = {names[at]: count for at, count in counts}
    task.flagged = {names[at] for at in flagged}
    return task
