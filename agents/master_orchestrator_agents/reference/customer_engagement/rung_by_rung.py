"""The agent for transports that only send: one contact for each command, answered as an event.

It replies at once, with the channel and until when an answer is waited for; the engine waits, and sends the next
command (``docs/conversation.md``). Those who are told of a vehicle are gone through in order, each up an own ladder;
a rung of the second is called ``sms/2`` outside, where no name and no address is known. Where no contact may go out yet
it says until when, and sends nothing. A channel that fails gives way to the next one; only if all fail is the command
tried again.
"""

from collections.abc import Sequence

from master_orchestrator_agents.reference.customer_engagement.agent import RESOURCE_OF, unreached
from master_orchestrator_agents.reference.customer_engagement.etiquette import (
    People,
    Rung,
    address_of,
    contact_time,
    ladder_for,
    next_in_line,
    right_rungs,
)
from master_orchestrator_agents.reference.customer_engagement.message_store import MessageStore
from master_orchestrator_agents.reference.customer_engagement.messages import Messages, is_urgent
from master_orchestrator_agents.reference.customer_engagement.sending import Mailing, Sender
from master_orchestrator_agents.reference.ports import ContactDirectory, Customer, OfferSource, Transports
from master_orchestrator_agents.task import Task
from master_orchestrator_schemas.facts import Offer
from master_orchestrator_schemas.results import MAX_OFFERS, CustomerEngagementResult
from master_orchestrator_schemas.tasks import CustomerEngagementTask
from master_orchestrator_schemas.vocabulary import Answer, Channel, Purpose


