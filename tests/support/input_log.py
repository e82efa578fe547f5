"""One partition's input topics and trail in memory, filled by vehicles that do anything, in any order; its replay."""

from collections import Counter
from collections.abc import Callable, Iterable
from typing import Any

from msgspec.structs import replace

from master_orchestrator.core.inputs import Body
from master_orchestrator.core.intake import Intake
from master_orchestrator.core.outcome import Outcome
from master_orchestrator.core.policy import Policy
from master_orchestrator.core.rejection import RejectedError
from master_orchestrator.core.state import decode_state, new_vehicle
from master_orchestrator.core.step import deadlines, step
from master_orchestrator.readers.replay import Arrived, Rules, VehicleReplay
from master_orchestrator.readers.replay_verdict import Replayed, summed, verdict_of
from master_orchestrator_schemas.codec import Codec
from master_orchestrator_schemas.messages import AuditRecord, Cause, Telemetry
from master_orchestrator_schemas.topology import load_topology
from master_orchestrator_schemas.vocabulary import FailureKind, OperatorAction, Priority, ServiceEventKind
from support.core_vehicle import EPOCH_MS, TOPICS, CoreVehicle

PARTITION = 0
READINGS = TOPICS[Telemetry]
CODEC = Codec()
INTAKE = Intake(load_topology().model_copy(update={"partitions": 1}), CODEC)
UNRECORDED = ("trackers", "share", "standing", "next_check_due_ms", "model", "odometer_m", "clock")
"""What a reading may change without leaving an audit record, apart from the positions."""


class InputLog:
    """The input topics of a partition in the order applied, and the audit topic."""

    def __init__(self) -> None:
        self.inputs: list[Arrived] = []
        self.trail: list[tuple[bytes, AuditRecord]] = []
        self._offsets: Counter[str] = Counter()

    def append(self, topic: str, at_ms: int, key: bytes | None, value: bytes | None) -> Arrived:
        """The next record of a topic."""
        cause = Cause(topic=topic, partition=PARTITION, offset=self._offsets[topic])
        self._offsets[topic] += 1
        self.inputs.append(Arrived(cause, at_ms, key, value))
        return self.inputs[-1]

    @property
    def ends(self) -> dict[str, int]:
        """Where the topics end."""
        return dict(self._offsets)

    @property
    def records(self) -> list[AuditRecord]:
        """The trail, decoded."""
        return [record for _, record in self.trail]

    def change(self, index: int, **fields: Any) -> AuditRecord:
        """Write a record of the trail again."""
        record = replace(self.trail[index][1], **fields)
        self.trail[index] = (CODEC.encode(record), record)
        return record

    def replayed(
        self, policy: Policy, log_starts: dict[str, int] | None = None, applied: dict[str, int] | None = None
    ) -> Replayed:
        """The verdict on it, where records before ``log_starts`` are gone; ``applied``: as far as that is known."""
        starts = dict.fromkeys(TOPICS.values(), 0) | (log_starts or {})
        rules = Rules(policy, INTAKE, CODEC, READINGS, applied or {})
        replays: dict[bytes, VehicleReplay] = {}
        for value, record in self.trail:
            replay = replays.setdefault(record.vehicle_id.encode(), VehicleReplay(record.vehicle_id, rules))
            replay.recorded(value, record)
        kept = [arrived for arrived in self.inputs if arrived.cause.offset >= starts[arrived.cause.topic]]
        for reads in (False, True):
            for arrived in (arrived for arrived in kept if (arrived.cause.topic == READINGS) == reads):
                name = arrived.key or b""
                replay = replays.setdefault(name, VehicleReplay(name.decode(errors="replace"), rules))
                (replay.reading if reads else replay.hold)(arrived)
        for replay in replays.values():
            replay.finish()
        return summed(verdict_of(replay, starts, READINGS) for replay in replays.values())


class LoggedVehicle(CoreVehicle):
    """A vehicle whose inputs stand on an :class:`InputLog`, with those of others."""

    def __init__(self, policy: Policy, vehicle_id: str, log: InputLog) -> None:
        super().__init__(policy, vehicle_id)
        self.log = log
        self.skew_ms = 0

    def send(self, body: Body, *, traceparent: str | None = None) -> Outcome:  # noqa: ARG002 - no audit record has it
        """Append an input and apply it as the engine does, by a clock that is not that of other topics."""
        topic, value = TOPICS[type(body)], CODEC.encode(body)
        self.offsets[topic] += 1  # ids are made of it
        arrived = self.log.append(topic, max(0, self.at_ms + self.skew_ms), self.vehicle_id.encode(), value)
        given = INTAKE.take(arrived.cause, at_ms=arrived.at_ms, key=arrived.key, value=value, headers=None)
        before = None if self.stored is None else decode_state(self.stored)
        outcome = step(self.policy, self.vehicle_id, before, given)
        if not outcome.audit:
            own = ("positions", *(UNRECORDED if isinstance(body, Telemetry) else ()))
            kept = {name: getattr(outcome.state, name) for name in own}
            assert outcome.state == replace(before or new_vehicle(), **kept), "changed without leaving a record"
        self._take(outcome)
        self.log.trail += [(CODEC.encode(record), record) for record in outcome.audit]
        return outcome

    def refused(self, topic: str, value: bytes) -> None:
        """Append an input that the engine refuses before any state sees it."""
        arrived = self.log.append(topic, self.at_ms, self.vehicle_id.encode(), value)
        try:
            INTAKE.take(arrived.cause, at_ms=arrived.at_ms, key=arrived.key, value=value, headers=None)
        except RejectedError:
            return
        raise AssertionError(f"{value!r} is not refused")


