"""The transition table: everything that decides which state may follow which is in this file.

Theory of operation
-------------------
A workflow is one episode of one vehicle. It opens in PENDING, and the engine takes it at once to DATA_ANALYSIS; to
CUSTOMER_ENGAGEMENT where a campaign opened it. From there on it is always in one of three kinds of state:

- **agent states** (DATA_ANALYSIS, DIAGNOSIS, CUSTOMER_ENGAGEMENT, SCHEDULING, FEEDBACK): a command is with an agent;
  its reply, or the lack of one by the deadline, moves the workflow; in CUSTOMER_ENGAGEMENT a reply may also say that
  the owner's answer is waited for, and the answer, or the lack of one by then, is what follows;
- **waiting states** (RETRY, SCHEDULED, IN_SERVICE): a deadline, or a workshop's event, moves it;
- **end states** (COMPLETED, FAILED): nothing moves it but an operator's redrive of a FAILED one.

PENDING and URGENCY_ASSESSMENT need nobody, so no workflow rests in them; each still leaves its audit record. Every
state but the end states has a deadline, so every wait ends.

The table says which moves exist; ``decide/`` says when one is made; ``evolve`` makes it and refuses any other. The same
table draws the diagram in the docs and bounds the property tests.
"""

from collections.abc import Mapping
from types import MappingProxyType

from master_orchestrator.core.errors import IllegalTransitionError
from master_orchestrator_schemas.vocabulary import AgentType, State

_FAILED = "a permanent agent error, or an operator's cancel"
_CANCELLED = "an operator's cancel"
_WORSE = "the episode got worse"
_CAMPAIGN = "the work of a more urgent campaign"
_RETRY = "the agent failed, or sent no reply by the deadline"

TRANSITIONS: Mapping[State, Mapping[State, str]] = MappingProxyType(
    {
        State.PENDING: {
            State.DATA_ANALYSIS: "opened, at once",
            State.CUSTOMER_ENGAGEMENT: "opened for a campaign, at once: its work needs no diagnosis",
            State.FAILED: _CANCELLED,
        },
        State.DATA_ANALYSIS: {
            State.DIAGNOSIS: "the anomalies are confirmed, or there is no opinion",
            State.COMPLETED: "nothing found, or nothing the owner has not been told (duplicate)",
            State.RETRY: _RETRY,
            State.FAILED: _FAILED,
        },
        State.DIAGNOSIS: {
            State.URGENCY_ASSESSMENT: "causes are ranked, or there is no opinion",
            State.COMPLETED: "no fault found",
            State.RETRY: _RETRY,
            State.FAILED: _FAILED,
        },
        State.URGENCY_ASSESSMENT: {
            State.CUSTOMER_ENGAGEMENT: "the final priority is set, at once",
            State.FAILED: _CANCELLED,
        },
        State.CUSTOMER_ENGAGEMENT: {
            State.SCHEDULING: "the owner agrees, or asks for another time",
            State.DIAGNOSIS: _WORSE,
            State.SCHEDULED: "an earlier time is declined, or nobody answers: the booking stands",
            State.COMPLETED: "the owner declines or cannot be reached",
            State.RETRY: _RETRY,
            State.FAILED: _FAILED,
        },
        State.SCHEDULING: {
            State.SCHEDULED: "booked",
            State.DIAGNOSIS: _WORSE,
            State.CUSTOMER_ENGAGEMENT: _CAMPAIGN,
            State.RETRY: _RETRY,
            State.FAILED: _FAILED,
        },
        State.SCHEDULED: {
            State.IN_SERVICE: "checked in, or the appointment has begun",
            State.SCHEDULING: "no-show, cancelled, parts missing, or too late for a raised priority",
            State.DIAGNOSIS: _WORSE,
            State.CUSTOMER_ENGAGEMENT: _CAMPAIGN,
            State.FAILED: "rebooked too often, or an operator's cancel",
        },
        State.IN_SERVICE: {
            State.FEEDBACK: "the work is completed, the appointment is over, or the workshop is overdue",
            State.SCHEDULING: "cancelled, or parts missing",
            State.DIAGNOSIS: f"{_WORSE}, and only the clock says that the car is there",
            State.FAILED: "rebooked too often, or an operator's cancel",
        },
        State.FEEDBACK: {
            State.COMPLETED: "answered, not answered, or skipped",
            State.RETRY: f"{_RETRY}; or the owner may be asked only later",
            State.FAILED: _CANCELLED,
        },
        State.RETRY: {
            State.DATA_ANALYSIS: "the wait is over",
            State.DIAGNOSIS: f"the wait is over, or {_WORSE}",
            State.CUSTOMER_ENGAGEMENT: "the wait is over, or an answer or a campaign calls for another contact",
            State.SCHEDULING: "the wait is over, or the owner agrees meanwhile",
            State.SCHEDULED: "the owner declines an earlier time meanwhile: the booking stands",
            State.FEEDBACK: "the wait is over",
            State.COMPLETED: "the owner declines meanwhile, or another matter ends the wait for feedback",
            State.FAILED: "the last retry has failed, or an operator's cancel",
        },
        State.FAILED: {
            State.RETRY: "an operator's redrive: a fresh budget of attempts",
        },
        State.COMPLETED: {},
    }
)
"""from -> to -> when."""

