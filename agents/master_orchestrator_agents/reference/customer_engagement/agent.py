"""The agent for a gateway that answers by itself: one contact per episode, up the ladder until somebody answers.

Time is the command's: contacts are planned from ``issued_at_ms`` on, at the next permitted time, and the result says
when they went out. A gateway that sends for real waits for real; the simulated one answers for the planned time at
once.
"""

from master_orchestrator_agents.reference.customer_engagement.etiquette import (
    Rung,
    contact_time,
    ladder_for,
    purpose_of,
)
from master_orchestrator_agents.reference.customer_engagement.messages import Messages, is_urgent
from master_orchestrator_agents.reference.customer_engagement.store import ContactStore
from master_orchestrator_agents.reference.ports import (
    Contact,
    Customer,
    CustomerDirectory,
    CustomerGateway,
    CustomerReply,
)
from master_orchestrator_agents.task import Task
from master_orchestrator_schemas.results import CustomerEngagementResult
from master_orchestrator_schemas.tasks import CustomerEngagementTask
from master_orchestrator_schemas.vocabulary import Answer, Channel, Priority

FINAL = (Answer.ACCEPT, Answer.DECLINE, Answer.RESCHEDULE)
"""Answers that stand for the rest of the episode."""

RESOURCE_OF = {
    Channel.PUSH: "push",
    Channel.SMS: "sms",
    Channel.EMAIL: "email",
    Channel.CALL: "call",
    Channel.HUMAN: "call",
}
"""What a contact through a channel is an act on; an employee calls."""


class CustomerEngagementAgent:
    """Contacts the owner of a vehicle and returns the answer."""

    def __init__(self, store: ContactStore, gateway: CustomerGateway, directory: CustomerDirectory) -> None:
        self._store = store
        self._gateway = gateway
        self._directory = directory
        self._messages = Messages()

    def __call__(self, task: Task[CustomerEngagementTask]) -> CustomerEngagementResult:
        """The customer's answer; NO_ANSWER with its reason if nobody is on file or no contact is permitted in time."""
        given = task.expect(CustomerEngagementTask)
        with task.access("read", "agent_task"):
            known = self._answered_before(task, given)
        if known is not None:
            return known
        customer = customer_of(task, self._store, self._directory)
        if customer is None:
            result = unreached("nobody is on file for this vehicle")
        else:
            conversation = _Conversation(
                task, given, customer, store=self._store, gateway=self._gateway, messages=self._messages
            )
            result = conversation.hold()
        if result.answer == Answer.WRONG_PERSON:
            with task.access("delete", "customer_profile", rows=1):
                self._store.withdraw(task.vehicle_id)
        with task.access("write", "agent_task", rows=1):
            self._store.conclude(task.command_id, task.workflow_id, given.priority, _subjects(given), result)
        return result

    def _answered_before(
        self, task: Task[CustomerEngagementTask], given: CustomerEngagementTask
    ) -> CustomerEngagementResult | None:
        """The answer to this command, or a final one to an earlier command of the episode.

        An episode that got worse is told of again: its owner has agreed to less, and to another time.
        """
        for earlier in self._store.conclusions(task.workflow_id):
            if earlier.command_id == task.command_id:
                return earlier.result
            newly_urgent = given.priority == Priority.URGENT and earlier.priority != Priority.URGENT
            worse = newly_urgent or not _subjects(given) <= earlier.subjects
            if earlier.result.answer in FINAL and not worse:
                return earlier.result
        return None


def customer_of(
    task: Task[CustomerEngagementTask], store: ContactStore, directory: CustomerDirectory
) -> Customer | None:
    """The owner of the task's vehicle as remembered, or else as the directory has it."""
    with task.access("read", "customer_profile") as access:
        known = store.customer(task.vehicle_id)
        customer = known or directory.customer_of(task.vehicle_id)
        access.rows = int(customer is not None)
    if known is None and customer is not None:
        with task.access("write", "customer_profile", rows=1):
            store.remember(customer)
    return customer


def _subjects(given: CustomerEngagementTask) -> frozenset[str]:
    """The subsystems in which something is HIGH or above: what the owner has to know of."""
    return frozenset(f.subsystem.value for f in given.findings if f.priority <= Priority.HIGH)


