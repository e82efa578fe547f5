"""What senders did wrong, counted per partition and sender, and when to tell them.

Kept in memory and bounded: a restarted engine counts from 0, and what was told stays on its compacted topic.
"""

from collections import OrderedDict
from typing import NamedTuple

from master_orchestrator.core.rejection import Rejection
from master_orchestrator.shell.records import Fetched
from master_orchestrator_schemas.headers import sender_of
from master_orchestrator_schemas.left_out import LeftOut, harmless
from master_orchestrator_schemas.messages import Cause
from master_orchestrator_schemas.messages.feedback import MAX_MISTAKES, Mistake, SenderFeedback
from master_orchestrator_schemas.reasons import remedy_for

LEFT_OUT = "left_out"
"""The code of a mistake that cost only a part of the record."""

MAX_SENDERS = 256
"""Per partition; the one that was right for longest is forgotten first."""

TOLD_EVERY_MS = 10_000
"""A kind of mistake that a sender was told of is told again after this time, with its newest example."""

MAX_KINDS = 256
"""Of a sender that are new to it once; a sender that makes up names is not told of each."""

MAX_MESSAGE = 500


class SenderFault(NamedTuple):
    """One mistake in one record. ``name``: of what was left out."""

    sender: str
    code: str
    name: str | None
    message: str
    remedy: str
    cause: Cause
    key: bytes | None
    at_ms: int


def rejection_fault(cause: Cause, record: Fetched, rejection: Rejection) -> SenderFault:
    """The mistake of a record that became a dead letter."""
    code, sender = rejection.code, sender_of(record.headers)
    return SenderFault(sender, code, None, rejection.text, remedy_for(code), cause, record.key, record.timestamp)


def left_out_fault(cause: Cause, record: Fetched, item: LeftOut) -> SenderFault:
    """The mistake of a record that was used without this."""
    remedy, sender = "send a known name and a value that fits it, or leave it out", sender_of(record.headers)
    return SenderFault(sender, LEFT_OUT, item.name, str(item), remedy, cause, record.key, record.timestamp)


class FeedbackBook:
    """The mistakes of the senders of each partition. Used by one thread."""

    def __init__(self) -> None:
        self._senders: OrderedDict[tuple[int, str], _Sender] = OrderedDict()

    def take(self, faults: list[SenderFault]) -> list[SenderFeedback]:
        """Note one batch's faults of one partition; what is to be told now."""
        touched: dict[tuple[int, str], _Sender] = {}
        for fault in faults:
            place = fault.cause.partition, fault.sender
            touched[place] = sender = self._senders.setdefault(place, _Sender(fault.sender))
            self._senders.move_to_end(place)
            sender.note(fault)
        while len(self._senders) > MAX_SENDERS:
            self._senders.popitem(last=False)
        return [told for sender in touched.values() if (told := sender.told()) is not None]


class _Sender:
    def __init__(self, name: str) -> None:
        self._name = name
        self._mistakes: OrderedDict[tuple[str, str, str | None], Mistake] = OrderedDict()
        self._kinds: set[tuple[str, str, str | None]] = set()
        self._told_ms = 0
        self._news = False

    def note(self, fault: SenderFault) -> None:
        kind = fault.code, fault.cause.topic, fault.name
        before = self._mistakes.pop(kind, None)
        if kind not in self._kinds and len(self._kinds) < MAX_KINDS:
            self._kinds.add(kind)
            self._news = True
        self._mistakes[kind] = _mistake(fault, before)
        if len(self._mistakes) > MAX_MISTAKES:
            self._mistakes.popitem(last=False)

    def told(self) -> SenderFeedback | None:
        """The record to write: where there is something new, and else now and then."""
        newest = list(reversed(self._mistakes.values()))
        at_ms = newest[0].newest_at_ms
        if not self._news and at_ms - self._told_ms < TOLD_EVERY_MS:
            return None
        self._news, self._told_ms = False, at_ms
        return SenderFeedback(sender=self._name, at_ms=at_ms, mistakes=tuple(newest))


def _mistake(fault: SenderFault, before: Mistake | None) -> Mistake:
    return Mistake(
        code=fault.code,
        topic=fault.cause.topic,
        name=fault.name,
        count=1 if before is None else before.count + 1,
        first_at_ms=fault.at_ms if before is None else before.first_at_ms,
        newest_at_ms=fault.at_ms,
        message=fault.message[:MAX_MESSAGE].encode(errors="replace").decode(),
        remedy=fault.remedy,
        key=harmless((fault.key or b"").decode(errors="replace")),
        partition=fault.cause.partition,
        offset=fault.cause.offset,
    )