INITIAL = State.PENDING
END_STATES = frozenset({State.COMPLETED, State.FAILED})
AT_ONCE = frozenset({State.PENDING, State.URGENCY_ASSESSMENT})
"""States that the engine leaves in the same step in which they are entered."""

STATE_OF_STEP: Mapping[AgentType, State] = MappingProxyType(
    {agent: State(agent.value) for agent in AgentType if agent is not AgentType.MANUFACTURING_QUALITY}
)
"""The state in which a step's command is outstanding. MANUFACTURING_QUALITY is a side task and has none."""

BEFORE_CONTACT = frozenset({AgentType.DATA_ANALYSIS, AgentType.DIAGNOSIS})
"""Steps before the owner is asked."""
STATES_BEFORE_CONTACT = frozenset(STATE_OF_STEP[step] for step in BEFORE_CONTACT)

STATES: tuple[State, ...] = tuple(State)
"""A state's number in stored histories; the order of :class:`State` is persistent, states are only added at its end."""

STATE_NUMBERS: Mapping[State, int] = MappingProxyType({state: number for number, state in enumerate(STATES)})

REASONS: tuple[str | None, ...] = (
    None,
    # why a workflow opened
    "finding",
    "regular_check",
    "check_requested",
    # why it moved
    "opened",
    "reply",
    "assessed",
    "retry",
    "redriven",
    "priority_raised",
    "checked_in",
    "work_completed",
    "no_show",
    "service_cancelled",
    "parts_missing",
    "appointment_start",
    "appointment_end",
    "service_overdue",
    # why a step failed
    "timeout",
    "agent_failed",
    "invalid_result",
    "not_booked",
    # why it ended
    "serviced",
    "nothing_found",
    "declined",
    "no_answer",
    "duplicate",
    "retries_exhausted",
    "agent_rejected",
    "cancelled",
    # why it is diagnosed again
    "worsened",
    # what an owner's answer leads to
    "answer",
    # why a workflow opened, or the owner is asked again or at once
    "campaign",
    # why a workflow opened: regular service
    "service_due",
    # why FEEDBACK is asked again: the owner may not be contacted yet
    "asked_later",
)
"""Every reason of a transition, by its number in stored histories: persistent, new ones go to the end."""

REASON_NUMBERS: Mapping[str | None, int] = MappingProxyType({reason: number for number, reason in enumerate(REASONS)})


def allowed(from_state: State, to_state: State) -> bool:
    """Whether the table has this move."""
    return to_state in TRANSITIONS[from_state]


def check(from_state: State, to_state: State) -> None:
    """Raise :class:`IllegalTransitionError` if the table does not have this move."""
    if to_state not in TRANSITIONS[from_state]:
        raise IllegalTransitionError(from_state, to_state)
