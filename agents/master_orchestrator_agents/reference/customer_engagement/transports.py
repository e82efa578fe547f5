"""Ways to send a message: by apprise, which knows a hundred services by URL, and into a file, to be read."""

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

from master_orchestrator_agents.errors import PermanentError, RetryableError
from master_orchestrator_agents.reference.ports import Contact
from master_orchestrator_schemas.vocabulary import Channel

if TYPE_CHECKING:
    from apprise import Apprise

ADDRESS, CONTACT = "{to}", "{contact}"
"""Stand in a transport's URL for the address of the owner, and for what an answer has to name as its ``contact_id``."""


@dataclass(frozen=True)
class FileTransport:
    """Writes what would be sent into ``folder``, one file for each channel and one JSON object for each message.

    Readable by its owner alone: it holds what messages hold.
    """

    folder: Path

    def send(self, contact: Contact) -> None:
        """Append the message. Raises :class:`RetryableError` where the file cannot be written."""
        line = {
            "message_id": contact.contact_id,
            "contact_id": contact.command_id,
            "vehicle_id": contact.vehicle_id,
            "channel": contact.channel,
            "to": contact.to,
            "priority": contact.priority.name,
            "at_ms": contact.at_ms,
            "message": contact.message,
        }
        try:
            self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            path = self.folder / f"{contact.channel}.jsonl"
            descriptor = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
            with os.fdopen(descriptor, "a", encoding="utf-8") as file:
                file.write(json.dumps(line, ensure_ascii=False) + "\n")
        except OSError as error:
            raise RetryableError(f"{self.folder} cannot be written: {error.strerror}") from error


@dataclass(frozen=True)
class AppriseTransport:
    """Sends by an apprise URL, in which ``{to}`` stands for the address, and ``{contact}`` for what is answered."""

    url: str

    def send(self, contact: Contact) -> None:
        """Hand the message over. Raises :class:`RetryableError` where the service does not take it.

        The URL is not named in any error: it holds passwords.
        """
        if ADDRESS in self.url and contact.to is None:
            raise RetryableError(f"there is no address for {contact.channel}")
        service = _apprise()
        url = self.url.replace(ADDRESS, quote(contact.to or "", safe="@+"))
        if not service.add(url.replace(CONTACT, quote(contact.command_id, safe=""))):
            raise RetryableError(f"the URL of {contact.channel} is not one that apprise knows: correct it")
        if not service.notify(body=contact.message):
            raise RetryableError(f"the service of {contact.channel} did not take the message")


def _apprise() -> "Apprise":
    try:
        from apprise import Apprise  # an extra: most runners send nothing
    except ImportError as error:
        raise PermanentError(
            "sending needs apprise, which is not installed: pip install 'master-orchestrator[contact]'"
        ) from error
    return Apprise()


class OutgoingChannels:
    """Sends by channel: the transport that is configured for it, else into a file."""

    def __init__(self, folder: Path, urls: Mapping[Channel, str]) -> None:
        self._file = FileTransport(folder)
        self._by_url = {channel: AppriseTransport(url) for channel, url in urls.items()}

    def send(self, contact: Contact) -> None:
        """See :class:`~master_orchestrator_agents.reference.ports.Transports`."""
        self._by_url.get(contact.channel, self._file).send(contact)
