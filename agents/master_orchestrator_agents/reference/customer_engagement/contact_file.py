"""Owners and transports from files: a TOML file with the transports, which names a CSV file with the owners.

    owners = "owners.csv"
    region = "DE"                      # of telephone numbers without a country code
    [transports]                       # apprise URLs; a channel without one is written to a file
    sms = "twilio://${TWILIO_SID}:${TWILIO_TOKEN}@+4930123456/{to}"

``${NAME}`` is taken from the environment, so that no secret has to stand in the file. Columns of the CSV file:
``vehicle_id`` and ``name``, then any of ``language``, ``zone``, ``phone`` (for SMS and calls), ``email``, ``push`` and
``consents`` (channels agreed to for maintenance, divided by blanks; by default all that there is an address for).
"""

import csv
import os
import string
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from master_orchestrator_agents.errors import AgentError
from master_orchestrator_agents.reference.ports import Customer
from master_orchestrator_agents.reference.zoned import is_zone
from master_orchestrator_schemas.vocabulary import Channel, Purpose

VARIABLE = "MASTER_ORCHESTRATOR_CONTACTS"
COLUMNS = {"vehicle_id", "name", "language", "zone", "phone", "email", "push", "consents"}
NEEDED = {"vehicle_id", "name"}
ADDRESSES = {Channel.PUSH: "push", Channel.EMAIL: "email", Channel.SMS: "phone", Channel.CALL: "phone"}
"""Channel -> the column with its address. An employee looks it up."""


class ContactFileError(AgentError):
    """A file of contacts cannot be used; one line says where, and what to do."""


@dataclass(frozen=True)
class OwnerRow:
    """One line of the CSV file."""

    customer: Customer
    addresses: Mapping[Channel, str]


class ContactBook:
    """The directory of owners, and their addresses."""

    def __init__(self, rows: Mapping[str, OwnerRow], urls: Mapping[Channel, str]) -> None:
        self._rows, self.urls = rows, urls

    def customer_of(self, vehicle_id: str) -> Customer | None:
        """The owner, or None: nobody is on file."""
        row = self._rows.get(vehicle_id)
        return None if row is None else row.customer

    def address_of(self, vehicle_id: str, channel: Channel) -> str | None:
        """Where the owner is reached by a channel."""
        row = self._rows.get(vehicle_id)
        return None if row is None else row.addresses.get(channel)


def read_contacts(path: Path) -> ContactBook:
    """The contacts that a TOML file describes. Raises :class:`ContactFileError`."""
    try:
        given = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ContactFileError(f"{path} cannot be read: {error.strerror}; {VARIABLE} names it") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ContactFileError(f"{path} is not TOML: {error}") from error
    if unknown := given.keys() - {"owners", "region", "transports"}:
        raise ContactFileError(f"{path}: {', '.join(sorted(unknown))} is not known; it has owners, region, transports")
    if not isinstance(owners := given.get("owners"), str):
        raise ContactFileError(f"{path}: owners is missing: name the CSV file with the owners of vehicles")
    urls = _urls(path, given.get("transports", {}))
    return ContactBook(_owners(path.parent / owners, str(given.get("region", ""))), urls)


def _urls(path: Path, given: Mapping[str, Any]) -> dict[Channel, str]:
    urls = {}
    for name, url in given.items():
        if name not in set(Channel):
            raise ContactFileError(f"{path}: transports: {name} is not a channel: {', '.join(Channel)}")
        try:
            urls[Channel(name)] = string.Template(url).substitute(os.environ)
        except KeyError as error:
            raise ContactFileError(f"{path}: transports: {name}: {error.args[0]} is not in the environment") from error
        except (ValueError, TypeError) as error:
            raise ContactFileError(f"{path}: transports: {name} is not a text with ${{NAME}} in it") from error
    return urls


def _owners(path: Path, region: str) -> dict[str, OwnerRow]:
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.DictReader(file)
            columns = set(reader.fieldnames or ())
            if (wrong := NEEDED - columns) or (wrong := columns - COLUMNS):
                problem = "missing" if wrong <= NEEDED - columns else "not known"
                raise ContactFileError(f"{path}, line 1: {', '.join(sorted(wrong))} is {problem}: {_columns()}")
            return {row["vehicle_id"]: _owner(f"{path}, line {reader.line_num}", row, region) for row in reader}
    except OSError as error:
        raise ContactFileError(f"{path} cannot be read: {error.strerror}; owners in the TOML file names it") from error
    except (UnicodeDecodeError, csv.Error) as error:
        raise ContactFileError(f"{path} is not a CSV file in UTF-8: {error}") from error


def _columns() -> str:
    return f"the columns are {', '.join(sorted(COLUMNS))}"


def _owner(where: str, row: Mapping[str, str | None], region: str) -> OwnerRow:
    given = {name: (row.get(name) or "").strip() for name in COLUMNS}
    if not given["vehicle_id"]:
        raise ContactFileError(f"{where}: vehicle_id is empty")
    if given["phone"]:
        given["phone"] = _number(where, given["phone"], region)
    zone = given["zone"] or "Europe/Berlin"
    if not is_zone(zone):
        raise ContactFileError(f"{where}: zone is {zone!r}: write an IANA time zone such as Europe/Berlin")
    addresses = {channel: given[column] for channel, column in ADDRESSES.items() if given[column]}
    channels = frozenset({*addresses, Channel.HUMAN})
    agreed = given["consents"].split()
    if unknown := set(agreed) - set(Channel):
        raise ContactFileError(f"{where}: consents: {min(unknown)} is not a channel: {', '.join(Channel)}")
    consents = frozenset(map(Channel, agreed)) if row.get("consents") is not None else channels
    customer = Customer(
        given["vehicle_id"],
        given["name"],
        given["language"] or "en",
        zone,
        channels,
        {Purpose.MAINTENANCE: consents},
    )
    return OwnerRow(customer, addresses)


def _number(where: str, text: str, region: str) -> str:
    """The telephone number as E.164 has it."""
    try:
        import phonenumbers  # an extra, as apprise is
    except ImportError as error:
        raise ContactFileError(
            "telephone numbers need phonenumbers, which is not installed: pip install 'master-orchestrator[contact]'"
        ) from error
    remedy = "write it as +49 30 123456, or name the region in the TOML file"
    try:
        number = phonenumbers.parse(text, region or None)
    except phonenumbers.NumberParseException as error:
        raise ContactFileError(f"{where}: phone is not a telephone number: {remedy}") from error
    if not phonenumbers.is_valid_number(number):
        raise ContactFileError(f"{where}: phone is not a number that is in use: {remedy}")
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
