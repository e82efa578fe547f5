"""The engine's job: inputs of vehicles, through the core, to commands, audit, status and alerts."""

from collections.abc import Iterable, Mapping, Sequence

from master_orchestrator.core.inputs import Input
from master_orchestrator.core.intake import Intake
from master_orchestrator.core.outcome import Deadline, Outcome
from master_orchestrator.core.policy import Policy
from master_orchestrator.core.quiet import quiet
from master_orchestrator.core.request_session import request_sessions
from master_orchestrator.core.state import VehicleState, decode_state, encode_state
from master_orchestrator.core.step import deadlines, step
from master_orchestrator.core.table import pack_vehicle
from master_orchestrator.core.triage import blinded
from master_orchestrator.shell.counting import EngineCounts
from master_orchestrator.shell.feedback import SenderFault
from master_orchestrator.shell.gateways import GatewayBook
from master_orchestrator.shell.job import Cadence, Get, Job, Outgoing, Stored, Taken
from master_orchestrator.shell.open_work import OpenWork
from master_orchestrator.shell.outgoing import GIVEN_UP, SOURCE, RecordWriter
from master_orchestrator.shell.records import Fetched, Record
from master_orchestrator_schemas.codec import Codec
from master_orchestrator_schemas.headers import envelope_headers
from master_orchestrator_schemas.messages import Cause, Telemetry, Timer
from master_orchestrator_schemas.topology import Topology
from master_orchestrator_schemas.tracing import Tracing

CADENCE = Cadence(gather_s=0.04, transactions=0.5, fetch_wait_ms=10)


class VehicleJob(Job[VehicleState, Input, Outcome]):
    """Orchestrates vehicles: one state per vehicle id."""

    overview: OpenWork
    cadence = CADENCE

    def __init__(
        self, topology: Topology, policy: Policy, codec: Codec, counts: EngineCounts, tracing: Tracing | None = None
    ) -> None:
        self.names, self.overview = topology.engine_app, OpenWork()
        self._policy, self._codec, self._counts, self._tracing = policy, codec, counts, tracing
        counts.expect(topology)
        self._intake, self.writer = Intake(topology, codec), RecordWriter(topology, codec)
        self._ticks, self._readings = (topology.topic_of(kind.__name__) for kind in (Timer, Telemetry))
        self._readings_rank, self._gateways = self.names.inputs.index(self._readings), GatewayBook()

    def take(self, cause: Cause, record: Fetched) -> Taken[Input]:
        """The input that the record is."""
        given = self._intake.take(
            cause, at_ms=record.timestamp, key=record.key, value=record.value, headers=record.headers
        )
        return Taken(given.body.vehicle_id.encode(), given, given.left_out)

    def step(self, key: bytes, state: VehicleState | None, given: Input) -> Outcome:  # noqa: ARG002  the input names it
        """One step of the core."""
        return step(self._policy, given.body.vehicle_id, state, given)

    def quiet(self, state: VehicleState, given: Input) -> VehicleState | None:
        """Most readings are quiet."""
        return quiet(self._policy, state, given)

    def count_quiet(self, number: int) -> None:
        """They are readings that changed something."""
        self._counts.readings(number)

    def outgoing(self, key: bytes, given: Input, outcome: Outcome, at_ms: int) -> Outgoing:
        """The outcome's records and commands; behind these, what was asked, as a session on record."""
        written = self.writer.outcome(outcome, key, at_ms)
        written.commands.extend(map(self.writer.session, request_sessions(given, outcome)))
        return written

    def store(self, key: bytes, state: VehicleState) -> Stored:
        """One entry: the earliest deadline and the core's state."""
        waiting = self.deadlines(key, state)
        value = pack_vehicle(encode_state(state), min((deadline.due_ms for deadline in waiting), default=0))
        return Stored({key: value}, waiting)

    def load(self, key: bytes, value: bytes, get: Get) -> VehicleState:  # noqa: ARG002  one entry holds all
        """The core's state."""
        return decode_state(value)

    def deadlines(self, key: bytes, state: VehicleState) -> list[Deadline]:
        """At most three."""
        return deadlines(key.decode(), state)

    def summaries(
        self, partition: int, by_rank: Mapping[int, Sequence[Fetched]], faults: Iterable[SenderFault]
    ) -> list[Record]:
        """The sessions of the gateways, for the minutes that are over."""
        if (readings := by_rank.get(self._readings_rank)) is None:
            return []
        refused = (fault.sender for fault in faults if fault.name is None and fault.cause.topic == self._readings)
        return [self.writer.session(each) for each in self._gateways.take(partition, readings, refused)]

    def tick(self, tick: Timer) -> Record:
        """The timer's record."""
        headers = envelope_headers("Timer", SOURCE, tick.deadline_id, tick.due_ms, None)
        return Record(self._ticks, tick.vehicle_id.encode(), self._codec.encode(tick), headers)

    def committed(self, outcomes: Sequence[tuple[str, VehicleState | None, Outcome]]) -> None:
        """A span for each input that led to something."""
        if self._tracing is not None:
            for _, _, outcome in outcomes:
                self._tracing.applied(outcome.audit, outcome.traceparent)

    def count(self, topic: str, before: VehicleState | None, outcome: Outcome) -> None:
        """Moves, commands, alerts, readings."""
        self._counts.outcome(topic, before, outcome)
        for command in outcome.failed_commands:
            self._counts.dead_letter(self.writer.command_topic(command), GIVEN_UP)
        if topic != self._readings or outcome.rejection is not None:
            return
        after = outcome.state.trackers
        self._counts.readings(accepted=changes(before, outcome))
        if before is not None and after.engine.reach_ms > before.trackers.engine.reach_ms:
            for rule in blinded(self._policy.triage, before.trackers, after):
                self._counts.blinded(rule)


def changes(before: VehicleState | None, outcome: Outcome) -> bool:
    """Whether a reading changed anything; one that is late or repeated does not."""
    return before is None or outcome.state.trackers is not before.trackers
