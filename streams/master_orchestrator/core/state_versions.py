"""Older states made new, newer ones refused.

The version is the state's first field. It is raised with *every* change of what is stored, an appended field too: an
engine that does not know the field would drop it when it writes the state back, and nobody would notice. So a rolling
upgrade may bring a state to an engine that is too old for it; that one ends itself and says why.

To change the state: raise ``STATE_VERSION``, add the step from the version before to ``UPGRADES``, freeze the new
version (``tests/versions/freeze.py``). No step is ever taken away: states of vehicles that seldom report are old.
"""

from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from master_orchestrator.core.errors import ForeignStateError

STATE_VERSION = 14

Fields = list[Any]
"""A state's fields in their order; nested structs are such lists too."""

Upgrade = Callable[[Fields], Fields]


def _same(fields: Fields) -> Fields:
    return fields


TRACKERS, MEMORY = 2, 8
"""Places of ``trackers`` in the state, and of ``memory`` in those."""


def _memory_packed(fields: Fields) -> Fields:
    """The memory becomes bytes; its first two fields, when it is next looked at, follow it. A day keeps more values."""
    trackers = fields[TRACKERS]
    if len(trackers) > MEMORY:
        due_ms, wanted, from_ms, at_ms, keys, today, *rest = trackers[MEMORY]
        today = b"".join(today[start : start + 16] + bytes(16) for start in range(0, len(today), 16))
        packed = msgspec.msgpack.encode([from_ms, at_ms, keys, today, *rest])
        trackers = [*trackers[:MEMORY], packed, due_ms, wanted]
    return [*fields[:TRACKERS], trackers, *fields[TRACKERS + 1 :]]


UPGRADES: Mapping[int, Upgrade] = {**dict.fromkeys((1, 2, 3, 4, 5, 7, 8, 9, 10, 11, 12, 13), _same), 6: _memory_packed}
"""Version -> the pure step from it to the next. A step may leave out appended fields that have a default.

2: ``share``; 3: ``clock``, ``present``, speeds in ``Engine``; 4: the pace in ``Engine``; 5: ``revision`` and
``unweighed`` of a finding, and ``escalations``; 6: ``memory``, and ``crossing`` of a finding; 7: ``memory`` packed;
8: ``conversation``, ``chosen`` of the facts, ``opted_out``; 9: ``fell_through`` of an appointment;
10: ``campaigns`` of a workflow and of the vehicle; 11: ``service`` of both;
12: ``shared``; 13: ``heard_of`` of a conversation;
14: ``gateway``.
"""


def upgraded(fields: Fields, *, newest: int, upgrades: Mapping[int, Upgrade]) -> Fields:
    """A state of an older version as one of the ``newest``. Raises :class:`ForeignStateError` if there is no way."""
    version: int = fields[0]
    if version > newest:
        raise ForeignStateError.newer(version, newest)
    while version < newest:
        if version not in upgrades:
            raise ForeignStateError.older(version, newest)
        fields, version = upgrades[version](fields), version + 1
    return [newest, *fields[1:]]