class _Conversation:
    """The climb up the ladder for one command."""

    def __init__(
        self,
        task: Task[CustomerEngagementTask],
        given: CustomerEngagementTask,
        customer: Customer,
        *,
        store: ContactStore,
        gateway: CustomerGateway,
        messages: Messages,
    ) -> None:
        self._task = task
        self._given = given
        self._customer = customer
        self._store = store
        self._gateway = gateway
        self._messages = messages
        self._urgent = is_urgent(given)
        self._said = ""
        with task.access("read", "customer_profile") as access:
            self._earlier = store.recent_contacts(customer.vehicle_id, task.issued_at_ms, task.command_id)
            access.rows = len(self._earlier)
        self._step = 0
        self._sent: Contact | None = None

    def hold(self) -> CustomerEngagementResult:
        """Go from rung to rung until there is an answer, the ladder ends, or the deadline is near."""
        rungs = ladder_for(self._customer, urgent=self._urgent, opted_out=self._given.opted_out)
        if not rungs:
            return unreached("the customer has agreed to no channel for this purpose")
        message = self._messages.notice(self._given, self._customer)
        self._said = self._messages.notice(self._given, self._customer, named=False)
        at_ms = self._task.issued_at_ms
        for rung in rungs:
            at_ms = contact_time(at_ms, self._customer, self._earlier, self._given.priority, urgent=self._urgent)
            if at_ms >= self._task.deadline_ms:
                break
            reply = self._ask(rung, message, at_ms)
            if reply is not None and reply.answer == Answer.NEED_INFO:
                reply = self._explain(rung, reply) or reply
            if reply is not None and reply.answer != Answer.NO_ANSWER:
                return self._result(reply)
            at_ms += rung.wait_ms
        if self._sent is None:
            return unreached("no contact is permitted before the deadline")
        return self._result(CustomerReply(Answer.NO_ANSWER, at_ms))

    def _explain(self, rung: Rung, reply: CustomerReply) -> CustomerReply | None:
        self._said = self._messages.details(self._given, self._customer, named=False)
        return self._ask(rung, self._messages.details(self._given, self._customer), reply.at_ms)

    def _ask(self, rung: Rung, message: str, at_ms: int) -> CustomerReply | None:
        """One contact, written down before it is sent and after it was answered."""
        command_id, step = self._task.command_id, self._step
        self._step += 1
        planned = Contact(
            contact_id=f"{command_id}#{step}",
            vehicle_id=self._customer.vehicle_id,
            channel=rung.channel,
            priority=self._given.priority,
            message=message,
            at_ms=at_ms,
            answer_within_ms=rung.wait_ms,
        )
        with self._task.access("write", "agent_task", rows=1):
            contact, is_asked = self._store.plan_contact(command_id, step, planned, purpose_of(self._given.priority))
        self._earlier = [*self._earlier, contact.at_ms]
        self._sent = contact
        if is_asked:
            with self._task.access("read", "agent_task", rows=1):
                return self._store.outcome(command_id, step)
        with self._task.access("send", RESOURCE_OF[contact.channel], rows=1):
            reply = self._gateway.contact(contact)
        with self._task.access("write", "agent_task", rows=1):
            self._store.record_outcome(command_id, step, reply)
        return reply

    def _result(self, reply: CustomerReply) -> CustomerEngagementResult:
        sent = self._sent
        return CustomerEngagementResult.model_validate(
            {
                "answer": reply.answer,
                "channel": sent.channel if sent else None,
                "contacts": self._step,
                "preferred_from_ms": _not_before(reply),
                "message": self._said if sent else "",
                "contacted_at_ms": sent.at_ms if sent else None,
                "answered_at_ms": reply.at_ms,
            }
        )


def _not_before(reply: CustomerReply) -> int | None:
    """The day that the customer named; else, of one who agrees, the time of the answer: nothing begins before it."""
    if reply.preferred_from_ms is None and reply.answer in {Answer.ACCEPT, Answer.RESCHEDULE}:
        return reply.at_ms
    return reply.preferred_from_ms


def unreached(why: str) -> CustomerEngagementResult:
    """Nobody was contacted."""
    return CustomerEngagementResult(answer=Answer.NO_ANSWER, contacts=0, message=why)
