"""One vehicle driven through the pure core, with every invariant checked after every input."""

from collections import Counter
from collections.abc import Iterable
from typing import Any

import msgspec

from master_orchestrator.core import transitions
from master_orchestrator.core.audit_chain import verify_chain
from master_orchestrator.core.decide.campaigns import SETTLED
from master_orchestrator.core.decide.service_event import digest_of
from master_orchestrator.core.events import Event
from master_orchestrator.core.evolve import evolve
from master_orchestrator.core.fold import as_folded, fold_audit
from master_orchestrator.core.inputs import Body, Input
from master_orchestrator.core.outcome import Deadline, Outcome
from master_orchestrator.core.policy import Policy
from master_orchestrator.core.quiet import quiet
from master_orchestrator.core.rejection import Rejection
from master_orchestrator.core.state import VehicleState, Workflow, decode_state, encode_state, new_vehicle
from master_orchestrator.core.statuses import status_of
from master_orchestrator.core.step import deadlines, step
from master_orchestrator_schemas.codec import Codec
from master_orchestrator_schemas.headers import rfc3339
from master_orchestrator_schemas.messages import (
    Alert,
    AuditRecord,
    Campaign,
    Cause,
    Command,
    CustomerAnswer,
    Dtc,
    Failure,
    OperatorRequest,
    Reply,
    ServiceEvent,
    Status,
    Telemetry,
    Timer,
)
from master_orchestrator_schemas.results import RESULTS
from master_orchestrator_schemas.tasks import TASKS
from master_orchestrator_schemas.topology import Topology
from master_orchestrator_schemas.vocabulary import (
    AgentType,
    Answer,
    FailureKind,
    OperatorAction,
    Priority,
    Reason,
    ServiceEventKind,
    State,
)

EPOCH_MS = 1_700_000_000_000
MAX_STATE_BYTES = 4096
RESTING = {
    State.SCHEDULING,
    State.SCHEDULED,
    State.IN_SERVICE,
    State.FEEDBACK,
    State.COMPLETED,
    State.FAILED,
}
"""States in which nobody is on the way to tell the owner."""
TOPICS = {
    OperatorRequest: "operator.requests",
    CustomerAnswer: "customer.answers",
    ServiceEvent: "service.events",
    Reply: "agent.replies",
    Timer: "workflow.timers",
    Telemetry: "vehicle.telemetry",
}


def policy_of(topology: Topology, *, feed: bool = False, without: tuple[AgentType, ...] = ()) -> Policy:
    """The topology's policy, with or without a workshop feed, and without some of the optional agents."""
    service = topology.service.model_copy(update={"workshop_feed": feed})
    agents = {
        agent: terms.model_copy(update={"enabled": agent not in without}) for agent, terms in topology.agents.items()
    }
    return Policy.from_topology(topology.model_copy(update={"service": service, "agents": agents}))


