"""``audit verify``: does each record of the engine's outputs stand under its own key, in its vehicle's partition?"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from hashlib import sha256

from confluent_kafka import Message

from master_orchestrator.core.audit_chain import Violation
from master_orchestrator.errors import UnreadableRecordError
from master_orchestrator.readers.decoding import decode, place_text
from master_orchestrator.readers.statuses import is_at_home
from master_orchestrator.readers.topics import partition_of, vehicle_of
from master_orchestrator_schemas.codec import Codec
from master_orchestrator_schemas.messages import AuditRecord, Status

NO_SEQ = -1
"""Of a violation that is about no record of a trail."""


@dataclass
class Astray:
    """Audit records in another partition than their vehicle's: by workflow and ``seq``, the digest and the place."""

    copies: dict[tuple[str, int], list[tuple[bytes, str]]] = field(default_factory=dict)

    def note(self, record: AuditRecord, value: bytes, place: str) -> None:
        """Keep one until its vehicle's partition has been read."""
        self.copies.setdefault((record.workflow_id, record.seq), []).append((digest(value), place))

    def vehicles(self) -> set[str]:
        """Whose they are."""
        return {vehicle_of(workflow_id) for workflow_id, _ in self.copies}


def digest(value: bytes) -> bytes:
    """To compare records that are not kept."""
    return sha256(value).digest()


def audit_at_home(
    messages: Iterable[Message], partitions: int, codec: Codec, wrong: list[Violation], astray: Astray
) -> Iterator[tuple[bytes, AuditRecord]]:
    """The audit records of this partition's vehicles, with their bytes; what is wrong goes to ``wrong``."""
    for message in messages:
        value, key, place = message.value(), (message.key() or b"").decode(errors="replace"), place_text(message)
        if value is None:
            wrong.append(_of_key(key, "deleted", "a record without a value deletes this one of the trail", place))
            continue
        try:
            record = decode(message, AuditRecord, codec)
        except UnreadableRecordError as error:
            wrong.append(_of_key(key, "unreadable", str(error), place))
            continue
        if (misnamed := _misnamed(record, key, f"{record.workflow_id}/{record.seq}", place)) is not None:
            wrong.append(misnamed)
        if partition_of(record.vehicle_id, partitions) == message.partition():
            yield value, record
        else:
            astray.note(record, value, place)


def checked_statuses(
    messages: Iterable[Message], partitions: int, codec: Codec, wrong: list[Violation]
) -> Iterator[Status]:
    """The statuses of this partition's vehicles; what is wrong goes to ``wrong``."""
    astray: dict[str, str] = {}
    for message in messages:
        key, place = (message.key() or b"").decode(errors="replace"), place_text(message)
        at_home = is_at_home(message, partitions)
        if message.value() is None:
            astray.pop(key, None)
            if at_home:
                wrong.append(Violation(key, NO_SEQ, "deleted", "a record without a value deletes its status", place))
        elif not at_home:
            astray[key] = place
        else:
            yield from _checked(message, codec, key, place, wrong)
    text = "its status stands in another partition than its vehicle's"
    wrong += [Violation(key, NO_SEQ, "wrong_partition", text, place) for key, place in astray.items()]


def _checked(message: Message, codec: Codec, key: str, place: str, wrong: list[Violation]) -> Iterator[Status]:
    try:
        status = decode(message, Status, codec)
    except UnreadableRecordError as error:
        wrong.append(Violation(key, NO_SEQ, "unreadable", str(error), place))
        return
    if (misnamed := _misnamed(status, key, status.workflow_id, place)) is not None:
        wrong.append(misnamed)
    yield status


def two_trails(astray: Astray, at_home: Iterable[tuple[bytes, AuditRecord]]) -> list[Violation]:
    """Records that stand astray, but for exact copies of those at home, which ``provision --repartition`` leaves."""
    known: dict[tuple[str, int], set[bytes]] = {}
    for value, record in at_home:
        known.setdefault((record.workflow_id, record.seq), set()).add(digest(value))
    homes = {workflow_id for workflow_id, _ in known}
    return [
        _strange(name, place, is_second=name[0] in homes)
        for name, copies in astray.copies.items()
        for made, place in copies
        if made not in known.get(name, ())
    ]


def _strange(name: tuple[str, int], place: str, *, is_second: bool) -> Violation:
    where = f"it stands at {place}, which is not its vehicle's partition"
    if is_second:
        return Violation(*name, "second_trail", f"two trails have this id: {where}", place)
    return Violation(*name, "wrong_partition", where, place)


def _misnamed(record: AuditRecord | Status, key: str, due: str, place: str) -> Violation | None:
    if key != due:
        return Violation(record.workflow_id, record.seq, "key_mismatch", f"its key is {key!r}", place)
    if vehicle_of(record.workflow_id) != record.vehicle_id:
        return Violation(record.workflow_id, record.seq, "wrong_vehicle", f"it names {record.vehicle_id!r}", place)
    return None


def _of_key(key: str, kind: str, text: str, place: str) -> Violation:
    """Of an audit record of which only the key can be read."""
    workflow_id, _, seq = key.rpartition("/")
    is_name = seq.isascii() and seq.isdigit() and len(seq) < 10
    return Violation(workflow_id if is_name else key, int(seq) if is_name else NO_SEQ, kind, text, place)
