"""What the engine remembers of one vehicle: one value of the table, under 4 KB.

Structs travel as MessagePack arrays: fields are told apart by place. A new field goes to the end of its struct, with a
default; none is removed or moved. Every change raises the version: see ``state_versions.py``.

Every collection is bounded; ``bounds.py`` names the limits. Facts are kept as JSON-ready mappings, as they go into the
next agent's task.
"""

from typing import Any

import msgspec

from master_orchestrator.core.servicing.record import DueItem, ServiceRecord
from master_orchestrator.core.state_versions import STATE_VERSION, UPGRADES, upgraded
from master_orchestrator.core.triage import Trackers, new_trackers
from master_orchestrator.core.triage.clock import Clock
from master_orchestrator_schemas.vocabulary import AgentType, Answer, Priority, State, Subsystem

CROSSING = ("crossing_ms", "crossing_low_ms", "crossing_high_ms")
ALONE = -1
"""Place of a finding that only ``standing`` has."""
GENESIS = "0" * 64
"""``prev_hash`` of the first audit record of a workflow."""


class KnownFinding(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """A finding that a workflow knows of.

    ``seen``: it was in the task of DATA_ANALYSIS or DIAGNOSIS, so that the workflow's end is an end for it too.
    ``dismissed``: DATA_ANALYSIS dismissed it. ``suspected``: one reading suggests it, for which a check was asked;
    nothing has been seen to last. ``revision``: of the newest execution, the first whose task held it. ``unweighed``:
    it came while DATA_ANALYSIS was at work, and the answer that was taken does not speak of it. ``crossing``: of a
    trend, when the threshold is expected to be reached, and the interval's two ends (milliseconds since 1970).
    """

    rule: str
    subsystem: Subsystem
    priority: Priority
    at_ms: int = 0
    signal: str | None = None
    value: float | None = None
    threshold: float | None = None
    held_s: float = 0.0
    seen: bool = False
    dismissed: bool = False
    suspected: bool = False
    revision: int = 0
    unweighed: bool = False
    crossing: tuple[int, int, int] | None = None

    @property
    def crossing_fields(self) -> dict[str, int]:
        """``crossing`` as messages have it; empty for all that is not a trend."""
        return {} if self.crossing is None else dict(zip(CROSSING, self.crossing, strict=True))


class Cooldown(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """Until when a rule opens nothing at this priority or a lower one. ``told``: the owner knows of the finding."""

    rule: str
    priority: Priority
    until_ms: int
    told: bool = False


class Wait(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """The time at which a tick is wanted. ``deadline_id`` is used once per workflow."""

    deadline_id: str
    due_ms: int


class Execution(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """One execution of an agent's step, and the newest command for it.

    ``attempt`` counts the executions of this step in this workflow from 0, through rebookings and redrives, so command
    ids stay unique; ``budget_from`` is the attempt with which the present budget of retries began.
    """

    step: AgentType
    attempt: int
    budget_from: int
    revision: int
    issued_at_ms: int
    deadline_ms: int

    @property
    def retries_used(self) -> int:
        """How many of the budget's retries have been begun."""
        return self.attempt - self.budget_from


class Facts(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """What the agents and the workshop have found out; all but the diagnosis is dropped when the workflow is COMPLETED.

    ``rated``: DIAGNOSIS gave numbers of its own; else the triage's priority stands. ``chosen``: the offer that the
    owner has chosen.
    """

    anomalies: tuple[dict[str, Any], ...] = ()
    causes: tuple[dict[str, Any], ...] = ()
    operations: tuple[dict[str, Any], ...] = ()
    rated: bool = False
    severity: float = 0.5
    probability: float = 0.5
    time_to_failure_h: float | None = None
    safe_to_drive: bool = True
    preferred_from_ms: int | None = None
    confirmed_cause: str | None = None
    confirmed_subsystem: str | None = None
    parts_replaced: tuple[str, ...] = ()
    note: str | None = None
    chosen: dict[str, Any] | None = None


class Appointment(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """The newest booking. Times in milliseconds since 1970 UTC. ``fell_through``: why it does not stand any more."""

    start_ms: int
    end_ms: int
    appointment_id: str | None = None
    workshop_id: str | None = None
    fell_through: str | None = None


class Conversation(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """The conversation with the owner, once CUSTOMER_ENGAGEMENT has said that it waits for an answer.

    Args:
        began_ms: when its first command was issued; what was answered before is about something else.
        first_attempt: of that command.
        turn: the number of its newest command, from 0.
        waiting: an answer is waited for; else a command is with the agent.
        tried: the channels of the contacts, in order.
        offers: what the owner may choose from.
        heard: the answer that led to the newest command.
        answers: digests of the answers taken, oldest first.
        heard_of: attempt and revision of the contact that ``heard`` answers; None: the answer does not say.
    """

    began_ms: int
    first_attempt: int
    turn: int = 0
    waiting: bool = False
    tried: tuple[str, ...] = ()
    offers: tuple[dict[str, Any], ...] = ()
    heard: Answer | None = None
    answers: tuple[int, ...] = ()
    heard_of: tuple[int, int] | None = None


class CampaignWork(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """A campaign's work on this vehicle. ``waits``: for the end of the workflow that holds it, to be opened then, or,
    if it presses, for its owner to agree to an earlier appointment.
    """

    campaign_id: str
    title: str
    operation: dict[str, Any]
    priority: Priority
    waits: bool = False

    @property
    def is_pressing(self) -> bool:
        """Whether the owner is told before other work is done."""
        return self.priority <= Priority.HIGH


class SideTask(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """The MANUFACTURING_QUALITY task of a workflow while it is pending. ``retrying``: it waits for its next attempt."""

    execution: Execution
    priority: Priority
    payload: dict[str, Any]
    wait: Wait
    retrying: bool = False


class Chain(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """What it takes to go on with a workflow's audit trail, and all that is kept of one that a newer one has replaced.

    ``seq`` and ``hash`` are those of its newest audit record.
    """

    workflow_id: str
    state: State
    priority: Priority
    reason: str | None = None
    seq: int = -1
    hash: str = GENESIS
    traceparent: str | None = None
    side: SideTask | None = None


class Workflow(Chain, frozen=True, array_like=True, gc=False):
    """The newest workflow of a vehicle, open or ended.

    Args:
        wait: the deadline of the present state; None in COMPLETED and FAILED only.
        execution: of the present agent step, in RETRY and FAILED of the last one. None before the first.
        executions: step -> number of executions so far, the side task's too.
        history: per transition, milliseconds since opening, index of the state and of its reason
            (``transitions.STATES``, ``transitions.REASONS``), oldest first.
        least: the lowest urgency an operator allows; None if no operator has set a priority.
        service_events: digests of the workshop events and ratings applied, and negative those of rejected events, the
            oldest first.
        escalations: how often it went back to DIAGNOSIS because the episode got worse after the owner was asked.
        conversation: with the owner, while in CUSTOMER_ENGAGEMENT, and in RETRY and FAILED of it; None before the first
            wait for an answer.
        campaigns: the work of campaigns that is part of it, or waits for its end.
        service: items of regular service that it is to do.
    """

    opened_at_ms: int = 0
    updated_at_ms: int = 0
    wait: Wait | None = None
    execution: Execution | None = None
    executions: dict[str, int] = {}
    findings: tuple[KnownFinding, ...] = ()
    facts: Facts = Facts()
    appointment: Appointment | None = None
    reschedules: int = 0
    least: Priority | None = None
    service_events: tuple[int, ...] = ()
    history: tuple[tuple[int, int, int], ...] = ()
    escalations: int = 0
    conversation: Conversation | None = None
    campaigns: tuple[CampaignWork, ...] = ()
    service: tuple[DueItem, ...] = ()

    @property
    def work(self) -> tuple[CampaignWork, ...]:
        """The campaigns' work that is part of it."""
        return tuple(work for work in self.campaigns if not work.waits)

    @property
    def asked(self) -> tuple[CampaignWork, ...]:
        """All campaigns' work, as it is once an owner agrees who is being asked: what presses waits no longer."""
        return tuple(
            msgspec.structs.replace(work, waits=False) if work.waits and work.is_pressing else work
            for work in self.campaigns
        )

    @property
    def operations(self) -> tuple[dict[str, Any], ...]:
        """What DIAGNOSIS recommends, and the campaigns' work; not regular service, which its plan says."""
        return (*self.facts.operations, *(work.operation for work in self.work))

    @property
    def standing(self) -> Appointment | None:
        """The newest booking; None if it has fallen through and the next one is not made yet."""
        booked = self.appointment
        return None if booked is None or booked.fell_through else booked

    @property
    def stage(self) -> State:
        """Its state; in RETRY that of the step that is tried again."""
        return State(self.execution.step) if self.state is State.RETRY and self.execution is not None else self.state

    @property
    def is_open(self) -> bool:
        """Whether the workflow has not ended."""
        return self.state is not State.COMPLETED and self.state is not State.FAILED


class Share(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """How much of its share (``vehicle`` in the topology) a vehicle has had.

    Readings in the newest second of its own clock, checks asked for in the newest hour of the broker's; ``second`` and
    ``hour`` count from 1970 UTC.
    """

    second: int = 0
    readings: int = 0
    hour: int = 0
    checks: int = 0


class VehicleState(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """All that is known of one vehicle.

    Args:
        version: of the stored form; in memory always the newest.
        positions: per input topic in rank order, the next offset as far as this vehicle is concerned; 0: none yet.
        episodes: how many workflows were opened, the number of the next one.
        next_check_due_ms: when a regular check is due; 0 before the first reading.
        standing: findings that have fired and not cleared, and that no open workflow knows of: held back by a
            cool-down, or left by a workflow that has ended.
        older: the workflow before, while its side task was pending when the present one opened.
        clock: what is odd about the vehicle's clock; None: nothing.
        opted_out: what the owner does not want, as ``purpose/channel``, in order.
        campaigns: digests of the campaigns that it takes part in, or has taken part in, oldest first.
        service: the meters and what was done; None: the vehicle has no service plan.
        shared: of the stored form, empty in memory: for each finding that stands its place among the workflow's, where
            it is stored once for both, or -1 where ``standing`` has it.
        gateway: who brings its readings, and since when (milliseconds since 1970); None before the first that says.
    """

    version: int
    positions: tuple[int, ...]
    trackers: Trackers
    episodes: int = 0
    next_check_due_ms: int = 0
    model: str | None = None
    odometer_m: float | None = None
    cooldowns: tuple[Cooldown, ...] = ()
    workflow: Workflow | None = None
    older: Chain | None = None
    standing: tuple[KnownFinding, ...] = ()
    share: Share = Share()
    clock: Clock | None = None
    opted_out: tuple[str, ...] = ()
    campaigns: tuple[int, ...] = ()
    service: ServiceRecord | None = None
    shared: tuple[int, ...] = ()
    gateway: tuple[str, int] | None = None


def new_vehicle() -> VehicleState:
    """The state of a vehicle of which nothing is known."""
    return VehicleState(version=STATE_VERSION, positions=(), trackers=new_trackers())


class _Head(msgspec.Struct, frozen=True, array_like=True, gc=False):
    version: int


_encoder = msgspec.msgpack.Encoder(order="deterministic")
_decoder = msgspec.msgpack.Decoder(VehicleState)
_head_decoder = msgspec.msgpack.Decoder(_Head)
NEWEST = _encoder.encode(new_vehicle())[:4]
"""How a state of the newest version begins: three bytes of an array with more than 15 fields, then the version."""


def encode_state(state: VehicleState) -> bytes:
    """The table's value; equal states give equal bytes."""
    if state.standing and state.workflow is not None:
        state = _sharing(state, state.workflow.findings)
    return _encoder.encode(state)


def _sharing(state: VehicleState, findings: tuple[KnownFinding, ...]) -> VehicleState:
    """What a FAILED workflow has found still stands, and is kept for its redrive: it is stored once."""
    shared = tuple(findings.index(finding) if finding in findings else ALONE for finding in state.standing)
    alone = tuple(finding for finding, place in zip(state.standing, shared, strict=True) if place == ALONE)
    if alone == state.standing:
        return state
    return msgspec.structs.replace(state, standing=alone, shared=shared)


def _unshared(state: VehicleState) -> VehicleState:
    """The inverse. Raises ``msgspec.DecodeError`` where a place is not one."""
    known, alone = state.workflow.findings if state.workflow else (), iter(state.standing)
    try:
        standing = tuple(next(alone) if place == ALONE else known[place] for place in state.shared)
    except (IndexError, RuntimeError) as error:  # a generator's StopIteration is a RuntimeError
        raise msgspec.DecodeError(f"shared: {error}") from error
    return msgspec.structs.replace(state, standing=standing, shared=())


def decode_state(encoded: bytes) -> VehicleState:
    """The inverse of :func:`encode_state`, for states of any older version too.

    Raises ``ForeignStateError`` on a state of a newer version, ``msgspec.DecodeError`` on bytes that are not a state.
    """
    if not encoded.startswith(NEWEST) and _head_decoder.decode(encoded).version != STATE_VERSION:
        fields = upgraded(msgspec.msgpack.decode(encoded), newest=STATE_VERSION, upgrades=UPGRADES)
        encoded = _encoder.encode(fields)
    state = _decoder.decode(encoded)
    return _unshared(state) if state.shared else state
