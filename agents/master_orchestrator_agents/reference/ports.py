"""The outside world of the reference agents: protocols that a deployment implements, and what they exchange."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol

from master_orchestrator_schemas.vocabulary import Answer, Priority


class Channel(StrEnum):
    """Ways to reach a customer, in the order of the ladder. HUMAN: an employee takes over."""

    PUSH = "push"
    SMS = "sms"
    CALL = "call"
    HUMAN = "human"


class Purpose(StrEnum):
    """What a customer consents to. SAFETY needs no consent: it protects life (GDPR Art. 6 (1) d)."""

    MAINTENANCE = "maintenance"
    SAFETY = "safety"


@dataclass(frozen=True)
class Customer:
    """The owner of a vehicle.

    Args:
        language: ``en`` or ``de``; any other gets English.
        zone: IANA name of the time zone the customer lives in.
        channels: where the customer can be reached at all.
        consents: purpose -> channels agreed to for it.
    """

    vehicle_id: str
    name: str
    language: str = "en"
    zone: str = "Europe/Berlin"
    channels: frozenset[Channel] = frozenset(Channel)
    consents: Mapping[Purpose, frozenset[Channel]] = field(default_factory=dict)


@dataclass(frozen=True)
class Contact:
    """One message to one customer.

    Args:
        contact_id: deterministic; a gateway that is given it again must not send again, but answer what it knows.
        at_ms: when it goes out, milliseconds since 1970 UTC.
        answer_within_ms: how long an answer is waited for.
    """

    contact_id: str
    vehicle_id: str
    channel: Channel
    priority: Priority
    message: str
    at_ms: int
    answer_within_ms: int


@dataclass(frozen=True)
class CustomerReply:
    """What came back, and when. ``preferred_from_ms`` goes with ACCEPT and RESCHEDULE."""

    answer: Answer
    at_ms: int
    preferred_from_ms: int | None = None


class CustomerDirectory(Protocol):
    """Where customers are looked up the first time their vehicle is heard of."""

    def customer_of(self, vehicle_id: str) -> Customer | None:
        """The owner, or None: nobody is on file."""


class CustomerGateway(Protocol):
    """Sends a message and waits for the answer."""

    def contact(self, contact: Contact) -> CustomerReply | None:
        """The answer, or None if there was none within ``answer_within_ms``.

        Raises :class:`~master_orchestrator_agents.errors.RetryableError` when the channel is down.
        """


@dataclass(frozen=True)
class Survey:
    """The questions to one customer about one repair.

    ``survey_id`` is the workflow's: a customer is asked once per episode. ``at_ms``: when it goes out.
    """

    survey_id: str
    vehicle_id: str
    at_ms: int


@dataclass(frozen=True)
class SurveyAnswer:
    """``csat`` 1-5, ``nps`` 0-10, ``fixed``: right first time."""

    csat: int
    nps: int
    fixed: bool
    text: str = ""


class SurveyGateway(Protocol):
    """Asks the customer."""

    def survey(self, survey: Survey) -> SurveyAnswer | None:
        """The answer, or None if there was none. The same ``survey_id`` must not be sent twice."""


@dataclass(frozen=True)
class Built:
    """Where a vehicle comes from. ``month``: ``YYYY-MM``."""

    model: str
    month: str


class ProductionRegister(Protocol):
    """The maker's production figures."""

    def built(self, vehicle_id: str, model: str | None) -> Built:
        """Model and build month of a vehicle; ``model`` as its telemetry names it, if it does."""

    def volumes(self, model: str) -> Mapping[str, int]:
        """Vehicles built, by month."""


class Customers(CustomerDirectory, CustomerGateway, SurveyGateway, Protocol):
    """Everything that the agents need of customers."""
