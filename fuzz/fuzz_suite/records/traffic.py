"""Well-formed messages that go with where a vehicle's workflow stands, and some that only nearly do."""

from random import Random
from typing import Any

from fuzz_suite.records.answers import Answers, failure
from fuzz_suite.records.values import INTEGERS, TEXTS, maybe, number, text
from master_orchestrator.core.command_ids import command_id
from master_orchestrator.core.outcome import Deadline, Outcome
from master_orchestrator.core.state import VehicleState, new_vehicle
from master_orchestrator.core.step import deadlines
from master_orchestrator_schemas.messages import (
    SIGNALS,
    Campaign,
    Command,
    CustomerAnswer,
    Dtc,
    J1939Fault,
    OperatorRequest,
    Reply,
    ServiceEvent,
    Telemetry,
    Timer,
)
from master_orchestrator_schemas.messages.telemetry import MAX_MS
from master_orchestrator_schemas.vocabulary import (
    AgentType,
    Answer,
    Channel,
    OperatorAction,
    Priority,
    Purpose,
    ServiceEventKind,
)

Message = Telemetry | Reply | Timer | ServiceEvent | OperatorRequest | CustomerAnswer
HEALTHY = {"engine_rpm": 1800.0, "coolant_temp_c": 92.0, "battery_voltage_v": 14.1, "speed_kmh": 60.0, "mil_on": False}
FAULTS: tuple[dict[str, Any], ...] = (
    {"coolant_temp_c": 118.0}, {"oil_pressure_kpa": 10.0}, {"tyre_fl_kpa": 100.0, "tyre_rr_kpa": 100.0},
    {"brake_fluid_low": True}, {"mil_flashing": True}, {"hv_temp_max_c": 80.0}, {"engine_rpm": 0.0,
    "battery_voltage_v": 8.0},
)  # fmt: skip
CODES = ("P0301", "P0217", "P0441", "C0035", "U0100", "P0AFF", "B1234", "P0420", "PFFFF")
STATUSES = (None, 0x08, 0x04, 0x40, 0x80, 0, 255)
COMMANDS_KEPT = 8
EVENT_IDS = ("e-1", "e-2", "e-3", "", "\x00", "é" * 200)
OLD = 400
"""Late readings carry times up to this many seconds before the record's, or one of the times below."""
LATE_MS = (1, 60_000, 120_000, 300_000, 599_000, 600_000, 86_400_000, 10**10)


class FuzzedVehicle:
    """A vehicle as the outside world sees it: what was commanded, which workflows it had, what time it is."""

    def __init__(self, vehicle_id: str, at_ms: int) -> None:
        self.vehicle_id, self.at_ms = vehicle_id, at_ms
        self.commands: list[Command] = []
        self.workflows: list[str] = []
        self.records = 0

    def learn(self, outcome: Outcome) -> None:
        """Take in what one of its records led to."""
        for record in outcome.audit:
            if record.workflow_id not in self.workflows:
                self.workflows = [*self.workflows[-3:], record.workflow_id]
        self.commands = [*self.commands, *outcome.commands][-COMMANDS_KEPT:]


