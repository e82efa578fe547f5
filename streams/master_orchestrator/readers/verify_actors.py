"""`ueba verify`: do the trails of actors hold together, and do the inputs give the same bytes again?

As for vehicles (``replay.py``), a record names its cause and how far each input topic had been applied to the actor.
Requests, and ticks that judge activity, are causes always. Between two causes only activity changes anything but
positions, and it comes from one topic, so what lies between is applied topic by topic, whatever its timestamps.
"""

from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from operator import attrgetter
from typing import Literal, NamedTuple

import msgspec
from confluent_kafka import Message

from master_orchestrator.behaviour.actor_state import ActorState
from master_orchestrator.behaviour.conduct import Conduct
from master_orchestrator.behaviour.steps import ActorInput, step
from master_orchestrator.behaviour.trail import hash_of
from master_orchestrator.core.audit_chain import Violation, verify_chain
from master_orchestrator.core.intake import RecordReader
from master_orchestrator.core.rejection import RejectedError
from master_orchestrator.core.table import POSITION_KEY, unpack_positions
from master_orchestrator.errors import OrchestratorError
from master_orchestrator.readers.adding import added
from master_orchestrator.readers.replay import Arrived
from master_orchestrator.readers.topics import TopicReader
from master_orchestrator_schemas.codec import Codec, DecodeError
from master_orchestrator_schemas.kafka import KafkaSettings, place_of
from master_orchestrator_schemas.messages import ActorRecord, Cause
from master_orchestrator_schemas.registry import UEBA_INPUTS, UebaBody
from master_orchestrator_schemas.topology import Topology


class ActorsVerdict(msgspec.Struct, frozen=True, kw_only=True):
    """What was verified and what is wrong. ``untold``: what cannot be told, and why."""

    actors: int = 0
    records: int = 0
    inputs: int = 0
    replayed: int = 0
    violations: tuple[Violation, ...] = ()
    untold: tuple[str, ...] = ()

    @property
    def outcome(self) -> Literal["whole", "violated", "cannot be told"]:
        """Violated beats untold; without any record nothing can be told."""
        if self.violations:
            return "violated"
        return "cannot be told" if self.untold or not self.records else "whole"


class Written(NamedTuple):
    """One record of a trail, and its bytes."""

    record: ActorRecord
    value: bytes


class _TrailDiffersError(OrchestratorError):
    def __init__(self, violation: Violation) -> None:
        super().__init__(violation.text)
        self.violation = violation


def verify_actors(kafka: KafkaSettings, topology: Topology, *, replay: bool) -> ActorsVerdict:
    """Verify all trails, partition by partition."""
    return added([_Partition(kafka, topology, number).verdict(replay=replay) for number in range(topology.partitions)])


class _Partition:
    def __init__(self, kafka: KafkaSettings, topology: Topology, number: int) -> None:
        self._kafka, self._topology, self._number = kafka, topology, number
        self._codec = Codec(topology.limits)

    def verdict(self, *, replay: bool) -> ActorsVerdict:
        applied = self._applied() if replay else {}  # before the trail's end is asked for
        wrong: list[Violation] = []
        trails = self._trails(wrong)
        records = [written.record for trail in trails.values() for written in trail]
        wrong += verify_chain(records, attrgetter("actor"), hash_of)
        verdict = ActorsVerdict(actors=len(trails), records=len(records), violations=tuple(wrong))
        if not replay or wrong:
            return verdict
        inputs, untold = self._inputs()
        if untold:
            return msgspec.structs.replace(verdict, untold=untold)
        return self._replayed(verdict, trails, inputs, applied)

    def _replayed(
        self, verdict: ActorsVerdict, trails: Mapping[str, list[Written]],
        inputs: Mapping[str, dict[str, deque[Arrived]]], applied: Mapping[str, int],
    ) -> ActorsVerdict:  # fmt: skip
        conduct = Conduct.from_topology(self._topology)
        reader: RecordReader[UebaBody] = RecordReader(self._topology, self._codec, UEBA_INPUTS, "actor")
        wrong, replays = [], []
        for actor in sorted({*trails, *inputs}):
            replay = ActorReplay(actor, conduct, reader, self._codec)
            replays.append(replay)
            if (violation := replay.run(trails.get(actor, []), inputs.get(actor, {}), applied)) is not None:
                wrong.append(violation)
        return msgspec.structs.replace(
            verdict,
            inputs=sum(replay.inputs for replay in replays),
            replayed=sum(replay.records for replay in replays),
            violations=tuple(wrong),
        )

    def _applied(self) -> dict[str, int]:
        """Input topic -> the offset before which all inputs have been applied."""
        position: bytes | None = None
        with self._reader(self._topology.ueba_app.changelog_topic) as reader:
            for message in reader.catch_up():
                if message.key() == POSITION_KEY:
                    position = message.value()
        return unpack_positions(position)

    def _trails(self, wrong: list[Violation]) -> dict[str, list[Written]]:
        trails: dict[str, list[Written]] = {}
        with self._reader(self._topology.topic_of("ActorRecord")) as reader:
            for message in reader.catch_up():
                if (written := self._written(message, wrong)) is not None:
                    trails.setdefault(written.record.actor, []).append(written)
        return trails

    def _written(self, message: Message, wrong: list[Violation]) -> Written | None:
        place = str(place_of(message))
        key, value = (message.key() or b"").decode(errors="replace"), message.value() or b""
        try:
            record = self._codec.decode(value, ActorRecord)
        except DecodeError as error:
            wrong.append(Violation(key, -1, "unreadable", str(error), place))
            return None
        if key != f"{record.actor}/{record.seq}":
            wrong.append(Violation(record.actor, record.seq, "wrong_key", f"its key is {key!r}", place))
        return Written(record, value)

    def _inputs(self) -> tuple[dict[str, dict[str, deque[Arrived]]], tuple[str, ...]]:
        """Actor -> topic -> its inputs; and what is gone."""
        inputs: dict[str, dict[str, deque[Arrived]]] = {}
        with self._reader(*self._topology.ueba_input_topics) as reader:
            gone = tuple(
                f"{start:,} records of {where} are gone (retention), so nothing there can be replayed"
                for where, start in reader.start_offsets().items()
                if start
            )
            for message in () if gone else reader.catch_up():
                topic, offset = message.topic() or "", message.offset() or 0
                arrived = Arrived(
                    Cause(topic=topic, partition=self._number, offset=offset), message.timestamp()[1],
                    message.key(), message.value(),
                )  # fmt: skip
                actor = (message.key() or b"").decode(errors="replace")
                inputs.setdefault(actor, {}).setdefault(topic, deque()).append(arrived)
        return inputs, gone

    def _reader(self, *topics: str) -> TopicReader:
        return TopicReader(self._kafka, topics, [self._number])


