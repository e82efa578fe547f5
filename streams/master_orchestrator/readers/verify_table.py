"""``audit verify``: do the trails end where the engine's own table says?

The table (its changelog) has of each vehicle how many workflows it has had, and the hash of the newest record of its
newest trail, and of the one before while that goes on. So a trail that was cut, forged, or chained again is found even
where status and inputs were changed too, or are gone. And it has how far each input was applied.
"""

from collections.abc import Iterable, Iterator, Mapping

import msgspec
from confluent_kafka import Message

from master_orchestrator.core.audit_chain import Violation
from master_orchestrator.core.errors import ForeignStateError
from master_orchestrator.core.state import Chain, decode_state
from master_orchestrator.core.table import POSITION_KEY, is_vehicle, unpack_positions, unpack_vehicle
from master_orchestrator.readers.topics import SEPARATOR, partition_of
from master_orchestrator_schemas.messages import AuditRecord


class Ends(msgspec.Struct, frozen=True):
    """Of one vehicle: how many workflows it has had; workflow id -> ``seq`` and hash of its newest record."""

    episodes: int
    newest: dict[str, tuple[int, str]]


class TableFacts(msgspec.Struct):
    """What one partition's table says. ``positions`` None: there is no table, or none that can be read."""

    positions: dict[str, int] | None = None
    vehicles: dict[str, Ends] = {}
    unreadable: list[str] = []


def table_facts(changelog: Iterable[Message], partitions: int) -> TableFacts:
    """The newest of each key, of this partition's vehicles."""
    facts = TableFacts(vehicles={}, unreadable=[])
    for message in changelog:
        key, value = message.key() or b"", message.value()
        try:
            if key == POSITION_KEY:
                facts.positions = unpack_positions(value)
            elif is_vehicle(key) and partition_of(vehicle := key.decode(), partitions) == message.partition():
                facts.vehicles.pop(vehicle, None)
                if value is not None:
                    facts.vehicles[vehicle] = _ends(value)
        except (ForeignStateError, msgspec.MsgspecError, ValueError) as error:
            facts.unreadable.append(f"the table's record at offset {message.offset()} cannot be read: {error}")
    if facts.positions is None and facts.vehicles:  # vehicles that have moved here, and no input applied since
        facts.positions = {}
    return facts


def _ends(value: bytes) -> Ends:
    state = decode_state(unpack_vehicle(value)[1])
    chains: list[Chain] = [chain for chain in (state.workflow, state.older) if chain is not None]
    return Ends(state.episodes, {chain.workflow_id: (chain.seq, chain.hash) for chain in chains})


def verify_table(facts: TableFacts, before: Iterable[AuditRecord], later: Iterable[AuditRecord]) -> Iterator[Violation]:
    """Hold the trails against the table.

    Args:
        facts: read after ``before``, and before ``later``.
        before: audit records that the table must know.
        later: those that came meanwhile, which it may know.
    """
    if facts.positions is None:
        return
    known, trails = _hashes(before), _hashes([*before, *later])
    unread = bool(facts.unreadable)
    for workflow_id, hashes in known.items():
        yield from _unknown(workflow_id, max(hashes), facts.vehicles, unread=unread)
    for vehicle, ends in facts.vehicles.items():
        yield from _missing(vehicle, ends, trails)


def _hashes(records: Iterable[AuditRecord]) -> dict[str, dict[int, set[str]]]:
    hashes: dict[str, dict[int, set[str]]] = {}
    for record in records:
        hashes.setdefault(record.workflow_id, {}).setdefault(record.seq, set()).add(record.hash)
    return hashes


def _unknown(workflow_id: str, seq: int, vehicles: Mapping[str, Ends], *, unread: bool) -> Iterator[Violation]:
    """A trail that the engine has not opened, or that goes on behind where the engine is."""
    vehicle, _, episode = workflow_id.rpartition(SEPARATOR)
    ends = vehicles.get(vehicle)
    if ends is None:
        if not unread:
            yield Violation(workflow_id, seq, "not_in_table", "the engine's table knows nothing of its vehicle")
    elif not episode.isdigit() or int(episode) >= ends.episodes:
        text = f"the engine has opened {ends.episodes} workflows of the vehicle, and not this one"
        yield Violation(workflow_id, seq, "not_in_table", text)
    elif workflow_id in ends.newest and seq > ends.newest[workflow_id][0]:
        text = f"the engine's table has its newest record as {ends.newest[workflow_id][0]}"
        yield Violation(workflow_id, seq, "not_in_table", text)


def _missing(vehicle: str, ends: Ends, trails: Mapping[str, Mapping[int, set[str]]]) -> Iterator[Violation]:
    """A workflow that the engine has opened and that has no trail; a trail cut off, or that ends with another hash."""
    for episode in range(ends.episodes):
        workflow_id = f"{vehicle}{SEPARATOR}{episode}"
        if workflow_id not in trails:
            yield Violation(workflow_id, 0, "missing", "the engine has opened it, and it has no trail")
    for workflow_id, (seq, made) in ends.newest.items():
        if seq < 0 or workflow_id not in trails:
            continue
        if seq not in trails[workflow_id]:
            text = f"the engine's table has record {seq}, its trail ends with {max(trails[workflow_id])}"
            yield Violation(workflow_id, seq, "truncated", text)
        elif made not in trails[workflow_id][seq]:
            yield Violation(workflow_id, seq, "table_differs", "the engine's table has another hash of this record")
