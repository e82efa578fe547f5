"""Findings: what a case did that nothing may do, saved so that it can be replayed."""

import traceback
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path

import msgspec

from fuzz_suite.watchdog import HangError

KEPT_PER_KIND = 3
"""Findings kept of one kind, in one shard and in the end; all are counted."""

MAX_TEXT = 20_000


class FuzzFinding(msgspec.Struct, frozen=True):
    """One finding.

    ``kind`` tells equal ones: what went wrong and where. ``case``: the target's own description of its input, bytes
    included, enough to run it again.
    """

    target: str
    kind: str
    text: str
    case: msgspec.Raw


class WrongError(Exception):
    """A case was not handled as everything has to be; ``kind`` in a few words, without figures."""

    def __init__(self, kind: str, text: str = "") -> None:
        super().__init__(f"{kind}: {text}" if text else kind)
        self.kind = kind


class ShardTally(msgspec.Struct):
    """What became of the cases of a shard: how many ended how, findings by kind, and the first ones of each kind."""

    counts: Counter[str] = msgspec.field(default_factory=Counter)
    findings: Counter[str] = msgspec.field(default_factory=Counter)
    kept: list[FuzzFinding] = msgspec.field(default_factory=list)

    def add(self, other: "ShardTally") -> None:
        """Take in another shard's."""
        self.counts += other.counts
        self.findings += other.findings
        for finding in other.kept:
            self.keep(finding)

    def keep(self, finding: FuzzFinding) -> None:
        """Keep it, unless there are enough of its kind."""
        if sum(kept.kind == finding.kind for kept in self.kept) < KEPT_PER_KIND:
            self.kept.append(finding)


class FindingsLog:
    """Takes down the findings of one target."""

    def __init__(self, target: str, tally: ShardTally) -> None:
        self._target, self._tally = target, tally

    @contextmanager
    def watching(self, case: msgspec.Struct) -> Iterator[None]:
        """Whatever the block raises is a finding about ``case``."""
        try:
            yield
        except (Exception, HangError) as error:  # noqa: BLE001 - to find just these is what this is for
            self.raised(error, case)

    def raised(self, error: BaseException, case: msgspec.Struct) -> None:
        """An error that nothing may raise."""
        kind = error.kind if isinstance(error, WrongError) else kind_of(error)
        text = "".join(traceback.format_exception(error))[-MAX_TEXT:]
        self._tally.findings[kind] += 1
        self._tally.keep(FuzzFinding(self._target, kind, text, msgspec.Raw(msgspec.json.encode(case))))


def kind_of(error: BaseException) -> str:
    """Type and place of an error, the same for every case that runs into it."""
    frames = traceback.extract_tb(error.__traceback__)
    place = f"{Path(frames[-1].filename).name}:{frames[-1].name}" if frames else "nowhere"
    return f"{type(error).__name__} in {place}"


def save(finding: FuzzFinding, folder: Path) -> Path:
    """Write a finding into a file of its own."""
    content = msgspec.json.encode(finding)
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / f"{finding.target}-{sha256(content).hexdigest()[:12]}.json"
    file.write_bytes(content)
    return file


def load(file: Path) -> FuzzFinding:
    """A saved finding. Raises ``OSError``, ``msgspec.DecodeError``."""
    return msgspec.json.decode(file.read_bytes(), type=FuzzFinding)
