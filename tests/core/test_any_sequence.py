"""Any sequence of inputs of all kinds keeps every invariant; ``CoreVehicle`` checks them after every input."""

from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule, run_state_machine_as_test
from support.core_vehicle import CoreVehicle, policy_of

from master_orchestrator.core.decide.campaigns import CAMPAIGN_ACTIONS
from master_orchestrator.core.outcome import Deadline
from master_orchestrator.core.state import VehicleState
from master_orchestrator.core.step import deadlines
from master_orchestrator_schemas.messages import Campaign, Command, Dtc, Telemetry
from master_orchestrator_schemas.messages.telemetry import MAX_MS
from master_orchestrator_schemas.topology import load_topology
from master_orchestrator_schemas.vocabulary import (
    AgentType,
    Answer,
    AppointmentState,
    Channel,
    FailureKind,
    OperatorAction,
    Priority,
    Purpose,
    ServiceEventKind,
    State,
)

TOPOLOGY = load_topology()
POLICIES = {
    "clock": policy_of(TOPOLOGY),
    "feed": policy_of(TOPOLOGY, feed=True),
    "four agents": policy_of(TOPOLOGY, without=(AgentType.FEEDBACK, AgentType.MANUFACTURING_QUALITY)),
}
CODES = ("P0301", "P0217", "P0128", "P0441", "C0035", "P2463", "B1000", "P0A80", "U0100", "P0562")
HOUR_MS = 3_600_000
STARTS = (
    State.DIAGNOSIS,
    State.CUSTOMER_ENGAGEMENT,
    State.SCHEDULING,
    State.SCHEDULED,
    State.IN_SERVICE,
    State.FEEDBACK,
    State.COMPLETED,
)
WAITS = (-40, 1, 900, 2_000, 60_000, HOUR_MS, 30 * HOUR_MS, 400 * HOUR_MS, 5_000 * HOUR_MS)

texts = st.text(max_size=12) | st.sampled_from(["x" * 200, "\u20ac" * 200, "dtc:P0301", "coolant_hot"])
numbers = st.floats(0, 1)
times = st.none() | st.integers(0, MAX_MS) | st.integers(-HOUR_MS, 40 * HOUR_MS).map(lambda ms: 1_700_000_000_000 + ms)
anomaly = st.fixed_dictionaries(
    {"description": texts, "severity": numbers}, optional={"rule": st.sampled_from([f"dtc:{c}" for c in CODES])}
)
cause = st.fixed_dictionaries({"component": texts, "description": texts, "probability": numbers})
operation = st.fixed_dictionaries(
    {"name": texts, "labour_hours": st.floats(0, 200), "parts": st.lists(texts, max_size=16)}
)
offer = st.builds(
    lambda where, start_ms: {"workshop_id": where, "start_ms": start_ms, "end_ms": start_ms, "held_until_ms": start_ms},
    texts,
    st.integers(0, MAX_MS),
)
RESULTS: dict[AgentType, st.SearchStrategy[dict[str, Any]]] = {
    AgentType.DATA_ANALYSIS: st.fixed_dictionaries(
        {}, optional={"anomalies": st.none() | st.lists(anomaly, max_size=16), "dismissed": st.lists(texts, max_size=3)}
    ),
    AgentType.DIAGNOSIS: st.fixed_dictionaries(
        {"severity": numbers, "probability": numbers, "safe_to_drive": st.booleans()},
        optional={
            "causes": st.none() | st.lists(cause, max_size=8),
            "operations": st.lists(operation, max_size=8),
            "time_to_failure_h": st.none() | st.floats(0, 100_000),
        },
    ),
    AgentType.CUSTOMER_ENGAGEMENT: st.fixed_dictionaries(
        {"answer": st.sampled_from([Answer.ACCEPT, *Answer])},
        optional={
            "preferred_from_ms": times.filter(lambda t: (t or 0) >= 0),
            "waits_until_ms": times.filter(lambda t: (t or 0) >= 0),
            "channel": texts,
            "offers": st.lists(offer, max_size=3),
        },
    ),
    AgentType.SCHEDULING: st.fixed_dictionaries(
        {},
        optional={
            "appointment_id": texts,
            "workshop_id": texts,
            "start_ms": times,
            "end_ms": times,
            "status": st.sampled_from(list(AppointmentState)),
        },
    ),
    AgentType.FEEDBACK: st.fixed_dictionaries({}, optional={"csat": st.integers(1, 5)}),
    AgentType.MANUFACTURING_QUALITY: st.just({}),
}
malformed = st.one_of(
    st.dictionaries(texts, st.none() | st.integers() | texts, max_size=3),
    st.sampled_from([{"extras": {"a": "{"}}, {"extras": []}, {"severity": 7}, {"anomalies": 3}, {"start_ms": -1}]),
)


