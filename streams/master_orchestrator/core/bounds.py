"""What keeps a vehicle's state under 4 KB: limits of every collection and text in it.

The audit trail holds what agents and workshops said in full; the state holds what the next task needs.
"""

from collections.abc import Iterable
from typing import Any

import msgspec

MAX_FINDINGS = 8
MAX_COOLDOWNS = 8
MAX_HISTORY = 64
"""The contract's bound of ``Status.history``."""
MAX_SERVICE_EVENTS = 8
MAX_ANSWERS = 8
"""Answers of one conversation that are remembered; an older one that is repeated counts again."""
MAX_TRIED = 16
MAX_PARTS = 4
MAX_CAMPAIGNS = 3
"""Campaigns of one workflow, those that wait for its end too."""
MAX_KNOWN_CAMPAIGNS = 32
"""Campaigns that a vehicle is known to take part in, or to have taken part in; of more, the newest."""
MAX_SIDE_CAUSES = 2

ANOMALY_BYTES = 480
CAUSE_BYTES = 360
OPERATION_BYTES = 240

CHANNEL_BYTES = 12
RULE_BYTES = 40
WORD_BYTES = 40
PART_BYTES = 24
ID_BYTES = 100
TEXT_BYTES = 100
CONFIRMED_BYTES = 160
"""Of what a technician writes: a clause that says what was whole must not lose the one that says what was not."""
TITLE_BYTES = 80
TRACEPARENT_BYTES = 64

_encoder = msgspec.msgpack.Encoder()


def clip(text: str, size: int) -> str:
    """``text``, cut to at most ``size`` bytes of UTF-8."""
    if len(text) * 4 <= size or len(encoded := text.encode("utf-8", "replace")) <= size:
        return text
    return encoded[:size].decode("utf-8", "ignore")


def clip_optional(text: str | None, size: int) -> str | None:
    """:func:`clip`, and None stays None."""
    return None if text is None else clip(text, size)


def fit(facts: Iterable[dict[str, Any]], size: int) -> tuple[dict[str, Any], ...]:
    """The first facts that together take at most ``size`` bytes as MessagePack; the rest is left out."""
    kept: list[dict[str, Any]] = []
    room = size
    for fact in facts:
        room -= len(_encoder.encode(fact))
        if room < 0:
            break
        kept.append(fact)
    return tuple(kept)
