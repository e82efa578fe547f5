"""One message by the first of several channels that takes it, written down before it goes out."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from master_orchestrator_agents.errors import RetryableError
from master_orchestrator_agents.reference.customer_engagement.etiquette import Rung
from master_orchestrator_agents.reference.customer_engagement.message_store import MessageStore
from master_orchestrator_agents.reference.ports import Contact, Customer, Transports
from master_orchestrator_agents.task import Task
from master_orchestrator_schemas.vocabulary import Channel, Purpose

MAX_TRIES = 8
"""Channels that are tried for one command: its charter allows as many acts. A retry tries them once more."""


@dataclass(frozen=True)
class Mailing:
    """What a message is about, and which acts sending it is.

    Args:
        about: the command or the survey; nothing goes out twice for it.
        purpose: what it is sent for.
        book: the resource that a note of it is written to.
        resource_of: the resource that a message by a channel is.
    """

    about: str
    purpose: Purpose
    book: str
    resource_of: Callable[[Channel], str]


@dataclass(frozen=True)
class Delivery:
    """The channel that has taken the message, to whom it leads, and the message's id."""

    rung: Rung
    to: Customer
    message_id: str


class Sender:
    """Sends by the transports, and keeps what was sent."""

    def __init__(self, store: MessageStore, transports: Transports) -> None:
        self._store, self._transports = store, transports

    def send(
        self,
        task: Task,
        mailing: Mailing,
        rungs: Sequence[tuple[Rung, Customer]],
        text_for: Callable[[Customer], str],
    ) -> Delivery:
        """The message goes out on the first of these that takes it. Raises :class:`RetryableError` where none does."""
        failures = []
        for step, (rung, customer) in enumerate(rungs[:MAX_TRIES]):
            contact = Contact(
                contact_id=f"{mailing.about}#{step}",
                vehicle_id=task.vehicle_id,
                channel=rung.channel,
                priority=task.priority,
                message=text_for(customer),
                at_ms=task.issued_at_ms,
                answer_within_ms=rung.wait_ms,
                to=customer.addresses.get(rung.channel),
            )
            with task.access("write", mailing.book, rows=1):
                self._store.plan(mailing.about, rung, mailing.purpose, contact)
            try:
                with task.access("send", mailing.resource_of(rung.channel), rows=1):
                    self._transports.send(contact)
            except RetryableError as error:
                failures.append(f"{rung.name}: {error}")
                continue
            return Delivery(rung, customer, contact.contact_id)
        raise RetryableError(f"no channel takes the message ({'; '.join(failures)})")
