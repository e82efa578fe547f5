"""The words of the field that every part of the system shares: states, priorities, agents, reasons.

Enumerations only. Their values are what travels on the wire, so a value is never changed, only added.
"""

from enum import IntEnum, StrEnum


class State(StrEnum):
    """The 12 states of a workflow. Which may follow which is decided in ``core/transitions.py``."""

    PENDING = "PENDING"
    DATA_ANALYSIS = "DATA_ANALYSIS"
    DIAGNOSIS = "DIAGNOSIS"
    URGENCY_ASSESSMENT = "URGENCY_ASSESSMENT"
    CUSTOMER_ENGAGEMENT = "CUSTOMER_ENGAGEMENT"
    SCHEDULING = "SCHEDULING"
    SCHEDULED = "SCHEDULED"
    IN_SERVICE = "IN_SERVICE"
    FEEDBACK = "FEEDBACK"
    COMPLETED = "COMPLETED"
    FAILED = "FAILED"
    RETRY = "RETRY"


class Priority(IntEnum):
    """How soon a vehicle must be seen to; a smaller number goes first."""

    URGENT = 1
    HIGH = 2
    SCHEDULED = 3
    ROUTINE = 4

    @property
    def lane(self) -> "Lane":
        """The command lane that carries this priority."""
        return _LANES[self]


class Lane(StrEnum):
    """The four command lanes of an agent, one per priority."""

    URGENT = "urgent"
    HIGH = "high"
    SCHEDULED = "scheduled"
    ROUTINE = "routine"

    @property
    def priority(self) -> Priority:
        """The priority whose commands travel on this lane."""
        return Priority[self.name]


_LANES = {priority: Lane(priority.name.lower()) for priority in Priority}


class AgentType(StrEnum):
    """The six agents."""

    DATA_ANALYSIS = "DATA_ANALYSIS"
    DIAGNOSIS = "DIAGNOSIS"
    CUSTOMER_ENGAGEMENT = "CUSTOMER_ENGAGEMENT"
    SCHEDULING = "SCHEDULING"
    FEEDBACK = "FEEDBACK"
    MANUFACTURING_QUALITY = "MANUFACTURING_QUALITY"


class Reason(StrEnum):
    """Why a workflow ended (COMPLETED: the first five; FAILED: the last three)."""

    SERVICED = "serviced"
    NOTHING_FOUND = "nothing_found"
    DECLINED = "declined"
    NO_ANSWER = "no_answer"
    DUPLICATE = "duplicate"
    RETRIES_EXHAUSTED = "retries_exhausted"
    AGENT_REJECTED = "agent_rejected"
    CANCELLED = "cancelled"


class Subsystem(StrEnum):
    """The vehicle subsystems that findings, anomalies and causes are filed under."""

    COOLING = "cooling"
    COOLING_SENSOR = "cooling_sensor"
    LUBRICATION = "lubrication"
    CHARGING = "charging"
    BATTERY = "battery"
    TYRES = "tyres"
    BRAKES = "brakes"
    TRANSMISSION = "transmission"
    FUEL_AIR = "fuel_air"
    IGNITION = "ignition"
    EMISSIONS = "emissions"
    HV_BATTERY = "hv_battery"
    OTHER = "other"


class ServiceEventKind(StrEnum):
    """What a workshop reports about an appointment."""

    CHECKED_IN = "CHECKED_IN"
    COMPLETED = "COMPLETED"
    NO_SHOW = "NO_SHOW"
    CANCELLED = "CANCELLED"
    PARTS_MISSING = "PARTS_MISSING"
    MOVED = "MOVED"


class OperatorAction(StrEnum):
    """What an operator may ask for."""

    CANCEL = "CANCEL"
    REDRIVE = "REDRIVE"
    SET_PRIORITY = "SET_PRIORITY"
    OPEN_CAMPAIGN = "OPEN_CAMPAIGN"
    CLOSE_CAMPAIGN = "CLOSE_CAMPAIGN"


class FailureKind(StrEnum):
    """Whether an agent's failure may be tried again."""

    RETRYABLE = "RETRYABLE"
    PERMANENT = "PERMANENT"


class Answer(StrEnum):
    """What the owner said."""

    ACCEPT = "ACCEPT"
    DECLINE = "DECLINE"
    RESCHEDULE = "RESCHEDULE"
    NO_ANSWER = "NO_ANSWER"
    NEED_INFO = "NEED_INFO"
    WRONG_PERSON = "WRONG_PERSON"
    OPT_OUT = "OPT_OUT"
    RATED = "RATED"