class CoreVehicle:
    """A vehicle, its state as stored bytes, and all that the core has put out about it."""

    def __init__(self, policy: Policy, vehicle_id: str = "v-1") -> None:
        self.policy, self.vehicle_id = policy, vehicle_id
        self.at_ms = EPOCH_MS
        self.gateway: str | None = None
        """Who brings the next readings; None: their headers are not at hand."""
        self.stored: bytes | None = None
        self.offsets: Counter[str] = Counter()
        self.audit: list[AuditRecord] = []
        self.commands: list[Command] = []
        self.alerts: list[Alert] = []
        self.failed: list[Command] = []
        self.statuses: dict[str, Status] = {}
        self.rejections: list[Rejection] = []
        self.events: list[Event] = []
        self.untold: dict[tuple[str, str], int] = {}
        """(workflow, rule) -> the vehicle's time, of URGENT findings of which neither owner nor human was told."""
        self.campaign_ids: set[str] = set()
        self.told_recalls: set[str] = set()
        """Those of them of which owner or human was told, since the vehicle takes part."""
        self._codec = Codec()

    # --- what has come of it ---

    @property
    def state(self) -> VehicleState:
        return new_vehicle() if self.stored is None else decode_state(self.stored)

    @property
    def workflow(self) -> Workflow:
        workflow = self.state.workflow
        assert workflow is not None
        return workflow

    @property
    def last_command(self) -> Command:
        return self.commands[-1]

    def path(self, workflow_id: str | None = None) -> list[State]:
        """The states a workflow has been through, one per move."""
        workflow_id = workflow_id or self.workflow.workflow_id
        moves = [r for r in self.audit if r.workflow_id == workflow_id and r.from_state is not r.to_state]
        return [record.to_state for record in moves]

    def recorded(self, event: str) -> list[AuditRecord]:
        return [record for record in self.audit if record.event == event]

    # --- inputs ---

    def send(self, body: Body, *, traceparent: str | None = None) -> Outcome:
        """Put one input through the core, twice, and check every invariant."""
        topic = TOPICS[type(body)]
        cause = Cause(topic=topic, partition=3, offset=self.offsets[topic])
        self.offsets[topic] += 1
        record = Input(cause=cause, at_ms=self.at_ms, body=body, traceparent=traceparent, gateway=self.gateway)
        before = None if self.stored is None else decode_state(self.stored)
        outcome = step(self.policy, self.vehicle_id, before, record)
        again = step(self.policy, self.vehicle_id, None if self.stored is None else decode_state(self.stored), record)
        assert again == outcome
        assert encode_state(again.state) == encode_state(outcome.state)
        self._check_quiet(record, before, outcome)
        self._take(outcome)
        self._check(cause, outcome)
        return outcome

    def reading(self, **fields: Any) -> Outcome:
        """A reading of a running engine in good health, but for ``fields``."""
        healthy = {"engine_rpm": 1800.0, "coolant_temp_c": 92.0, "battery_voltage_v": 14.1, "mil_on": False}
        return self.send(
            Telemetry(vehicle_id=self.vehicle_id, **{"ts_ms": self.at_ms, **healthy, **fields}),
        )

    def fault(self, code: str, **fields: Any) -> Outcome:
        """A reading with a confirmed trouble code, which fires at once."""
        return self.reading(dtcs=(Dtc(code=code, status=0x08),), mil_on=True, **fields)

    def reply(self, result: dict[str, Any] | None = None, command: Command | None = None) -> Outcome:
        """A success of the newest command, as a handler's dict becomes a result."""
        command = command or self.last_command
        wire = RESULTS[command.agent].model_validate(result or {}).to_wire()
        return self.send(self.reply_to(command, result=wire))

    def fail(
        self,
        kind: FailureKind = FailureKind.RETRYABLE,
        command: Command | None = None,
        retry_after_ms: int | None = None,
    ) -> Outcome:
        """A failure of the newest command."""
        failure = Failure(kind=kind, error="Boom", message="did not work", retry_after_ms=retry_after_ms)
        return self.send(self.reply_to(command or self.last_command, failure=failure))

    def reply_to(self, command: Command, **fields: Any) -> Reply:
        return Reply(
            **{
                "command_id": command.command_id,
                "workflow_id": command.workflow_id,
                "vehicle_id": command.vehicle_id,
                "agent": command.agent,
                "worker": "w1",
                "handled_in_ms": 5,
                **fields,
            }
        )

    def wait(self, ms: int) -> None:
        self.at_ms += ms

    def tick(self, deadline: Deadline | None = None, *, late_ms: int = 0) -> Outcome:
        """The tick of the first deadline, at its time."""
        deadline = deadline or min(deadlines(self.vehicle_id, self.state))
        self.at_ms = max(self.at_ms, deadline.due_ms + late_ms)
        return self.send(self.timer(deadline))

    def timer(self, deadline: Deadline) -> Timer:
        return Timer(
            vehicle_id=self.vehicle_id,
            workflow_id=deadline.workflow_id,
            deadline_id=deadline.deadline_id,
            due_ms=deadline.due_ms,
        )

    def service(self, kind: ServiceEventKind, event_id: str | None = None, **fields: Any) -> Outcome:
        return self.send(
            ServiceEvent(
                vehicle_id=self.vehicle_id,
                workflow_id=fields.pop("workflow_id", self.workflow.workflow_id),
                event_id=event_id or f"e{sum(self.offsets.values())}",
                kind=kind,
                ts_ms=fields.pop("ts_ms", self.at_ms),
                workshop_id="ws-1",
                **fields,
            )
        )

    def answer(self, answer: Answer, answer_id: str | None = None, **fields: Any) -> Outcome:
        """What the owner has answered."""
        return self.send(
            CustomerAnswer(
                vehicle_id=self.vehicle_id,
                workflow_id=fields.pop("workflow_id", None) or self.workflow.workflow_id,
                answer_id=answer_id or f"a{sum(self.offsets.values())}",
                answer=answer,
                ts_ms=fields.pop("ts_ms", self.at_ms),
                **fields,
            )
        )

    def operator(self, action: OperatorAction, priority: Priority | None = None, **fields: Any) -> Outcome:
        return self.send(
            OperatorRequest(
                vehicle_id=self.vehicle_id,
                workflow_id=fields.pop("workflow_id", None) or self.workflow.workflow_id,
                request_id=f"r{sum(self.offsets.values())}",
                action=action,
                operator="ada",
                priority=priority,
                **fields,
            )
        )

    def campaign(
        self, campaign_id: str, action: OperatorAction = OperatorAction.OPEN_CAMPAIGN, **fields: Any
    ) -> Outcome:
        """An operator's request about a campaign's work on this vehicle."""
        self.campaign_ids.add(campaign_id)
        if digest_of(campaign_id) not in self.state.campaigns:
            self.told_recalls.discard(campaign_id)
        campaign = Campaign(campaign_id=campaign_id, title="The hose may leak", operation="replace_hose")
        return self.send(
            OperatorRequest(
                vehicle_id=self.vehicle_id,
                request_id=f"r{sum(self.offsets.values())}",
                action=action,
                operator="ada",
                campaign=fields.pop("campaign", campaign),
                **fields,
            )
        )

    def advance_to(self, state: State, **results: dict[str, Any]) -> None:
        """Answer every command with success until ``state`` is reached; ``results`` by the agent's name."""
        for _ in range(16):
            if self.workflow.state is state:
                return
            if (held := self.workflow.conversation) is not None and held.waiting:
                self.answer(Answer.ACCEPT)
            elif self.workflow.state in transitions.STATE_OF_STEP.values():
                own = [c for c in self.commands if c.agent is not AgentType.MANUFACTURING_QUALITY]
                self.reply(results.get(own[-1].agent.value.lower()), own[-1])
            elif self.policy.service.workshop_feed:
                checked_in = self.workflow.state is State.IN_SERVICE
                self.service(ServiceEventKind.COMPLETED if checked_in else ServiceEventKind.CHECKED_IN)
            else:
                self.tick()
        raise AssertionError(f"{self.workflow.state} instead of {state}")

    # --- invariants ---

    def _take(self, outcome: Outcome) -> None:
        self.stored = encode_state(outcome.state)
        self.audit += outcome.audit
        self.events += outcome.events
        self.commands += outcome.commands
        self.alerts += outcome.alerts
        self.failed += outcome.failed_commands
        self.statuses |= {status.workflow_id: status for status in outcome.status}
        if outcome.rejection is not None:
            self.rejections.append(outcome.rejection)

    def _check(self, cause: Cause, outcome: Outcome) -> None:
        state = outcome.state
        assert state == decode_state(encode_state(state))
        assert len(encode_state(state)) < MAX_STATE_BYTES
        assert outcome.rejection is None or not outcome.audit
        self._check_trail(state)
        self._check_deadlines(state)
        self._check_executions(state)
        self._check_positions(cause, outcome)
        self._check_messages(outcome)
        self._check_told(outcome)
        self._check_campaigns(state)
        self._check_recalls_told(outcome)

    def _check_quiet(self, record: Input, before: VehicleState | None, outcome: Outcome) -> None:
        if before is None or record.body.vehicle_id != self.vehicle_id:
            return
        if (after := quiet(self.policy, before, record)) is not None:
            alone = Outcome(state=after, commands=[], audit=[], status=[], alerts=[], traceparent=record.traceparent)
            assert alone == msgspec.structs.replace(outcome, events=[])

    def _check_trail(self, state: VehicleState) -> None:
        folded_events = new_vehicle()
        for event in self.events:
            folded_events = evolve(folded_events, event)
        assert state == folded_events
        assert [] == verify_chain(self.audit)
        for record in self.audit:
            if record.from_state is None:
                assert transitions.INITIAL is record.to_state
            elif record.from_state is not record.to_state:
                assert transitions.allowed(record.from_state, record.to_state)
                assert record.from_state is not State.FAILED or record.event == "workflow_redriven"
        folded = fold_audit(self.audit)
        assert sum(status.state not in transitions.END_STATES for status in folded.values()) <= 1
        if state.workflow is not None:
            newest = folded[state.workflow.workflow_id]
            assert as_folded(status_of(self.vehicle_id, state.workflow)) == newest
            assert as_folded(self.statuses[newest.workflow_id]) == newest
        assert self.statuses.keys() == folded.keys()

    def _check_deadlines(self, state: VehicleState) -> None:
        waiting = {deadline.deadline_id.split("/")[0] for deadline in deadlines(self.vehicle_id, state)}
        workflow = state.workflow
        if workflow is not None and workflow.is_open:
            assert workflow.state not in transitions.AT_ONCE
            assert waiting & {"reply", "retry", "due", "answer"}
        else:
            assert not waiting & {"reply", "retry", "due", "answer"}
        for chain in (state.workflow, state.older):
            if chain is not None and chain.side is not None:
                assert waiting & {"side", "side-retry"}

    def _check_executions(self, state: VehicleState) -> None:
        """At most 1 + 3 executions per step and budget, counted from the trail alone."""
        executions: Counter[tuple[str, str]] = Counter()
        for record in self.audit:
            issued = msgspec.json.decode(record.details).get("issued")
            if issued is None:
                continue
            workflow_id, step_name, _, revision = issued.rsplit("/", 3)
            if record.event not in {"step_restarted", "priority_changed", "findings_folded", "side_task_restarted"}:
                executions[workflow_id, step_name] = 0
            if self._has_a_fresh_budget(record):
                executions[workflow_id, step_name] = 0
            executions[workflow_id, step_name] += revision == "0"
            assert executions[workflow_id, step_name] <= 1 + len(self.policy.retry_waits_ms)
        ids = [command.command_id for command in self.commands]
        assert len(set(ids)) == len(ids)
        if state.workflow is not None and state.workflow.execution is not None:
            assert state.workflow.execution.retries_used <= len(self.policy.retry_waits_ms)

    def _has_a_fresh_budget(self, record: AuditRecord) -> bool:
        """Whether the record is the restart after an operator's redrive, or after an answer to ask again later."""
        before = [r for r in self.audit if r.workflow_id == record.workflow_id and r.seq == record.seq - 1]
        if record.event != "step_restarted" or not before:
            return False
        if before[0].event == "workflow_redriven" or before[0].reason == "asked_later":
            return True
        return bool(msgspec.json.decode(before[0].details).get("no_place"))

    def _check_campaigns(self, state: VehicleState) -> None:
        """Each campaign that the vehicle takes part in is in one workflow: the newest, or one that has settled it."""
        newest = None if state.workflow is None else state.workflow.workflow_id
        for campaign_id in self.campaign_ids:
            settled = [
                status.workflow_id
                for status in self.statuses.values()
                if campaign_id in status.campaigns and status.reason in SETTLED
            ]
            held = [status for status in self.statuses.values() if status.workflow_id == newest]
            live = [s for s in held if campaign_id in (*s.campaigns, *s.campaigns_waiting) and newest not in settled]
            assert (digest_of(campaign_id) in state.campaigns) == len(settled) + len(live), (campaign_id, settled, live)

    def _check_recalls_told(self, outcome: Outcome) -> None:
        """No URGENT or HIGH work of a campaign rests without the owner or a human having been told of it."""
        for command in outcome.commands:
            if command.agent is AgentType.CUSTOMER_ENGAGEMENT:
                self.told_recalls |= {notice["campaign_id"] for notice in command.payload["campaigns"]}
        self.told_recalls |= {each for each in self.campaign_ids for a in outcome.alerts if each in a.message}
        workflow = outcome.state.workflow
        if workflow is None or workflow.state not in RESTING or workflow.reason == Reason.CANCELLED:
            return
        assert {work.campaign_id for work in workflow.campaigns if work.is_pressing} <= self.told_recalls

    def _check_positions(self, cause: Cause, outcome: Outcome) -> None:
        for record in outcome.audit:
            assert cause == record.cause
            assert cause.offset + 1 == record.positions[cause.topic]
        rank = self.policy.ranks[cause.topic]
        assert cause.offset + 1 == outcome.state.positions[rank]

    def _check_told(self, outcome: Outcome) -> None:
        """No URGENT finding rests without the owner or a human having been told of it, with its time."""
        for record in outcome.audit:
            urgent = msgspec.json.decode(record.details).get("urgent", {})
            self.untold |= {(record.workflow_id, rule): at_ms for rule, at_ms in urgent.items()}
        if (workflow := outcome.state.workflow) is not None:  # one that was suspected and has lasted has a newer time
            now = {(workflow.workflow_id, finding.rule): finding.at_ms for finding in workflow.findings}
            self.untold |= {key: now[key] for key in self.untold.keys() & now.keys()}
        for command in outcome.commands:
            if command.agent is AgentType.CUSTOMER_ENGAGEMENT:
                self._told(command.workflow_id, [(f["rule"], f["at_ms"]) for f in command.payload["findings"]])
        for alert in outcome.alerts:
            named = [(rule, at_ms) for (_, rule), at_ms in self.untold.items() if rule in alert.message]
            self._told(alert.workflow_id, [each for each in named if rfc3339(each[1]) in alert.message])
        self._dismissed(outcome.state.workflow)
        resting = {status.workflow_id: status for status in outcome.status if status.state in RESTING}
        assert not [(key, resting[key[0]].state) for key in self.untold if key[0] in resting]

    def _told(self, workflow_id: str | None, findings: Iterable[tuple[str, int]]) -> None:
        for rule, at_ms in findings:
            if workflow_id is not None and self.untold.get((workflow_id, rule)) == at_ms:
                del self.untold[workflow_id, rule]

    def _dismissed(self, workflow: Workflow | None) -> None:
        """An agent whose task held it has said that it is nothing, or nothing new."""
        if workflow is None:
            return
        nothing = workflow.reason in {Reason.NOTHING_FOUND, Reason.DUPLICATE}
        for finding in workflow.findings:
            if finding.dismissed or nothing:
                self.untold.pop((workflow.workflow_id, finding.rule), None)

    def _check_messages(self, outcome: Outcome) -> None:
        for command in outcome.commands:
            assert self.policy.deadline_ms(command.agent, command.priority, self.at_ms) == command.deadline_ms
        for command in [*outcome.commands, *outcome.failed_commands]:
            TASKS[command.agent].model_validate(command.payload)
            assert set(TASKS[command.agent].model_fields) == set(command.payload)
        messages: list[Command | AuditRecord | Status | Alert] = [*outcome.commands, *outcome.audit]
        for message in [*messages, *outcome.status, *outcome.alerts]:
            assert self._codec.decode(self._codec.encode(message), type(message)).__class__ is type(message)
