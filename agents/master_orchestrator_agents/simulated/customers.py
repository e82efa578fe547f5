"""Simulated customers: who owns a vehicle, how they answer, and what they think of the repair."""

import random
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TypeVar

from master_orchestrator_agents.reference.ports import (
    BY_DEFAULT,
    Contact,
    Customer,
    CustomerReply,
    Survey,
    SurveyAnswer,
)
from master_orchestrator_agents.reference.scheduling.seeding import seeded
from master_orchestrator_agents.reference.zoned import DAY_MS
from master_orchestrator_schemas.vocabulary import Answer, Channel, Priority, Purpose

T = TypeVar("T")
NAMES = ("Alex", "Bilal", "Chiara", "Dana", "Emil", "Fatima", "Grete", "Hugo", "Ines", "Jonas", "Kira", "Luca")
TEXTS = {True: "All good, thank you.", False: "The problem came back."}


@dataclass(frozen=True)
class CustomerBehaviour:
    """How simulated customers are made and behave; all figures are probabilities unless said otherwise.

    Args:
        agrees: consents to a channel for maintenance.
        reached: by channel, notices a message in time.
        answers: weights of the answers of one who was reached.
        urgent_accepts: accepts, where it is about safety.
        surveyed: answers the survey at all.
        fixed: says it was fixed right first time.
        zones, languages: weights.
    """

    agrees: float = 0.9
    reached: Mapping[Channel, float] = field(
        default_factory=lambda: {Channel.PUSH: 0.6, Channel.SMS: 0.6, Channel.CALL: 0.7, Channel.HUMAN: 0.9}
    )
    answers: Mapping[Answer, float] = field(
        default_factory=lambda: {
            Answer.ACCEPT: 0.8,
            Answer.RESCHEDULE: 0.06,
            Answer.DECLINE: 0.06,
            Answer.NEED_INFO: 0.07,
            Answer.WRONG_PERSON: 0.01,
        }
    )
    urgent_accepts: float = 0.95
    surveyed: float = 0.6
    fixed: float = 0.9
    zones: Mapping[str, float] = field(
        default_factory=lambda: {"Europe/Berlin": 0.9, "Europe/London": 0.06, "America/New_York": 0.04}
    )
    languages: Mapping[str, float] = field(default_factory=lambda: {"de": 0.7, "en": 0.3})


class SimulatedCustomers:
    """Directory, gateway and survey in one.

    Answers depend on the seed and the contact's id alone, so a repeat gives the same answer. Nothing is sent anywhere,
    and nobody waits: the times of the answers are virtual.
    """

    def __init__(self, *, seed: int = 0, behaviour: CustomerBehaviour | None = None) -> None:
        self._seed = seed
        self._behaviour = behaviour or CustomerBehaviour()

    def customer_of(self, vehicle_id: str) -> Customer:
        """The owner of any vehicle: everybody has one."""
        rng = seeded(self._seed, "customer", vehicle_id)
        agreed = frozenset(
            channel for channel in Channel if channel in BY_DEFAULT and rng.random() < self._behaviour.agrees
        )
        return Customer(
            vehicle_id=vehicle_id,
            name=rng.choice(NAMES),
            language=_drawn(rng, self._behaviour.languages),
            zone=_drawn(rng, self._behaviour.zones),
            consents={Purpose.MAINTENANCE: agreed},
        )

    def contact(self, contact: Contact) -> CustomerReply | None:
        """The answer to one message, or None: not noticed in time."""
        rng = seeded(self._seed, "contact", contact.contact_id)
        if rng.random() >= self._behaviour.reached.get(contact.channel, 0.0):
            return None
        at_ms = contact.at_ms + int(rng.random() * contact.answer_within_ms)
        answer = self._answer(rng, contact.priority)
        later = at_ms + rng.randint(2, 10) * DAY_MS if answer == Answer.RESCHEDULE else None
        return CustomerReply(answer, at_ms, later)

    def survey(self, survey: Survey) -> SurveyAnswer | None:
        """What the customer thinks of the repair, or None: no answer."""
        rng = seeded(self._seed, "survey", survey.survey_id)
        if rng.random() >= self._behaviour.surveyed:
            return None
        fixed = rng.random() < self._behaviour.fixed
        csat = rng.choices((5, 4, 3), (0.6, 0.3, 0.1))[0] if fixed else rng.choices((1, 2, 3), (0.4, 0.4, 0.2))[0]
        return SurveyAnswer(csat=csat, nps=min(10, csat * 2 + rng.randint(-1, 1)), fixed=fixed, text=TEXTS[fixed])

    def _answer(self, rng: random.Random, priority: Priority) -> Answer:
        if priority == Priority.URGENT:
            return Answer.ACCEPT if rng.random() < self._behaviour.urgent_accepts else Answer.DECLINE
        return _drawn(rng, self._behaviour.answers)


def _drawn(rng: random.Random, weights: Mapping[T, float]) -> T:
    return rng.choices(list(weights), list(weights.values()))[0]