class Channel(StrEnum):
    """Ways to reach an owner, in the order of the ladder. HUMAN: an employee takes over."""

    PUSH = "push"
    SMS = "sms"
    EMAIL = "email"
    CALL = "call"
    HUMAN = "human"


class Purpose(StrEnum):
    """What an owner consents to. SAFETY needs no consent: it protects life (GDPR Art. 6 (1) d). FEEDBACK: a survey."""

    MAINTENANCE = "maintenance"
    SAFETY = "safety"
    FEEDBACK = "feedback"


class AppointmentState(StrEnum):
    """The life of an appointment at a workshop."""

    HELD = "HELD"
    CONFIRMED = "CONFIRMED"
    CHECKED_IN = "CHECKED_IN"
    IN_PROGRESS = "IN_PROGRESS"
    DONE = "DONE"
    NO_SHOW = "NO_SHOW"
    CANCELLED = "CANCELLED"
    RESCHEDULED = "RESCHEDULED"


class FindingLabel(StrEnum):
    """What the technician's confirmed cause says about the rule that fired."""

    CONFIRMED = "CONFIRMED"
    FALSE = "FALSE"
    WRONG_SUBSYSTEM = "WRONG_SUBSYSTEM"


class AlertKind(StrEnum):
    """Why a human is called."""

    WORKFLOW_FAILED = "WORKFLOW_FAILED"
    URGENT_UNRESOLVED = "URGENT_UNRESOLVED"
    SERVICE_OVERDUE = "SERVICE_OVERDUE"
    OWNER_NOT_REACHED = "OWNER_NOT_REACHED"
    CONDITION_WORSENED = "CONDITION_WORSENED"
    APPOINTMENT_LATE = "APPOINTMENT_LATE"
    TOW_NEEDED = "TOW_NEEDED"
    OWNER_DISSATISFIED = "OWNER_DISSATISFIED"
    DATA_LOST = "DATA_LOST"
    RECORD_UNPROCESSABLE = "RECORD_UNPROCESSABLE"
    TOPIC_CHANGED = "TOPIC_CHANGED"
    BEHAVIOUR = "BEHAVIOUR"


class ActorKind(StrEnum):
    """Who acts. AGENT and ENGINE work by commands; the others are people and systems outside."""

    AGENT = "agent"
    ENGINE = "engine"
    OPERATOR = "operator"
    CLIENT = "client"
    WORKSHOP = "workshop"
    GATEWAY = "gateway"


class Action(StrEnum):
    """What an act does to its resource. ADMIN changes what others may do or are asked to do."""

    READ = "READ"
    WRITE = "WRITE"
    DELETE = "DELETE"
    SEND = "SEND"
    ADMIN = "ADMIN"


class ActOutcome(StrEnum):
    """How an act ended. DENIED: it was not done."""

    SUCCESS = "SUCCESS"
    FAILURE = "FAILURE"
    DENIED = "DENIED"


class ActError(StrEnum):
    """The class of a failure. Only DENIED and NOT_FOUND say something of the actor; the rest is operations."""

    NONE = "NONE"
    UNAVAILABLE = "UNAVAILABLE"
    TIMEOUT = "TIMEOUT"
    NOT_FOUND = "NOT_FOUND"
    DENIED = "DENIED"
    INVALID = "INVALID"
    OTHER = "OTHER"


class DeniedBy(StrEnum):
    """Which check an act did not pass, in the order in which they are made."""

    RESOURCE = "resource"
    LINE = "line"
    SCOPE = "scope"
    ROWS = "rows"
    PER_COMMAND = "per_command"
    CONTROL = "control"


class Phase(StrEnum):
    """When a session's record was written: BEFORE acts that cannot be taken back, or when it was DONE."""

    BEFORE = "BEFORE"
    DONE = "DONE"


class UebaAction(StrEnum):
    """What an operator may ask of the judge of behaviour."""

    ACKNOWLEDGE = "ACKNOWLEDGE"
    CONTROL = "CONTROL"
    RELEASE = "RELEASE"
    WINDOW = "WINDOW"


class Verdict(StrEnum):
    """What an operator holds a finding to be: BENIGN adds nothing to the score, CONFIRMED does not age."""

    BENIGN = "BENIGN"
    CONFIRMED = "CONFIRMED"


class ControlLevel(StrEnum):
    """What an actor is held to."""

    OBSERVE = "OBSERVE"
    THROTTLE = "THROTTLE"
    BLOCK = "BLOCK"
