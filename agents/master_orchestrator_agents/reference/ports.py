"""The outside world of the reference agents: protocols that a deployment implements, and what they exchange."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from master_orchestrator_agents.task import Task
from master_orchestrator_schemas.facts import Offer
from master_orchestrator_schemas.tasks import CustomerEngagementTask
from master_orchestrator_schemas.vocabulary import Answer, Channel, Priority, Purpose

BY_DEFAULT = frozenset({Channel.PUSH, Channel.SMS, Channel.CALL, Channel.HUMAN})
"""Where a customer can be reached if nothing is said of it."""


@dataclass(frozen=True)
class Customer:
    """The owner of a vehicle.

    Args:
        language: a tag such as ``de`` or ``de-AT``; one that is not spoken gets English.
        zone: IANA name of the time zone the customer lives in.
        channels: where the customer can be reached at all.
        consents: purpose -> channels agreed to for it.
        addresses: by channel, where they are known.
        person: the place among those who are told of the vehicle, from 1.
    """

    vehicle_id: str
    name: str
    language: str = "en"
    zone: str = "Europe/Berlin"
    channels: frozenset[Channel] = BY_DEFAULT
    consents: Mapping[Purpose, frozenset[Channel]] = field(default_factory=dict)
    addresses: Mapping[Channel, str] = field(default_factory=dict)
    person: int = 1


@dataclass(frozen=True)
class Contact:
    """One message to one customer.

    Args:
        contact_id: deterministic; a gateway that is given it again must not send again, but answer what it knows.
        at_ms: when it goes out, milliseconds since 1970 UTC.
        answer_within_ms: how long an answer is waited for.
        to: the address, if one is known.
    """

    contact_id: str
    vehicle_id: str
    channel: Channel
    priority: Priority
    message: str
    at_ms: int
    answer_within_ms: int
    to: str | None = None

    @property
    def command_id(self) -> str:
        """The command that it was sent for: what an answer to it names as its ``contact_id``."""
        return self.contact_id.partition("#")[0]


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


class ContactDirectory(Protocol):
    """Where those are looked up who are told of a vehicle, for each message."""

    def persons_of(self, vehicle_id: str) -> Sequence[Customer]:
        """In the order in which they are told; nobody is on file: empty."""


class OfferSource(Protocol):
    """Where the times come from that an owner may choose from."""

    def offers(self, task: Task, given: CustomerEngagementTask, until_ms: int) -> Sequence[Offer]:
        """At most three, the earliest first, held until then at least; none if there are none in time."""


class Transports(Protocol):
    """Carries messages to owners."""

    def send(self, contact: Contact) -> None:
        """Hand the message over, under an id that must not go out twice.

        Raises :class:`~master_orchestrator_agents.errors.RetryableError` where the channel does not take it.
        """


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
