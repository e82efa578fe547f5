"""What gateways sent: one session on record per gateway, partition and minute of the broker's time.

Counted in memory, since a session per reading would cost as much as the reading. A minute is written with the first
readings of the partition after it; what was counted of the minute in which an engine ends is not on record.
"""

from collections import Counter
from collections.abc import Iterable, Sequence

from master_orchestrator.shell.records import Fetched
from master_orchestrator_schemas.headers import SENDER_HEADERS, sender_of
from master_orchestrator_schemas.messages import Activity, SessionAct
from master_orchestrator_schemas.messages.activity import activity_id
from master_orchestrator_schemas.vocabulary import ActError, Action, ActorKind, ActOutcome

MINUTE_MS = 60_000
MAX_GATEWAYS = 256
"""Per partition and minute; all others are one, named ``other``."""
OTHER = b"other"
RESOURCE = "telemetry"
_SOURCE = SENDER_HEADERS[0]


class _Gateway:
    """Of one gateway in one minute: its first record, how many there were, of which vehicles."""

    __slots__ = ("first", "name", "readings", "vehicles")

    def __init__(self, first: int, name: str) -> None:
        self.first, self.name = first, name
        self.readings = 0
        self.vehicles: set[bytes | None] = set()


class _Minute:
    """One minute of one partition. ``refused``: dead letters by sender, of those readings."""

    def __init__(self, start_ms: int) -> None:
        self.start_ms, self.end_ms = start_ms, start_ms + MINUTE_MS
        self.gateways: dict[bytes, _Gateway] = {}
        self.refused: Counter[str] = Counter()


class GatewayBook:
    """The minutes under way of an engine's partitions. Used by one thread."""

    def __init__(self) -> None:
        self._minutes: dict[int, _Minute] = {}

    def take(self, partition: int, readings: Sequence[Fetched], refused: Iterable[str]) -> list[Activity]:
        """Count a batch's readings of one partition; the sessions of the minutes that are over.

        ``refused``: the senders of those that became dead letters.
        """
        over: list[Activity] = []
        minute = self._minutes.get(partition)
        for record in readings:
            if minute is None or record.timestamp >= minute.end_ms:
                if minute is not None:
                    over += _sessions(partition, minute)
                minute = _Minute(record.timestamp - record.timestamp % MINUTE_MS)
            for name, value in record.headers:
                if name == _SOURCE and value:
                    source = value
                    break
            else:
                source = sender_of(record.headers).encode()
            gateway = minute.gateways.get(source) or _begun(minute, source, record)
            gateway.readings += 1
            gateway.vehicles.add(record.key)
        if minute is not None:
            self._minutes[partition] = minute
            minute.refused.update(refused)
        return over


def _begun(minute: _Minute, source: bytes, record: Fetched) -> _Gateway:
    """The gateway's count; beyond :data:`MAX_GATEWAYS` that of all others."""
    name = sender_of(record.headers)
    if len(minute.gateways) >= MAX_GATEWAYS:
        source, name = OTHER, OTHER.decode()
    return minute.gateways.setdefault(source, _Gateway(record.offset, name))


def _sessions(partition: int, minute: _Minute) -> Iterable[Activity]:
    """One per gateway, as the only record of its ``start_ms``, so that no number can be missing.

    ``rows``: distinct vehicles. The first record is part of the id: two engines may have counted parts of a minute.
    """
    instance = f"engine-{partition}"
    for gateway in minute.gateways.values():
        refused = min(minute.refused[gateway.name], gateway.readings)
        session = f"{gateway.name}@{gateway.first}"
        yield Activity(
            activity_id=activity_id(session, instance, minute.start_ms, 0),
            actor=f"{ActorKind.GATEWAY}:{gateway.name}",
            kind=ActorKind.GATEWAY,
            instance=instance,
            start_ms=minute.start_ms,
            seq=0,
            session=session,
            at_ms=minute.end_ms,
            took_ms=MINUTE_MS,
            outcome=ActOutcome.SUCCESS if refused < gateway.readings else ActOutcome.FAILURE,
            acts=tuple(_acts(gateway, refused)),
        )


def _acts(gateway: _Gateway, refused: int) -> Iterable[SessionAct]:
    if taken := gateway.readings - refused:
        vehicles = len(gateway.vehicles)
        yield SessionAct(action=Action.WRITE, resource=RESOURCE, count=taken, rows=vehicles, max_rows=vehicles)
    if refused:
        failure, error = ActOutcome.FAILURE, ActError.INVALID
        yield SessionAct(action=Action.WRITE, resource=RESOURCE, outcome=failure, error=error, count=refused)
