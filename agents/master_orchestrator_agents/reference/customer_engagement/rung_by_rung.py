"""The agent for transports that only send: one contact for each command, answered as an event.

It replies at once, with the channel and until when an answer is waited for; the engine waits, and sends the next
command (``docs/conversation.md``). Where no contact may go out yet it says until when, and sends nothing. A channel
that fails gives way to the next one; only if all fail is the command tried again.
"""

from collections.abc import Sequence

from master_orchestrator_agents.errors import RetryableError
from master_orchestrator_agents.reference.customer_engagement.agent import RESOURCE_OF, customer_of, unreached
from master_orchestrator_agents.reference.customer_engagement.etiquette import (
    Rung,
    contact_time,
    ladder_for,
    purpose_of,
)
from master_orchestrator_agents.reference.customer_engagement.messages import Messages, is_urgent
from master_orchestrator_agents.reference.customer_engagement.store import ContactStore
from master_orchestrator_agents.reference.ports import Contact, Customer, CustomerDirectory, OfferSource, Transports
from master_orchestrator_agents.task import Task
from master_orchestrator_schemas.facts import Offer
from master_orchestrator_schemas.results import MAX_OFFERS, CustomerEngagementResult
from master_orchestrator_schemas.tasks import CustomerEngagementTask
from master_orchestrator_schemas.vocabulary import Answer, Channel


class RungByRungAgent:
    """Sends one message for each command. The same command sends nothing twice, and gives the same reply."""

    def __init__(
        self,
        store: ContactStore,
        transports: Transports,
        directory: CustomerDirectory,
        offers: OfferSource | None = None,
    ) -> None:
        self._store, self._transports, self._directory, self._offers = store, transports, directory, offers
        self._messages = Messages()

    def __call__(self, task: Task[CustomerEngagementTask]) -> CustomerEngagementResult:
        """What was sent and until when it waits; NO_ANSWER at the ladder's end, or where nobody may be contacted.

        Raises :class:`RetryableError` where every channel fails.
        """
        given = task.expect(CustomerEngagementTask)
        with task.access("read", "agent_task", rows=1):
            known = self._store.conclusion(task.command_id)
        if known is not None:
            return known
        customer = customer_of(task, self._store, self._directory)
        if customer is None:
            result = unreached("nobody is on file for this vehicle")
        else:
            result = self._contact(task, given, self._known_by_now(task, given, customer))
        with task.access("write", "agent_task", rows=1):
            self._store.conclude(task.command_id, task.workflow_id, given.priority, (), result)
        return result

    def _known_by_now(self, task: Task, given: CustomerEngagementTask, customer: Customer) -> Customer:
        """The customer without the channel at which somebody else was reached."""
        if given.heard is not Answer.WRONG_PERSON or not given.tried or given.tried[-1] == Channel.HUMAN:
            return customer
        with task.access("write", "customer_profile", rows=1):
            self._store.forget_channel(customer.vehicle_id, Channel(given.tried[-1]))
        return self._store.customer(customer.vehicle_id) or customer

    def _contact(self, task: Task, given: CustomerEngagementTask, customer: Customer) -> CustomerEngagementResult:
        urgent = is_urgent(given)
        ladder = ladder_for(customer, urgent=urgent, opted_out=given.opted_out)
        if not ladder:
            return unreached("the customer has agreed to no channel for this purpose")
        rungs = _next_rungs(ladder, given)
        if not rungs:
            return CustomerEngagementResult(answer=Answer.NO_ANSWER, contacts=len(given.tried))
        with task.access("read", "customer_profile") as access:
            earlier = self._store.recent_contacts(customer.vehicle_id, task.issued_at_ms, task.command_id)
            access.rows = len(earlier)
        at_ms = contact_time(task.issued_at_ms, customer, earlier, given.priority, urgent=urgent)
        if at_ms > task.issued_at_ms:
            return CustomerEngagementResult(answer=Answer.NO_ANSWER, contacts=len(given.tried), waits_until_ms=at_ms)
        return self._send(task, given, customer, rungs)

    def _send(
        self, task: Task, given: CustomerEngagementTask, customer: Customer, rungs: Sequence[Rung]
    ) -> CustomerEngagementResult:
        """The message goes out on the first of these channels that takes it."""
        offers = self._offered(task, given)
        failures = []
        text = self._text(given, customer, offers)
        for step, rung in enumerate(rungs):
            contact = self._planned(task, step, rung, text)
            try:
                with task.access("send", RESOURCE_OF[rung.channel], rows=1):
                    self._transports.send(contact)
            except RetryableError as error:
                failures.append(f"{rung.channel}: {error}")
                continue
            with task.access("write", "agent_task", rows=1):
                self._store.record_outcome(task.command_id, step, None)
            return CustomerEngagementResult(
                answer=Answer.NO_ANSWER,
                channel=rung.channel,
                contacts=len(given.tried) + 1,
                message=self._text(given, customer, offers, named=False),
                waits_until_ms=task.issued_at_ms + rung.wait_ms,
                offers=tuple(offers),
            )
        raise RetryableError(f"no channel takes the message ({'; '.join(failures)})")

    def _planned(self, task: Task, step: int, rung: Rung, text: str) -> Contact:
        """The contact, written down before it goes out."""
        planned = Contact(
            contact_id=f"{task.command_id}#{step}",
            vehicle_id=task.vehicle_id,
            channel=rung.channel,
            priority=task.priority,
            message=text,
            at_ms=task.issued_at_ms,
            answer_within_ms=rung.wait_ms,
        )
        with task.access("write", "agent_task", rows=1):
            return self._store.plan_contact(task.command_id, step, planned, purpose_of(task.priority))[0]

    def _text(
        self, given: CustomerEngagementTask, customer: Customer, offers: Sequence[Offer], *, named: bool = True
    ) -> str:
        if given.heard is Answer.NEED_INFO:
            return self._messages.details(given, customer, named=named)
        return self._messages.notice(given, customer, offers=offers, named=named)

    def _offered(self, task: Task, given: CustomerEngagementTask) -> Sequence[Offer]:
        """Times to choose from; none to one who has to stop, or who wants to know more first."""
        if self._offers is None or is_urgent(given) or given.heard is Answer.NEED_INFO:
            return ()
        with task.access("read", "center_capacity") as access:
            offers = self._offers.offers(task.vehicle_id, given, task.issued_at_ms)[:MAX_OFFERS]
            access.rows = len(offers)
        return offers


def _next_rungs(ladder: Sequence[Rung], given: CustomerEngagementTask) -> list[Rung]:
    """The rungs that are left, the next one first; who wants to know more is told where the question came from."""
    left = [rung for rung in ladder if rung.channel not in given.tried]
    if given.heard is Answer.NEED_INFO and given.tried:
        left = [rung for rung in ladder if rung.channel == given.tried[-1]] + left
    return left