class AnyInput(RuleBasedStateMachine):
    """Each rule sends one input. Time goes on, and back a little: six topics do not share one clock exactly."""

    vehicle: CoreVehicle
    ticks: list[Deadline]

    @initialize(name=st.sampled_from(sorted(POLICIES)), reached=st.none() | st.sampled_from(STARTS))
    def begin(self, name: str, reached: State | None) -> None:
        """Anything can happen from any state: half of the runs begin far along."""
        self.vehicle, self.ticks = CoreVehicle(POLICIES[name], "v" * 64), []
        if reached is None:
            return
        self.vehicle.fault("P0301")
        if reached is State.FEEDBACK and name == "four agents":
            reached = State.COMPLETED
        start_ms = self.vehicle.at_ms + HOUR_MS
        self.vehicle.advance_to(reached, scheduling={"start_ms": start_ms, "end_ms": start_ms + HOUR_MS})

    @property
    def state(self) -> VehicleState:
        return self.vehicle.state

    @rule(ms=st.sampled_from(WAITS))
    def time_passes(self, ms: int) -> None:
        self.vehicle.wait(ms)

    @rule(
        codes=st.lists(st.sampled_from(CODES), max_size=4),
        age_ms=st.sampled_from([0, 0, 0, 1, 500_000, -500_000, -700_000]),
        check=st.booleans(),
        coolant_c=st.sampled_from([92.0, 92.0, 118.0]),
    )
    def reading(self, codes: list[str], age_ms: int, check: bool, coolant_c: float) -> None:
        self.vehicle.wait(1_000)
        faults = tuple(Dtc(code=code, status=0x08) for code in codes)
        self.vehicle.reading(
            dtcs=faults,
            mil_on=bool(faults),
            ts_ms=self.vehicle.at_ms - age_ms,
            check_requested=check,
            request_id="q",
            coolant_temp_c=coolant_c,
            model="m" * 200,
            odometer_m=1.5e6,
        )

    @rule()
    def readings_open_and_close(self) -> None:
        """A hot minute: a persistent rule fires, so it is more than codes that open and fold."""
        for _ in range(4):
            self.vehicle.wait(20_000)
            self.vehicle.reading(coolant_temp_c=118.0)

    @precondition(lambda self: self.vehicle.commands)
    @rule(choice=st.data(), recent=st.booleans())
    def success(self, choice: st.DataObject, recent: bool) -> None:
        command = self._command(choice, recent=recent)
        self.vehicle.reply(choice.draw(RESULTS[command.agent]), command)

    @precondition(lambda self: self.vehicle.commands)
    @rule(times=st.integers(1, 4))
    def all_goes_well(self, times: int) -> None:
        for _ in range(times):
            self.vehicle.reply(None, self.vehicle.last_command)

    @precondition(lambda self: self.vehicle.commands)
    @rule(
        choice=st.data(),
        kind=st.sampled_from(FailureKind),
        after_ms=st.none() | st.integers(0, HOUR_MS),
        recent=st.booleans(),
    )
    def failure(self, choice: st.DataObject, kind: FailureKind, after_ms: int | None, recent: bool) -> None:
        self.vehicle.fail(kind, self._command(choice, recent=recent), after_ms)

    @precondition(lambda self: self.vehicle.commands)
    @rule(choice=st.data(), result=st.none() | malformed)
    def malformed_reply(self, choice: st.DataObject, result: dict[str, Any] | None) -> None:
        self.vehicle.send(self.vehicle.reply_to(self._command(choice, recent=True), result=result))

    @precondition(lambda self: self.vehicle.commands)
    @rule(
        choice=st.data(),
        suffix=st.sampled_from(["", "/9", "x", "/0/0"]),
        agent=st.sampled_from(AgentType),
        workflow_id=st.sampled_from(["", "v~0", "v" * 64 + "~7"]),
    )
    def stray_reply(self, choice: st.DataObject, suffix: str, agent: AgentType, workflow_id: str) -> None:
        command = self._command(choice, recent=False)
        fields = {"command_id": command.command_id + suffix, "agent": agent, "result": {}}
        if workflow_id:
            fields["workflow_id"] = workflow_id
        self.vehicle.send(self.vehicle.reply_to(command, **fields))

    @precondition(lambda self: self.vehicle.stored is not None)
    @rule(choice=st.data(), early=st.booleans(), late_ms=st.sampled_from(WAITS))
    def tick(self, choice: st.DataObject, early: bool, late_ms: int) -> None:
        due = deadlines(self.vehicle.vehicle_id, self.state)
        if not due:
            return
        deadline = choice.draw(st.sampled_from(due))
        self.ticks.append(deadline)
        if early:
            self.vehicle.send(self.vehicle.timer(deadline))
        else:
            self.vehicle.tick(deadline, late_ms=late_ms)

    @precondition(lambda self: self.ticks)
    @rule(choice=st.data())
    def repeated_tick(self, choice: st.DataObject) -> None:
        self.vehicle.send(self.vehicle.timer(choice.draw(st.sampled_from(self.ticks))))

    @precondition(lambda self: self.vehicle.statuses)
    @rule(
        choice=st.data(),
        action=st.sampled_from(OperatorAction),
        priority=st.none() | st.sampled_from(Priority),
    )
    def operator(self, choice: st.DataObject, action: OperatorAction, priority: Priority | None) -> None:
        workflow_id = choice.draw(st.sampled_from([*self.vehicle.statuses, "v~3"]))
        self.vehicle.operator(action, priority, workflow_id=workflow_id, reason="because")

    @precondition(lambda self: self.vehicle.statuses)
    @rule(
        choice=st.data(),
        kind=st.sampled_from(ServiceEventKind),
        event_id=st.sampled_from(["e1", "e2", "e3", "e4"]),
        text=texts,
    )
    def service(self, choice: st.DataObject, kind: ServiceEventKind, event_id: str, text: str) -> None:
        workflow_id = choice.draw(st.sampled_from([*self.vehicle.statuses, "v~3"]))
        self.vehicle.service(
            kind, event_id, workflow_id=workflow_id, confirmed_cause=text, parts_replaced=(text,) * 20, note=text
        )

    @precondition(lambda self: self.vehicle.statuses)
    @rule(
        choice=st.data(),
        answer=st.sampled_from(Answer),
        fields=st.fixed_dictionaries(
            {"answer_id": st.sampled_from([None, "a1"])},
            optional={
                "offer": st.integers(1, 3),
                "channel": st.sampled_from(Channel),
                "purpose": st.sampled_from(Purpose),
                "preferred_from_ms": st.integers(0, MAX_MS),
            },
        ),
        is_named=st.booleans(),
    )
    def answer(self, choice: st.DataObject, answer: Answer, fields: dict[str, Any], *, is_named: bool) -> None:
        workflow_id = choice.draw(st.sampled_from([*self.vehicle.statuses, "v~3"]))
        if is_named and self.vehicle.commands:
            fields = {**fields, "contact_id": self._command(choice, recent=True).command_id}
        self.vehicle.answer(answer, workflow_id=workflow_id, **fields)

    @rule(
        campaign_id=st.sampled_from(["a" * 40, "b" * 40, "c" * 40, "d" * 40]),
        action=st.sampled_from([OperatorAction.OPEN_CAMPAIGN, *sorted(CAMPAIGN_ACTIONS)]),
        priority=st.none() | st.sampled_from(Priority),
        text=texts,
    )
    def campaign(self, campaign_id: str, action: OperatorAction, priority: Priority | None, text: str) -> None:
        word, part = text[:40], text[:24]
        campaign = Campaign(
            campaign_id=campaign_id,
            title=text[:80],
            operation=word or "x",
            skill=word,
            bay=word,
            parts=(part,) * 4,
        )
        self.vehicle.campaign(campaign_id, action, campaign=campaign, priority=priority, reason="because")

    @rule()
    def reading_of_another_vehicle(self) -> None:
        outcome = self.vehicle.send(Telemetry(vehicle_id="other", ts_ms=self.vehicle.at_ms))
        assert str(outcome.rejection).startswith("wrong_vehicle")

    def _command(self, choice: st.DataObject, *, recent: bool) -> Command:
        commands = self.vehicle.commands
        return choice.draw(st.sampled_from(commands[-2:] if recent else commands))

    def teardown(self) -> None:
        """Left alone, with nothing but ticks, every workflow ends."""
        for _ in range(120):
            if not deadlines(self.vehicle.vehicle_id, self.state):
                return
            self.vehicle.tick()
        raise AssertionError(f"still waiting: {deadlines(self.vehicle.vehicle_id, self.state)}")


@pytest.mark.timeout(600)
def test_any_sequence_of_inputs_keeps_every_invariant() -> None:
    run_state_machine_as_test(
        AnyInput,
        settings=settings(
            max_examples=60,
            stateful_step_count=40,
            deadline=None,
            suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
        ),
    )
