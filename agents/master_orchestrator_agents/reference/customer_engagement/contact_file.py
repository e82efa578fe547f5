"""Owners and transports from files: a TOML file with the transports, which names a CSV file with the owners.

    owners = "owners.csv"
    region = "DE"                      # of telephone numbers without a country code
    [transports]                       # apprise URLs; a channel without one is written to a file
    sms = "twilio://${TWILIO_SID}:${TWILIO_TOKEN}@+4930123456/{to}"

``${NAME}`` is taken from the environment, so that no secret has to stand in the file. Columns of the CSV file:
``vehicle_id`` and ``name``, then any of ``rank``, ``language``, ``zone``, ``phone`` (for SMS and calls), ``email``,
``push``, ``consents`` (channels agreed to for maintenance, divided by blanks; by default all that there is an address
for) and ``survey_consents`` (for surveys; by default those of ``consents``). A vehicle may have several lines, one for
each person who is told of it, numbered by ``rank`` in the order in which they are told.
"""

import csv
import os
import re
import string
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import structlog

from master_orchestrator_agents.errors import AgentError
from master_orchestrator_agents.reference.ports import Customer
from master_orchestrator_agents.reference.zoned import is_zone
from master_orchestrator_schemas.vocabulary import Channel, Purpose

log = structlog.stdlib.get_logger(__name__)

VARIABLE = "MASTER_ORCHESTRATOR_CONTACTS"
COLUMNS = {"vehicle_id", "name", "rank", "language", "zone", "phone", "email", "push", "consents", "survey_consents"}
NEEDED = {"vehicle_id", "name"}
ADDRESSES = {Channel.PUSH: "push", Channel.EMAIL: "email", Channel.SMS: "phone", Channel.CALL: "phone"}
"""Channel -> the column with its address. An employee looks it up."""
VEHICLE, RANK, MAIL = re.compile(r"[A-Za-z0-9._:-]{1,64}"), re.compile("[1-9]"), re.compile(r"[^@\s]+@[^@\s]+")


class ContactFileError(AgentError):
    """A file of contacts cannot be used; one line says where, and what to do."""


class ContactBook:
    """The directory of owners, and the transports' URLs. A line that is changed counts from the next message on."""

    def __init__(self, path: Path, region: str, urls: Mapping[Channel, str]) -> None:
        """``path``: of the CSV file. Raises :class:`ContactFileError`."""
        self._path, self._region, self.urls = path, region, urls
        self._changed_ns = _changed_ns(path)
        self._people = _owners(path, region)

    def persons_of(self, vehicle_id: str) -> Sequence[Customer]:
        """Who is told of a vehicle, in order; nobody is on file: empty."""
        self._read_changes()
        return self._people.get(vehicle_id, ())

    def _read_changes(self) -> None:
        """A file that cannot be used, as one that is half written, leaves what was known."""
        if (changed_ns := _changed_ns(self._path)) == self._changed_ns:
            return
        self._changed_ns = changed_ns
        try:
            self._people = _owners(self._path, self._region)
        except ContactFileError as error:
            log.warning("contacts_not_read_again", problem=str(error))


def _changed_ns(path: Path) -> int:
    """When the file was changed; 0 while it is not there."""
    try:
        return path.stat().st_mtime_ns
    except OSError:
        return 0


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
    if not isinstance(transports := given.get("transports", {}), dict):
        raise ContactFileError(f"{path}: transports is not a table: write [transports], and an apprise URL per channel")
    urls = _urls(path, transports)
    return ContactBook(path.parent / owners, str(given.get("region", "")), urls)


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


def _owners(path: Path, region: str) -> dict[str, list[Customer]]:
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.DictReader(file)
            columns = set(reader.fieldnames or ())
            if (wrong := NEEDED - columns) or (wrong := columns - COLUMNS):
                problem = "missing" if wrong <= NEEDED - columns else "not known"
                raise ContactFileError(f"{path}, line 1: {', '.join(sorted(wrong))} is {problem}: {_columns()}")
            return _by_vehicle(_person(f"{path}, line {reader.line_num}", row, region) for row in reader)
    except OSError as error:
        raise ContactFileError(f"{path} cannot be read: {error.strerror}; owners in the TOML file names it") from error
    except (UnicodeDecodeError, csv.Error) as error:
        raise ContactFileError(f"{path} is not a CSV file in UTF-8: {error}") from error


def _columns() -> str:
    return f"the columns are {', '.join(sorted(COLUMNS))}"


def _by_vehicle(persons: Iterable[tuple[str, Customer]]) -> dict[str, list[Customer]]:
    """Who is told of each vehicle, by rank. ``persons``: with their places in the file."""
    people: dict[str, list[Customer]] = {}
    for where, person in persons:
        known = people.setdefault(person.vehicle_id, [])
        if any(other.person == person.person for other in known):
            raise ContactFileError(
                f"{where}: rank: {person.vehicle_id} has a person of rank {person.person} already: number those who "
                "are told of a vehicle 1, 2, 3 in the order in which they are told"
            )
        known.append(person)
    return {vehicle: sorted(known, key=lambda customer: customer.person) for vehicle, known in people.items()}


def _person(where: str, row: Mapping[str | None, Any], region: str) -> tuple[str, Customer]:
    """One line of the file, with its place."""
    if None in row:
        raise ContactFileError(f"{where}: more cells than columns: put a text with commas into quotation marks")
    given = {name: (row.get(name) or "").strip() for name in COLUMNS}
    if not VEHICLE.fullmatch(given["vehicle_id"]):
        problem = "is empty" if not given["vehicle_id"] else f"is {given['vehicle_id']!r}"
        raise ContactFileError(f"{where}: vehicle_id {problem}: write 1 to 64 of A-Z a-z 0-9 . _ : -")
    if not RANK.fullmatch(given["rank"] or "1"):
        raise ContactFileError(f"{where}: rank is {given['rank']!r}: write 1 for who is told first, then 2, up to 9")
    zone = given["zone"] or "Europe/Berlin"
    if not is_zone(zone):
        raise ContactFileError(f"{where}: zone is {zone!r}: write an IANA time zone such as Europe/Berlin")
    if given["email"] and not MAIL.fullmatch(given["email"]):
        raise ContactFileError(f"{where}: email is not an address: write it as name@example.org")
    if given["phone"]:
        given["phone"] = _number(where, given["phone"], region)
    addresses = {channel: given[column] for channel, column in ADDRESSES.items() if given[column]}
    channels = frozenset({*addresses, Channel.HUMAN})
    consents = channels if row.get("consents") is None else _agreed(where, "consents", given)
    surveys = consents if row.get("survey_consents") is None else _agreed(where, "survey_consents", given)
    return where, Customer(
        given["vehicle_id"],
        given["name"],
        given["language"] or "en",
        zone,
        channels,
        {Purpose.MAINTENANCE: consents, Purpose.FEEDBACK: surveys},
        addresses,
        int(given["rank"] or 1),
    )


def _agreed(where: str, column: str, given: Mapping[str, str]) -> frozenset[Channel]:
    agreed = given[column].split()
    if unknown := set(agreed) - set(Channel):
        raise ContactFileError(f"{where}: {column}: {min(unknown)} is not a channel: {', '.join(Channel)}")
    return frozenset(map(Channel, agreed))


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