class RungByRungAgent:
    """Sends one message for each command. The same command sends nothing twice, and gives the same reply."""

    def __init__(
        self,
        store: MessageStore,
        transports: Transports,
        directory: ContactDirectory,
        offers: OfferSource | None = None,
    ) -> None:
        self._store, self._directory, self._offers = store, directory, offers
        self._sender, self._messages = Sender(store, transports), Messages()

    def __call__(self, task: Task[CustomerEngagementTask]) -> CustomerEngagementResult:
        """What was sent and until when it waits; NO_ANSWER at the ladder's end, or where nobody may be contacted.

        Raises :class:`RetryableError` where every channel fails.
        """
        given = task.expect(CustomerEngagementTask)
        with task.access("read", "agent_task", rows=1):
            known = self._store.reply(task.command_id)
        if known is not None:
            return CustomerEngagementResult.model_validate_json(known)
        people = self._people(task)
        result, sent = self._contact(task, given, people) if people else (unreached("nobody is on file"), None)
        with task.access("write", "agent_task", rows=1):
            self._store.conclude(task.command_id, result.model_dump_json(), sent)
        return result

    def _people(self, task: Task) -> People:
        with task.access("read", "customer_profile") as access:
            people = self._directory.persons_of(task.vehicle_id)
            access.rows = len(people)
        return {customer.person: customer for customer in people}

    def _contact(
        self, task: Task, given: CustomerEngagementTask, people: People
    ) -> tuple[CustomerEngagementResult, str | None]:
        """The reply, and the id of the message that was sent, if one was."""
        urgent = is_urgent(given)
        ladder = [
            rung
            for customer in people.values()
            for rung in ladder_for(customer, urgent=urgent, opted_out=given.opted_out)
        ]
        if not ladder:
            return unreached("nobody has agreed to a channel for this purpose"), None
        answered = self._answered(task, given, ladder)
        if given.heard is Answer.WRONG_PERSON and answered is not None and answered.channel is not Channel.HUMAN:
            with task.access("write", "customer_profile", rows=1):
                self._store.forget(task.vehicle_id, answered.channel, address_of(answered, people))
        rungs = next_rungs(self._right(task, people, ladder), given, answered)
        if not rungs:
            return CustomerEngagementResult(answer=Answer.NO_ANSWER, contacts=len(given.tried)), None
        times = {person: self._contact_time(task, given, people[person]) for person in {r.person for r in rungs}}
        if given.heard is Answer.NEED_INFO and answered is not None:
            times[answered.person] = task.issued_at_ms  # who has just asked does not sleep
        now, at_ms = next_in_line(rungs, times, task.issued_at_ms)
        if not now:
            waits = CustomerEngagementResult(answer=Answer.NO_ANSWER, contacts=len(given.tried), waits_until_ms=at_ms)
            return waits, None
        return self._send(task, given, [(rung, people[rung.person]) for rung in now])

    def _contact_time(self, task: Task, given: CustomerEngagementTask, customer: Customer) -> int:
        with task.access("read", "customer_profile") as access:
            earlier = self._store.sent_to(customer.vehicle_id, customer.person, task.issued_at_ms)
            access.rows = len(earlier)
        return contact_time(task.issued_at_ms, customer, earlier, given.priority, urgent=is_urgent(given))

    def _right(self, task: Task, people: People, ladder: Sequence[Rung]) -> list[Rung]:
        """The ladder without the addresses at which somebody else is reached."""
        with task.access("read", "customer_profile") as access:
            wrong = self._store.wrong_addresses(task.vehicle_id)
            access.rows = len(wrong)
        return right_rungs(ladder, people, wrong)

    def _answered(self, task: Task, given: CustomerEngagementTask, ladder: Sequence[Rung]) -> Rung | None:
        """Where the contact went that was answered: as the answer says, or else the newest."""
        name = given.tried[-1] if given.tried else None
        if given.heard_contact is not None:
            with task.access("read", "agent_task", rows=1):
                name = self._store.sent(given.heard_contact) or name
        return next((rung for rung in ladder if rung.name == name), None)

    def _send(
        self, task: Task, given: CustomerEngagementTask, rungs: Sequence[tuple[Rung, Customer]]
    ) -> tuple[CustomerEngagementResult, str]:
        offers = self._offered(task, given, task.issued_at_ms + max(rung.wait_ms for rung, _ in rungs))
        purpose = Purpose.SAFETY if is_urgent(given) else Purpose.MAINTENANCE
        mailing = Mailing(task.command_id, purpose, "agent_task", RESOURCE_OF.__getitem__)
        delivery = self._sender.send(task, mailing, rungs, lambda customer: self._text(given, customer, offers))
        result = CustomerEngagementResult(
            answer=Answer.NO_ANSWER,
            channel=delivery.rung.name,
            contacts=len(given.tried) + 1,
            message=self._text(given, delivery.to, offers, named=False),
            waits_until_ms=task.issued_at_ms + delivery.rung.wait_ms,
            offers=tuple(offers),
        )
        return result, delivery.message_id

    def _text(
        self, given: CustomerEngagementTask, customer: Customer, offers: Sequence[Offer], *, named: bool = True
    ) -> str:
        if given.heard is Answer.NEED_INFO:
            return self._messages.details(given, customer, named=named)
        return self._messages.notice(given, customer, offers=offers, named=named)

    def _offered(self, task: Task, given: CustomerEngagementTask, until_ms: int) -> Sequence[Offer]:
        """Times to choose from, held until then, also for one who wants to know more; none to one who has to stop."""
        if self._offers is None or is_urgent(given):
            return ()
        with task.access("read", "center_capacity") as access:
            offers = self._offers.offers(task, given, until_ms)[:MAX_OFFERS]
            access.rows = len(offers)
        return offers


def next_rungs(ladder: Sequence[Rung], given: CustomerEngagementTask, answered: Rung | None) -> list[Rung]:
    """The rungs that are left, the next one first; who wants to know more is told where the question came from."""
    left = [rung for rung in ladder if rung.name not in given.tried]
    if given.heard is not Answer.NEED_INFO or answered is None:
        return left
    return [answered, *(rung for rung in left if rung != answered)]