class ActorReplay:
    """One actor's replay. ``inputs``, ``records``: how many were applied, and compared."""

    def __init__(self, actor: str, conduct: Conduct, reader: RecordReader[UebaBody], codec: Codec) -> None:
        self._actor, self._conduct, self._reader, self._codec = actor, conduct, reader, codec
        self._state: ActorState | None = None
        self.inputs = self.records = 0

    def run(
        self, trail: Iterable[Written], inputs: Mapping[str, deque[Arrived]], applied: Mapping[str, int]
    ) -> Violation | None:
        """The first difference; None: the same bytes."""
        left = deque(_once(trail))
        try:
            while left:
                self._caused(left, inputs)
            for topic in self._conduct.topics:
                for arrived in inputs.get(topic, ()):
                    if arrived.cause.offset < applied.get(topic, 0):
                        self._unrecorded(arrived)
        except _TrailDiffersError as error:
            return error.violation
        return None

    def _caused(self, left: deque[Written], inputs: Mapping[str, deque[Arrived]]) -> None:
        first, cause = left[0].record, None
        for topic in self._conduct.topics:
            waiting = inputs.get(topic, deque())
            while waiting and waiting[0].cause.offset < first.positions.get(topic, 0):
                arrived = waiting.popleft()
                if arrived.cause == first.cause:
                    cause = arrived
                else:
                    self._unrecorded(arrived)
        if cause is None:
            raise self._differs(first.seq, f"its cause, {first.cause}, is not there to be applied")
        for record in self._applied(cause):
            if not left or left[0].record.cause != first.cause:
                raise self._differs(record.seq, f"{first.cause} gives it, but it is not in the trail")
            written = left.popleft()
            if self._codec.encode(record) != written.value:
                raise self._differs(written.record.seq, f"{first.cause} gives another record than the one written")
            self.records += 1
        if left and left[0].record.cause == first.cause:
            raise self._differs(left[0].record.seq, f"{first.cause} does not give it")

    def _unrecorded(self, arrived: Arrived) -> None:
        if given := self._applied(arrived):
            raise self._differs(
                given[0].seq, f"{arrived.cause} gives it ({given[0].event}), but it is not in the trail"
            )

    def _applied(self, arrived: Arrived) -> list[ActorRecord]:
        try:
            body, _ = self._reader.read(arrived.cause, at_ms=arrived.at_ms, key=arrived.key, value=arrived.value)
            given = ActorInput(arrived.cause, arrived.at_ms, body)
            outcome = step(self._conduct, self._actor, self._state, given)
        except RejectedError:
            return []  # as the app does: it is in the dead letters
        self._state = outcome.state
        self.inputs += 1
        return outcome.trail

    def _differs(self, seq: int, text: str) -> _TrailDiffersError:
        return _TrailDiffersError(Violation(self._actor, seq, "differs", text))


def _once(trail: Iterable[Written]) -> Iterator[Written]:
    """Without exact repeats, which a reader may see."""
    newest: bytes | None = None
    for written in trail:
        if written.value != newest:
            yield written
        newest = written.value
