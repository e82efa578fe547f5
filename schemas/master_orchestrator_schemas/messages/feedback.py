"""What senders are told of their mistakes, on the topic ``sender.feedback``."""

from typing import Annotated

import msgspec

MAX_MISTAKES = 16


class Mistake(msgspec.Struct, frozen=True, kw_only=True):
    """One kind of mistake of a sender, with its newest example.

    Args:
        code: a reason of ``reasons.py``, or ``left_out`` for a part of a record that was used without it.
        topic: where the records stand.
        name: of what was left out; None for a refused record.
        count: how many the engine has counted in this partition since it started.
        message: what was wrong with the example, for people.
        remedy: what to do about it.
        key: the example's key as text; its place is ``topic``, ``partition`` and ``offset``.
    """

    code: str
    topic: str
    name: str | None
    count: int
    first_at_ms: int
    newest_at_ms: int
    message: str
    remedy: str
    key: str
    partition: int
    offset: int


class SenderFeedback(msgspec.Struct, frozen=True, kw_only=True):
    """What a sender should correct; the newest record per ``sender`` and partition on a compacted topic.

    Args:
        sender: its ``ce_source`` header, else its ``client_id`` header, else ``unknown``.
        at_ms: the timestamp of the newest record that was wrong.
        mistakes: the newest kind first.
    """

    sender: str
    at_ms: int
    mistakes: Annotated[tuple[Mistake, ...], msgspec.Meta(max_length=MAX_MISTAKES)]
