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
"""Files kept of one kind in one shard; all are counted."""


class Finding(msgspec.Struct, frozen=True):
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


class Tally(msgspec.Struct):
    """What became of the cases of a shard: how many ended how, findings by kind, and where they are."""

    counts: Counter[str] = msgspec.field(default_factory=Counter)
    findings: Counter[str] = msgspec.field(default_factory=Counter)
    files: list[str] = msgspec.field(default_factory=list)

    def add(self, other: "Tally") -> None:
        """Take in another shard's."""
        self.counts += other.counts
        self.findings += other.findings
        self.files += other.files


class Findings:
    """Saves findings of one target in a folder, and counts them."""

    def __init__(self, target: str, folder: Path, tally: Tally) -> None:
        self._target, self._folder, self._tally = target, folder, tally

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
        self.save(kind, "".join(traceback.format_exception(error)), case)

    def save(self, kind: str, text: str, case: msgspec.Struct) -> None:
        """Count a finding, and keep the first ones of its kind."""
        self._tally.findings[kind] += 1
        if self._tally.findings[kind] > KEPT_PER_KIND:
            return
        finding = Finding(self._target, kind, text[-20_000:], msgspec.Raw(msgspec.json.encode(case)))
        content = msgspec.json.encode(finding)
        self._folder.mkdir(parents=True, exist_ok=True)
        file = self._folder / f"{self._target}-{sha256(content).hexdigest()[:12]}.json"
        file.write_bytes(content)
        self._tally.files.append(str(file))


def kind_of(error: BaseException) -> str:
    """Type and place of an error, the same for every case that runs into it."""
    frames = traceback.extract_tb(error.__traceback__)
    place = f"{Path(frames[-1].filename).name}:{frames[-1].name}" if frames else "nowhere"
    return f"{type(error).__name__} in {place}"


def load(file: Path) -> Finding:
    """A saved finding. Raises ``OSError``, ``msgspec.DecodeError``."""
    return msgspec.json.decode(file.read_bytes(), type=Finding)