LoggedAction = Callable[[LoggedVehicle, int], object]


def _fault(vehicle: LoggedVehicle, pick: int) -> None:
    vehicle.fault(("P0301", "P0217", "P0441", "C0035")[pick % 4], odometer_m=float(pick), model="m")


def _aged(vehicle: LoggedVehicle, pick: int) -> None:
    vehicle.reading(ts_ms=vehicle.at_ms - (500_000, 1, -1, -700_000)[pick % 4], check_requested=pick % 3 == 0)


def _succeed(vehicle: LoggedVehicle, pick: int) -> None:
    if vehicle.commands:
        vehicle.reply(None, vehicle.commands[-1 - pick % min(2, len(vehicle.commands))])


def _fail(vehicle: LoggedVehicle, pick: int) -> None:
    if vehicle.commands:
        vehicle.fail(list(FailureKind)[pick % len(FailureKind)], vehicle.commands[-1])


def _stale(vehicle: LoggedVehicle, pick: int) -> None:
    if vehicle.commands:
        vehicle.reply(None, vehicle.commands[pick % len(vehicle.commands)])


def _tick(vehicle: LoggedVehicle, pick: int) -> None:
    if due := deadlines(vehicle.vehicle_id, vehicle.state):
        vehicle.tick(due[pick % len(due)])


def _idle_tick(vehicle: LoggedVehicle, pick: int) -> None:
    """Early, or of a deadline that is none."""
    for deadline in deadlines(vehicle.vehicle_id, vehicle.state)[:1]:
        late = replace(deadline, deadline_id="reply/999") if pick % 2 else deadline
        vehicle.send(vehicle.timer(late))


def _operator(vehicle: LoggedVehicle, pick: int) -> None:
    if vehicle.statuses:
        workflows = [*vehicle.statuses, f"{vehicle.vehicle_id}~99"]
        action = list(OperatorAction)[pick % len(OperatorAction)]
        vehicle.operator(action, Priority(1 + pick % 4), workflow_id=workflows[pick % len(workflows)])


def _service(vehicle: LoggedVehicle, pick: int) -> None:
    if vehicle.statuses:
        workflow_id = list(vehicle.statuses)[-1]
        vehicle.service(list(ServiceEventKind)[pick % len(ServiceEventKind)], f"e{pick % 5}", workflow_id=workflow_id)


ACTIONS: dict[str, LoggedAction] = {
    "healthy": lambda vehicle, _: vehicle.reading(),
    "hot": lambda vehicle, _: vehicle.reading(coolant_temp_c=118.0),
    "fault": _fault,
    "aged": _aged,
    "succeed": _succeed,
    "go on": _succeed,
    "fail": _fail,
    "stale": _stale,
    "tick": _tick,
    "idle tick": _idle_tick,
    "operator": _operator,
    "service": _service,
    "time passes": lambda vehicle, pick: vehicle.wait((900, 20_000, 3_600_000, 40 * 86_400_000)[pick % 4]),
    "clocks differ": lambda vehicle, pick: setattr(vehicle, "skew_ms", (-2_000, 0, 5, 30_000)[pick % 4]),
    "undecodable": lambda vehicle, pick: vehicle.refused(tuple(TOPICS.values())[pick % 5], b"\xc3\x01short"),
    "of another": lambda vehicle, _: vehicle.refused(
        READINGS, CODEC.encode(Telemetry(vehicle_id="else", ts_ms=EPOCH_MS))
    ),
}


def driven(policy: Policy, moves: Iterable[tuple[int, str, int]], vehicles: int = 3) -> InputLog:
    """The log after these moves: which vehicle, what it does, and a number that chooses between variants."""
    log = InputLog()
    fleet = [LoggedVehicle(policy, f"v-{number}", log) for number in range(vehicles)]
    for number, action, pick in moves:
        vehicle = fleet[number % vehicles]
        vehicle.wait(1_000)
        ACTIONS[action](vehicle, pick)
    return log
