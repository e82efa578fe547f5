"""Simulated customers: the same seed, the same people; and as agreeable as asked."""

from collections import Counter
from typing import Any

from master_orchestrator_agents.reference.customer_engagement import Channel, Contact, Purpose
from master_orchestrator_agents.reference.feedback import Survey
from master_orchestrator_agents.reference.ports import BY_DEFAULT
from master_orchestrator_agents.simulated import CustomerBehaviour, SimulatedCustomers
from master_orchestrator_schemas.vocabulary import Answer, Priority


def contact(number: int, **changed: Any) -> Contact:
    fields: dict[str, Any] = {
        "contact_id": f"c{number}",
        "vehicle_id": f"v{number}",
        "channel": Channel.CALL,
        "priority": Priority.HIGH,
        "message": "",
        "at_ms": 1_000,
        "answer_within_ms": 500,
    }
    return Contact(**{**fields, **changed})


def test_a_repeat_of_a_contact_gives_the_same_answer_in_another_process() -> None:
    one, other = SimulatedCustomers(seed=7), SimulatedCustomers(seed=7)

    assert [one.contact(contact(n)) for n in range(50)] == [other.contact(contact(n)) for n in range(50)]
    assert one.customer_of("v1") == other.customer_of("v1")


def test_answers_come_within_the_wait() -> None:
    replies = [SimulatedCustomers().contact(contact(n)) for n in range(200)]

    assert all(1_000 <= reply.at_ms < 1_500 for reply in replies if reply)


def test_behaviour_is_configurable() -> None:
    eager = CustomerBehaviour(agrees=1, reached=dict.fromkeys(Channel, 1.0), answers={Answer.ACCEPT: 1}, surveyed=1)
    people = SimulatedCustomers(behaviour=eager)

    replies = [people.contact(contact(n)) for n in range(100)]
    assert {Answer.ACCEPT} == {reply.answer for reply in replies if reply}
    assert None not in replies
    assert BY_DEFAULT == people.customer_of("v1").consents[Purpose.MAINTENANCE]


def test_most_people_accept_what_is_urgent() -> None:
    replies = [SimulatedCustomers().contact(contact(n, priority=Priority.URGENT)) for n in range(500)]
    answers = Counter(reply.answer if reply else None for reply in replies)

    assert answers[Answer.ACCEPT] > 10 * answers[Answer.DECLINE]


def test_who_had_it_fixed_is_more_content() -> None:
    answers = [SimulatedCustomers().survey(Survey(f"w{n}", f"v{n}", 0)) for n in range(500)]
    given = [answer for answer in answers if answer]

    assert 200 < len(given) < 400
    assert min(a.csat for a in given if a.fixed) >= max(a.csat for a in given if not a.fixed)
    assert all(1 <= a.csat <= 5 and 0 <= a.nps <= 10 for a in given)
