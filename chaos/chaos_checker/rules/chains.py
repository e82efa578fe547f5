"""Chained trails: each record once, without holes or forks, and holding the hash of the one before it."""

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from hashlib import sha256
from itertools import pairwise
from typing import Any, Protocol, TypeVar

from chaos_checker.records import RecordPlace
from chaos_checker.violation import RuleViolation, violations_of

GENESIS = "0" * 64


class ChainLink(Protocol):
    """One record of a trail."""

    @property
    def place(self) -> RecordPlace:
        """Where it stands."""
        ...

    @property
    def seq(self) -> int:
        """0, 1, 2 … in its trail."""
        ...

    @property
    def prev_hash(self) -> str:
        """The hash of the record before."""
        ...

    @property
    def hash(self) -> str:
        """Of its content."""
        ...

    @property
    def where(self) -> str:
        """For a violation: the record's name and place."""
        ...


R = TypeVar("R")
L = TypeVar("L", bound=ChainLink)


def by_owner(records: Iterable[R], owner: Callable[[R], str]) -> dict[str, list[R]]:
    """Each owner's records, in the order of the topic."""
    trails: dict[str, list[R]] = {}
    for record in records:
        trails.setdefault(owner(record), []).append(record)
    return trails


def whole(kind: str, trails: Mapping[str, Sequence[L]], hash_of: Callable[[L], str]) -> list[RuleViolation]:
    """Every rule of this module; their names begin with ``kind``."""
    return [violation for records in trails.values() for violation in _whole(kind, records, hash_of)]


def _whole(kind: str, records: Sequence[L], hash_of: Callable[[L], str]) -> list[RuleViolation]:
    return [
        *violations_of(f"{kind}-once", _repeats(records)),
        *violations_of(f"{kind}-seq", _holes(records)),
        *violations_of(f"{kind}-chain", _breaks(records, hash_of)),
    ]


def _repeats(records: Sequence[ChainLink]) -> list[tuple[str, str]]:
    """No two records have the same ``seq``: the same twice, or a fork."""
    seen: dict[int, ChainLink] = {}
    violations = []
    for record in records:
        first = seen.get(record.seq)
        if first is None:
            seen[record.seq] = record
        else:
            kind = "twice" if first.hash == record.hash else "in two versions"
            violations.append((record.where, f"the record is there {kind}, first at {first.place}"))
    return violations


def _holes(records: Sequence[ChainLink]) -> list[tuple[str, str]]:
    """``seq`` counts 0, 1, 2 … in the order of the topic."""
    violations = [] if records[0].seq == 0 else [(records[0].where, "the trail does not begin with seq 0")]
    violations += [
        (after.where, f"seq {after.seq} follows {before.seq}")
        for before, after in pairwise(records)
        if after.seq != before.seq + 1
    ]
    return violations


def _breaks(records: Sequence[L], hash_of: Callable[[L], str]) -> list[tuple[str, str]]:
    """Each record's hash is that of its content, and the next record holds it."""
    expected, violations = GENESIS, []
    for record in records:
        if hash_of(record) != record.hash:
            violations.append((record.where, "its hash is not that of its content"))
        if record.prev_hash != expected:
            violations.append((record.where, "prev_hash is not the hash of the record before"))
        expected = record.hash
    return violations


def digest(content: Mapping[str, Any]) -> str:
    """SHA-256 over the canonical JSON (RFC 8785) of a record's content."""
    text = json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return sha256(text.encode()).hexdigest()
