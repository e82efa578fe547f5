"""Where a crash makes a difference: the points at which tests kill the process, and the table of them in the docs.

``docs/reliability.md`` shows :func:`table`; ``crash_hooks.py`` kills at the points; ``tests/crash_points`` checks what
each has left and what recovery makes of it.
"""

from enum import Enum, StrEnum
from typing import NamedTuple


class Part(StrEnum):
    """What is under way when the process dies; the points of a part are gone through on one system, one by one."""

    AUDIT = "the engine's step: the transaction's beginning, audit records"
    CHANGELOG = "the engine's step: the vehicles' changelog records"
    OUTBOX = "the engine's step: the outbox"
    COMMIT = "the engine's step: commit, local write, commands"
    TAKE_OVER = "take-over, at every start"
    REBALANCE = "rebalance, another worker joins"
    TIMER = "timer"
    RUNNER = "agent runner"


class RecordKind(StrEnum):
    """A sequence of records in which it matters which of them are out."""

    AUDIT = "audit"
    CHANGELOG = "changelog"
    OUTBOX = "outbox"
    COMMAND = "command"
    RESENT = "command, sent again"
    TICK = "tick"


class BatchPlace(StrEnum):
    """Which of several records: of a kind in its batch."""

    FIRST = "first"
    MIDDLE = "middle"
    LAST = "last"

    def of(self, count: int) -> int:
        """The index of this one of ``count`` records."""
        return {BatchPlace.FIRST: 0, BatchPlace.MIDDLE: count // 2, BatchPlace.LAST: count - 1}[self]


class Left(Enum):
    """What the step that died has left, for one who looks from outside; checked after each crash."""

    UNSEEN = "no committed reader sees anything of it, the table is as before"
    OPEN = "the same, and records of it stand in the log, uncommitted"
    EITHER = "all of it is seen, or nothing"
    COMMITTED = "all of it is seen, the table is behind its changelog"
    WRITTEN = "all of it is seen, the table is level with its changelog"
    NOT_ASKED = "no step was under way"


class PointTerms(NamedTuple):
    """A point: when the process dies, what is there then, what recovery does, and how that is tested."""

    part: Part
    dies: str
    there: str
    recovery: str
    left: Left = Left.NOT_ASKED
    kind: RecordKind | None = None
    after: bool = False
    places: tuple[BatchPlace, ...] = ()


ALL = tuple(BatchPlace)
NOTHING = "Kafka: inputs only. Table: as before"
ABORTED = "the next owner's fencing aborts what there is; the inputs are read again from the stored position"
HANDED = "Kafka: some records of an open transaction, or none; no committed reader sees them. Table: as before"
IN_LOG = "Kafka: this record and all before it, uncommitted; no committed reader sees them. Table: as before"
FETCHED = "Kafka: the command, its offset uncommitted, no reply"


class CrashPoint(Enum):
    """Every point, in the order of what happens."""

    BEFORE_BEGIN = PointTerms(
        Part.AUDIT, "before the transaction begins", NOTHING,
        "the inputs are read again from the stored position", Left.UNSEEN,
    )  # fmt: skip
    BEFORE_AUDIT = PointTerms(
        Part.AUDIT, "begun; before an audit record is handed over", HANDED, ABORTED,
        Left.UNSEEN, RecordKind.AUDIT, places=ALL,
    )  # fmt: skip
    AFTER_AUDIT = PointTerms(
        Part.AUDIT, "after an audit record is delivered", IN_LOG, ABORTED,
        Left.OPEN, RecordKind.AUDIT, after=True, places=ALL,
    )  # fmt: skip
    BEFORE_CHANGELOG = PointTerms(
        Part.CHANGELOG, "before a vehicle's changelog record is handed over", HANDED, ABORTED,
        Left.UNSEEN, RecordKind.CHANGELOG, places=ALL,
    )  # fmt: skip
    AFTER_CHANGELOG = PointTerms(
        Part.CHANGELOG, "after a vehicle's changelog record is delivered", IN_LOG,
        f"{ABORTED}; a restore does not see the changelog records", Left.OPEN, RecordKind.CHANGELOG,
        after=True, places=ALL,
    )  # fmt: skip
    BEFORE_OUTBOX = PointTerms(
        Part.OUTBOX, "before a chunk of the outbox is handed over", HANDED, ABORTED,
        Left.UNSEEN, RecordKind.OUTBOX, places=ALL,
    )  # fmt: skip
    AFTER_OUTBOX = PointTerms(
        Part.OUTBOX, "after a chunk of the outbox is delivered; before the position record, when it is the last",
        IN_LOG, f"{ABORTED}; the outbox of the transaction before is sent again", Left.OPEN, RecordKind.OUTBOX,
        after=True, places=ALL,
    )  # fmt: skip
    BEFORE_COMMIT = PointTerms(
        Part.COMMIT, "after the position record, all is delivered; before the commit",
        "Kafka: the whole transaction, uncommitted. Table: as before", ABORTED, Left.OPEN,
    )  # fmt: skip
    WITHIN_COMMIT = PointTerms(
        Part.COMMIT, "the commit is asked for, no answer yet",
        "Kafka: the whole transaction, committed or not. Table: as before",
        "the fencing waits for the coordinator, which ends it one way; from then on as before or as after the commit",
        Left.EITHER,
    )  # fmt: skip
    AFTER_COMMIT = PointTerms(
        Part.COMMIT, "after the commit; before the local write",
        "Kafka: all of it, seen by all; no command. Table: behind its changelog",
        "the table catches up with the changelog, the outbox is sent, reading goes on behind the batch", Left.COMMITTED,
    )  # fmt: skip
    AFTER_LOCAL_WRITE = PointTerms(
        Part.COMMIT, "after the local write; before the first command",
        "Kafka: all of it, no command. Table: level with its changelog",
        "the outbox is sent, reading goes on behind the batch", Left.WRITTEN,
    )  # fmt: skip
    BEFORE_COMMAND = PointTerms(
        Part.COMMIT, "before a further command is handed over",
        "Kafka: all of it, at most the commands before this one. Table: level",
        "the whole outbox is sent again: same ids, same bytes; runners drop or answer repeats, the engine takes one "
        "reply", Left.WRITTEN, RecordKind.COMMAND, places=(BatchPlace.MIDDLE, BatchPlace.LAST),
    )  # fmt: skip
    AFTER_COMMAND = PointTerms(
        Part.COMMIT, "after a command is delivered; after the last one: before the positions in memory",
        "Kafka: all of it, the commands up to this one. Table: level",
        "the same: whatever was sent is sent again", Left.WRITTEN, RecordKind.COMMAND, after=True, places=ALL,
    )  # fmt: skip
    BEFORE_FENCE = PointTerms(
        Part.TAKE_OVER, "partitions assigned, tables open; before the former owner is fenced",
        "as the former owner left it, its transaction may be open", "the next start fences",
    )  # fmt: skip
    AFTER_FENCE = PointTerms(
        Part.TAKE_OVER, "the former owner is fenced; before the restore",
        "Kafka: no transaction open. Table: empty or old", "fenced again, which does no harm; restored",
    )  # fmt: skip
    IN_RESTORE = PointTerms(
        Part.TAKE_OVER, "after a batch of the changelog is written to the table",
        "Table: a shorter prefix of the changelog, and its offset; what was not flushed is gone",
        "the restore goes on from that offset", places=(BatchPlace.FIRST, BatchPlace.MIDDLE),
    )  # fmt: skip
    AFTER_RESTORE = PointTerms(
        Part.TAKE_OVER, "the tables are caught up; before positions and outbox are read",
        "Table: level, its offset at the changelog's end", "nothing to restore; goes on as below",
    )  # fmt: skip
    BEFORE_RESEND = PointTerms(
        Part.TAKE_OVER, "before the outbox is sent again", "Table: level, with the unsent outbox", "the outbox is sent",
    )  # fmt: skip
    AFTER_RESEND = PointTerms(
        Part.TAKE_OVER, "after a command of the outbox is delivered again",
        "Kafka: commands up to this one, repeated", "the whole outbox is sent once more: same ids, same bytes",
        kind=RecordKind.RESENT, after=True, places=ALL,
    )  # fmt: skip
    AFTER_ASSIGN = PointTerms(
        Part.TAKE_OVER, "partitions owned; before the first fetch", "as after a clean start", "the take-over again",
    )  # fmt: skip
    BEFORE_RELEASE = PointTerms(
        Part.REBALANCE, "a rebalance begins; transactions may be under way", "Kafka: open transactions, or none",
        "the new owners fence, restore and send the outbox, as after any crash",
    )  # fmt: skip
    AFTER_RELEASE = PointTerms(
        Part.REBALANCE, "transactions under way have ended; before the new assignment",
        "Kafka: no transaction open. Table: level", "the new owners restore, there is nothing to abort",
    )  # fmt: skip
    BEFORE_TICK = PointTerms(
        Part.TIMER, "a deadline is due; before its tick is handed over", "Table: the deadline. Kafka: no tick",
        "the deadlines are taken from the table again; those past are due at once", kind=RecordKind.TICK, places=ALL,
    )  # fmt: skip
    AFTER_TICK = PointTerms(
        Part.TIMER, "after a tick is delivered", "Kafka: the tick. Table: the deadline, as if it had not been sent",
        "the tick is applied; the same is sent again, finds the deadline gone and does nothing",
        kind=RecordKind.TICK, after=True, places=ALL,
    )  # fmt: skip
    BEFORE_HANDLING = PointTerms(
        Part.RUNNER, "a command is fetched; before its handler runs", FETCHED,
        "it is fetched and handled again", places=ALL,
    )  # fmt: skip
    BEFORE_REPLY = PointTerms(
        Part.RUNNER, "the handler has run; before the reply", f"{FETCHED}. The handler's effects are there",
        "it is handled again, under the same id: handlers key what they write by it", places=ALL,
    )  # fmt: skip
    AFTER_REPLY = PointTerms(
        Part.RUNNER, "the reply is delivered; before the offset is committed",
        "Kafka: the reply; the command's offset uncommitted",
        "it is handled again; the engine drops the second reply as stale", places=ALL,
    )  # fmt: skip
    AFTER_OFFSETS = PointTerms(
        Part.RUNNER, "after the offsets are committed",
        "Kafka: the replies, and the offsets up to the first command without one",
        "reading goes on at the committed offsets", places=ALL,
    )  # fmt: skip


class Crash(NamedTuple):
    """One crash: where, and at which record where that is asked."""

    point: CrashPoint
    place: BatchPlace | None

    def __str__(self) -> str:
        return self.point.name if self.place is None else f"{self.point.name} {self.place}"


def cases(part: Part) -> list[Crash]:
    """All crashes of a part, in order."""
    points = [point for point in CrashPoint if point.value.part is part]
    return [Crash(point, place) for point in points for place in point.value.places or (None,)]


def table() -> str:
    """The points as a Markdown table, one row each."""
    rows = ["| point | the process dies | record | on disk and in Kafka | recovery |", "|---|---|---|---|---|"]
    for point in CrashPoint:
        terms = point.value
        name = f"`{point.name.lower().replace('_', '-')}`"
        rows.append(f"| {name} | {terms.dies} | {', '.join(terms.places)} | {terms.there} | {terms.recovery} |")
    return "\n".join(rows) + "\n"
