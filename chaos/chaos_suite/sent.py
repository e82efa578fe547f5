"""What the load handed over: a line of ``sent.jsonl`` for each record, and the counts. See :mod:`chaos_suite.load`."""

import threading
from dataclasses import dataclass, field
from pathlib import Path

from chaos_suite.codes import dtc_of, rule_of
from chaos_suite.journal import Journal, now_ms
from chaos_suite.shots import Shot
from master_orchestrator_schemas.places import Place

FILE = "sent.jsonl"


@dataclass(frozen=True)
class OutgoingShot:
    """A shot with its bytes, on its way."""

    shot: Shot
    topic: str
    key: bytes
    value: bytes | None
    ts_ms: int

    def line(self) -> dict[str, object]:
        """What is known of it before it was sent."""
        shot = self.shot
        return {
            "shot": shot.name,
            "topic": self.topic,
            "vehicle": shot.reading.vehicle_id,
            "ts_ms": self.ts_ms,
            "expects": shot.expects,
            "strict": shot.strict,
            "given": shot.given,
            "code": dtc_of(shot.fault),
            "rule": None if shot.fault is None else rule_of(shot.fault),
            "request_id": shot.reading.request_id,
            "copy": shot.copy,
            "size": len(self.value or b""),
        }


@dataclass
class SentJournal:
    """The journal and the counts of all gateways. Safe for threads."""

    folder: Path
    sent: int = 0
    acked: int = 0
    opened: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def __post_init__(self) -> None:
        self._journal = Journal(self.folder / FILE)

    def handed_over(self) -> None:
        """One more."""
        with self._lock:
            self.sent += 1

    def acknowledged(self, outgoing: OutgoingShot, place: Place) -> None:
        """It is there for good."""
        with self._lock:
            self.acked += 1
            self.opened += outgoing.shot.opens
        self._write(outgoing, place, acked=True)

    def undone(self, outgoing: OutgoingShot, place: Place | None) -> None:
        """Its transaction was aborted, which is certain: it has no effect."""
        self._write(outgoing, place, acked=False, expects="none", strict=True, given=())

    def unknown(self, outgoing: OutgoingShot) -> None:
        """It may be there or not."""
        self._write(outgoing, None, acked=False)

    def close(self) -> None:
        """Write no more."""
        self._journal.close()

    def _write(self, outgoing: OutgoingShot, place: Place | None, *, acked: bool, **instead: object) -> None:
        at = {"partition": place.partition if place else None, "offset": place.offset if place else None}
        self._journal.write({**outgoing.line(), **at, "acked": acked, "at_ms": now_ms(), **instead})