class Traffic:
    """Draws messages for a vehicle."""

    def __init__(self, rng: Random) -> None:
        self._rng = rng
        self._answers = Answers(rng)

    def message(self, vehicle: FuzzedVehicle, state: VehicleState | None) -> Message:
        """One message; the vehicle's time goes on."""
        self._let_pass(vehicle, state)
        draw = self._rng.random()
        if draw < 0.40 or state is None or state.workflow is None:
            return self.reading(vehicle) if draw < 0.9 else self._any(vehicle)
        if draw < 0.65 and vehicle.commands:
            return self._reply(vehicle)
        if draw < 0.80:
            return self._tick(vehicle, state)
        return self._any(vehicle)

    def stray(self, vehicle: FuzzedVehicle) -> Message:
        """A message about a workflow, to a vehicle that has none."""
        if not vehicle.commands:
            vehicle.commands.append(_never_issued(vehicle.vehicle_id))
        draw = self._rng.random()
        if draw < 0.4:
            return self._reply(vehicle)
        return self._tick(vehicle, new_vehicle()) if draw < 0.5 else self._any(vehicle)

    def _any(self, vehicle: FuzzedVehicle) -> Message:
        draw = self._rng.random()
        if draw < 0.4:
            return self._service(vehicle)
        return self._operator(vehicle) if draw < 0.7 else self._owner(vehicle)

    def _let_pass(self, vehicle: FuzzedVehicle, state: VehicleState | None) -> None:
        rng = self._rng
        draw = rng.random()
        waiting = deadlines(vehicle.vehicle_id, state) if state is not None and draw < 0.2 else []
        if waiting and (due_ms := min(waiting).due_ms) < MAX_MS:
            vehicle.at_ms = max(vehicle.at_ms, due_ms)
        elif draw > 0.995:
            vehicle.at_ms += rng.choice((86_400_000, 40 * 86_400_000, 200 * 86_400_000))
        else:
            vehicle.at_ms += rng.choice((0, 1, 1_000, 5_000, 30_000))

    def _workflow_id(self, vehicle: FuzzedVehicle) -> str:
        rng = self._rng
        if vehicle.workflows and rng.random() < 0.9:
            return vehicle.workflows[-1] if rng.random() < 0.8 else rng.choice(vehicle.workflows)
        return f"{vehicle.vehicle_id}~{rng.choice((0, 1, 99, -1))}" if rng.random() < 0.7 else text(rng)

    def reading(self, vehicle: FuzzedVehicle) -> Telemetry:
        """A reading."""
        rng = self._rng
        fields: dict[str, Any] = {**HEALTHY}
        if rng.random() < 0.3:
            fields |= rng.choice(FAULTS)
        if rng.random() < 0.15:
            fields |= {signal: number(rng) for signal in rng.sample(SIGNALS, rng.choice((1, 2, len(SIGNALS))))}
        if rng.random() < 0.2:
            most = rng.choice((1, 1, 2, 64))
            fields["dtcs"] = tuple(Dtc(code=rng.choice(CODES), status=rng.choice(STATUSES)) for _ in range(most))
        if rng.random() < 0.05:
            most = rng.choice((1, 2, 64))
            fields["j1939"] = tuple(
                J1939Fault(spn=rng.choice((0, 100, 524_287)), fmi=rng.randrange(32)) for _ in range(most)
            )
        if rng.random() < 0.05:
            fields["extras"] = {f"{text(rng)}x{index}"[:200]: number(rng) for index in range(rng.choice((1, 128)))}
        if rng.random() < 0.1:
            fields |= {"check_requested": True, "request_id": maybe(rng, text(rng))}
        if rng.random() < 0.1:
            fields |= {"model": maybe(rng, text(rng)), "odometer_m": number(rng)}
        return Telemetry(vehicle_id=vehicle.vehicle_id, ts_ms=self._reading_time(vehicle), **fields)

    def _reading_time(self, vehicle: FuzzedVehicle) -> int:
        rng = self._rng
        draw = rng.random()
        if draw < 0.85:
            return min(max(0, vehicle.at_ms), MAX_MS)
        if draw < 0.95:
            return min(max(0, vehicle.at_ms - rng.choice((*LATE_MS, rng.randrange(OLD) * 1_000))), MAX_MS)
        return rng.choice((0, 1, MAX_MS, min(MAX_MS, vehicle.at_ms + 600_000), min(MAX_MS, vehicle.at_ms + 600_001)))

    def _reply(self, vehicle: FuzzedVehicle) -> Reply:
        rng = self._rng
        command = vehicle.commands[-1] if rng.random() < 0.8 else rng.choice(vehicle.commands)
        fields: dict[str, Any] = {"failure": failure(rng)}
        agent = command.agent if rng.random() < 0.97 else rng.choice(tuple(AgentType))
        if rng.random() < 0.8:
            fields = {"result": self._answers.draw(rng, agent)}
        return Reply(
            command_id=command.command_id if rng.random() < 0.93 else self._near(command),
            workflow_id=command.workflow_id if rng.random() < 0.97 else self._workflow_id(vehicle),
            vehicle_id=vehicle.vehicle_id,
            agent=agent,
            worker=text(rng) if rng.random() < 0.2 else "w1",
            handled_in_ms=rng.choice((0, 5, 2**63 - 1)),
            **fields,
        )

    def _near(self, command: Command) -> str:
        """An id that is almost that of a command."""
        rng = self._rng
        workflow_id, step, attempt, revision = command.command_id.rsplit("/", 3)
        counts = (attempt, revision, "-1", "+1", "1_0", " 1", "00", "٣", "9" * 100, "1e3", "", "x")
        near = f"{workflow_id}/{rng.choice((step, *AgentType))}/{rng.choice(counts)}/{rng.choice(counts)}"
        return rng.choice((near, near + "/", near[1:], text(rng)))[:200]

    def _tick(self, vehicle: FuzzedVehicle, state: VehicleState) -> Timer:
        rng = self._rng
        waiting = deadlines(vehicle.vehicle_id, state) or [
            Deadline(due_ms=0, workflow_id=self._workflow_id(vehicle), deadline_id=f"reply/{rng.randrange(9)}")
        ]
        deadline = rng.choice(waiting)
        return Timer(
            vehicle_id=vehicle.vehicle_id,
            workflow_id=deadline.workflow_id if rng.random() < 0.95 else self._workflow_id(vehicle),
            deadline_id=deadline.deadline_id if rng.random() < 0.95 else rng.choice(TEXTS),
            due_ms=deadline.due_ms if rng.random() < 0.9 else rng.choice(INTEGERS),
        )

    def _service(self, vehicle: FuzzedVehicle) -> ServiceEvent:
        rng = self._rng
        return ServiceEvent(
            vehicle_id=vehicle.vehicle_id,
            workflow_id=self._workflow_id(vehicle),
            event_id=rng.choice(EVENT_IDS) if rng.random() < 0.3 else f"e{rng.random()}",
            kind=rng.choice(tuple(ServiceEventKind)),
            ts_ms=rng.choice((0, MAX_MS, min(max(0, vehicle.at_ms), MAX_MS))),
            workshop_id=rng.choice((None, "ws-1", text(rng))),
            confirmed_cause=rng.choice((None, text(rng))),
            confirmed_subsystem=rng.choice((None, "cooling", text(rng))),
            parts_replaced=(text(rng),) * rng.choice((0, 1, 32)),
            operations=(rng.choice(("oil_and_filters", text(rng))),) * rng.choice((0, 1, 32)),
            labour_hours=rng.choice((None, number(rng))),
            note=rng.choice((None, text(rng, 2_000))),
            start_ms=rng.choice((None, 0, MAX_MS, min(max(0, vehicle.at_ms), MAX_MS))),
            end_ms=rng.choice((None, 0, MAX_MS)),
        )

    def _owner(self, vehicle: FuzzedVehicle) -> CustomerAnswer:
        rng = self._rng
        contacts = [command.command_id for command in vehicle.commands] or [text(rng)]
        return CustomerAnswer(
            vehicle_id=vehicle.vehicle_id,
            workflow_id=self._workflow_id(vehicle),
            answer_id=rng.choice(EVENT_IDS) if rng.random() < 0.3 else f"a{rng.random()}",
            answer=rng.choice(tuple(Answer)),
            ts_ms=rng.choice((0, MAX_MS, min(max(0, vehicle.at_ms), MAX_MS))),
            contact_id=rng.choice((None, text(rng), *contacts)),
            offer=rng.choice((None, 1, 3)),
            preferred_from_ms=rng.choice((None, 0, MAX_MS, min(max(0, vehicle.at_ms), MAX_MS))),
            channel=rng.choice((None, *Channel)),
            purpose=rng.choice((None, *Purpose)),
            csat=rng.choice((None, 1, 5)),
            nps=rng.choice((None, 0, 10)),
            fixed_right_first_time=rng.choice((None, False, True)),
            comment=rng.choice((None, text(rng))),
        )

    def _operator(self, vehicle: FuzzedVehicle) -> OperatorRequest:
        rng = self._rng
        return OperatorRequest(
            vehicle_id=vehicle.vehicle_id,
            workflow_id=self._workflow_id(vehicle),
            request_id=text(rng),
            action=rng.choice((*OperatorAction, OperatorAction.SET_PRIORITY, OperatorAction.REDRIVE)),
            operator=text(rng),
            priority=rng.choice((None, *Priority)),
            reason=rng.choice((None, text(rng, 2_000))),
            campaign=rng.choice((None, _campaign(rng))),
        )


def _campaign(rng: Random) -> Campaign:
    return Campaign(
        campaign_id=f"R-{rng.randrange(4)}",
        title=text(rng, 80),
        operation=text(rng, 40),
        labour_hours=rng.choice((0.0, 1.5, 200.0)),
        skill=text(rng, 40),
        bay=text(rng, 40),
        parts=tuple(text(rng, 24) for _ in range(rng.randrange(5))),
    )


def _never_issued(vehicle_id: str) -> Command:
    workflow_id, step = f"{vehicle_id}~0", AgentType.DIAGNOSIS
    return Command(
        command_id=command_id(workflow_id, step.value, 0, 0),
        workflow_id=workflow_id,
        vehicle_id=vehicle_id,
        agent=step,
        priority=Priority.HIGH,
        step=step.value,
        attempt=0,
        revision=0,
        issued_at_ms=0,
        deadline_ms=0,
        payload={},
    )
