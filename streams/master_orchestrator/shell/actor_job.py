"""The ueba app's job: activity, requests and ticks of actors, through the behaviour core, to trail and controls."""

from collections import OrderedDict

from master_orchestrator.behaviour import actor_state
from master_orchestrator.behaviour.actor_state import ActorState
from master_orchestrator.behaviour.conduct import Conduct
from master_orchestrator.behaviour.steps import AFTER_ACTIVITY, ActorInput, deadlines, step
from master_orchestrator.behaviour.trail import ActorOutcome
from master_orchestrator.core.intake import RecordReader
from master_orchestrator.core.outcome import Deadline
from master_orchestrator.core.table import pack_vehicle
from master_orchestrator.shell.actor_counts import ActorCounts, Standings
from master_orchestrator.shell.job import Cadence, Get, Job, Outgoing, Stored, Taken
from master_orchestrator.shell.outgoing import NoticeWriter
from master_orchestrator.shell.records import Fetched, Record
from master_orchestrator_schemas.codec import Codec
from master_orchestrator_schemas.headers import envelope_headers
from master_orchestrator_schemas.messages import ActorTick, Cause, Timer
from master_orchestrator_schemas.registry import UEBA_INPUTS, UebaBody
from master_orchestrator_schemas.topology import Topology

SOURCE = "master-orchestrator/ueba"

MAX_CACHED = 256
"""Actors kept decoded, as they were stored last; a batch of theirs need not decode them."""

CADENCE = Cadence(gather_s=0.25, transactions=10, fetch_wait_ms=100)
"""An alert may take a second. The app shares its broker with the workflows, and their agents write a session for each
command: at the vehicles' cadence it took a third of the throughput."""


class ActorJob(Job[ActorState, ActorInput, ActorOutcome]):
    """Judges actors: one state per actor."""

    overview: Standings
    mutates = True
    cadence = CADENCE

    def __init__(self, topology: Topology, codec: Codec, counts: ActorCounts) -> None:
        self.names, self.overview = topology.ueba_app, Standings()
        self.conduct, self._codec, self._counts = Conduct.from_topology(topology), codec, counts
        self._reader: RecordReader[UebaBody] = RecordReader(topology, codec, UEBA_INPUTS, "actor")
        self.writer = NoticeWriter(topology, codec, SOURCE)
        self._activity, self._ticks, self._trail, self._entities, self._controls = (
            topology.topic_of(name) for name in ("Activity", "ActorTick", "ActorRecord", "EntityStatus", "Control")
        )
        self._cached: OrderedDict[bytes, tuple[bytes, ActorState]] = OrderedDict()

    def take(self, cause: Cause, record: Fetched) -> Taken[ActorInput]:
        """The input that the record is."""
        body, left_out = self._reader.read(cause, at_ms=record.timestamp, key=record.key, value=record.value)
        return Taken(body.actor.encode(), ActorInput(cause, record.timestamp, body), left_out)

    def step(self, key: bytes, state: ActorState | None, given: ActorInput) -> ActorOutcome:
        """One step of the behaviour core."""
        return step(self.conduct, key.decode(), state, given)

    def outgoing(self, key: bytes, given: ActorInput, outcome: ActorOutcome, at_ms: int) -> Outgoing:  # noqa: ARG002
        """Trail, status, controls and alerts; nothing goes by way of the outbox."""
        encode, records = self._codec.encode, list[Record]()
        for entry in outcome.trail:
            name = f"{entry.actor}/{entry.seq}"
            records.append(Record(self._trail, name.encode(), encode(entry), _headers("ActorRecord", name, at_ms)))
        if outcome.status is not None:
            name = f"{outcome.status.actor}/{outcome.status.seq}/{at_ms}"
            records.append(Record(self._entities, key, encode(outcome.status), _headers("EntityStatus", name, at_ms)))
        for control in outcome.controls:
            name = f"{control.actor}/{control.since_ms}"
            records.append(Record(self._controls, key, encode(control), _headers("Control", name, at_ms)))
        records += [self.writer.alert(alert) for alert in outcome.alerts]
        return Outgoing(records, [])

    def store(self, key: bytes, state: ActorState) -> Stored:
        """The counters, and those of the other entries that have changed."""
        waiting = self.deadlines(key, state)
        counters, others = actor_state.encode(state)
        self._cached[key] = counters, state
        if len(self._cached) > MAX_CACHED:
            self._cached.popitem(last=False)
        due_ms = min((deadline.due_ms for deadline in waiting), default=0)
        return Stored({key: pack_vehicle(counters, due_ms), **others}, waiting)

    def load(self, key: bytes, value: bytes, get: Get) -> ActorState:
        """The actor as it was stored: the one that was kept, if it was stored just so, or else decoded.

        It is given away, so that a batch that comes to nothing leaves no trace of itself.
        """
        kept = self._cached.pop(key, None)
        if kept is not None and kept[0] == value:
            return kept[1]
        return actor_state.decode(key.decode(), value, get)

    def deadlines(self, key: bytes, state: ActorState) -> list[Deadline]:  # noqa: ARG002  the state has the name
        """At most five."""
        return deadlines(state)

    def tick(self, tick: Timer) -> Record:
        """The tick's record."""
        body = ActorTick(actor=tick.vehicle_id, deadline_id=tick.deadline_id, due_ms=tick.due_ms)
        headers = _headers("ActorTick", f"{tick.vehicle_id}/{tick.deadline_id}", tick.due_ms)
        return Record(self._ticks, tick.vehicle_id.encode(), self._codec.encode(body), headers)

    def waits_for(self, tick: Timer) -> str | None:
        """Who seems to be silent may only wait to be read: after a pause of the app its records are in a backlog."""
        return self._activity if tick.deadline_id in AFTER_ACTIVITY else None

    def count(self, topic: str, before: ActorState | None, outcome: ActorOutcome) -> None:  # noqa: ARG002  the seam's
        """Records, findings, alerts."""
        self._counts.outcome(topic, outcome)


def _headers(kind: str, name: str, at_ms: int) -> list[tuple[str, bytes | None]]:
    return [*envelope_headers(kind, SOURCE, name, at_ms, None)]
