"""Recorded acts as a file: one JSON object per line, plain or gzip. What a line lacks is said with its number."""

import gzip
import zlib
from codecs import BOM_UTF8
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from io import BufferedReader
from pathlib import Path
from typing import Any, BinaryIO

import msgspec

from master_orchestrator.behaviour import Act
from master_orchestrator.errors import OrchestratorError
from master_orchestrator_schemas.vocabulary import ActError, ActorKind, ActOutcome

GZIP_MAGIC = b"\x1f\x8b"
MAX_LINE = 64 * 1024
MAX_TEXT = 256
MAX_ROWS = 2**63 - 1
REQUIRED = ("time", "agent", "action", "resource", "outcome")

OUTCOMES = {
    "success": (ActOutcome.SUCCESS, ActError.NONE),
    "ok": (ActOutcome.SUCCESS, ActError.NONE),
    "failure": (ActOutcome.FAILURE, ActError.OTHER),
    "failed": (ActOutcome.FAILURE, ActError.OTHER),
    "error": (ActOutcome.FAILURE, ActError.OTHER),
    "denied": (ActOutcome.DENIED, ActError.DENIED),
    "not_found": (ActOutcome.FAILURE, ActError.NOT_FOUND),
    "timeout": (ActOutcome.FAILURE, ActError.TIMEOUT),
    "unavailable": (ActOutcome.FAILURE, ActError.UNAVAILABLE),
}


class RecordedActsError(OrchestratorError):
    """A file of recorded acts, or a line of it, that cannot be read."""

    def __init__(self, path: Path, problem: str, line: int | None = None) -> None:
        super().__init__(f"{path}{f':{line}' if line is not None else ''}: {problem}")


class ActFile:
    """One file. ``skip_bad``: lines that cannot be read are counted in ``skipped`` and left out."""

    def __init__(self, path: Path, *, skip_bad: bool = False) -> None:
        self._path, self._skip_bad = path, skip_bad
        self.lines = self.skipped = 0
        self.first_skipped = ""

    def __iter__(self) -> Iterator[Act]:
        """The acts, in order.

        Raises RecordedActsError at a line that cannot be read, unless they are skipped, and where no line can be.
        """
        newest_ms = 0
        with self._opened() as stream:
            for number, text in enumerate(self._lines(stream), start=1):
                self.lines = number
                if not text.strip():
                    continue
                try:
                    act = parse_act(text.removeprefix(BOM_UTF8) if number == 1 else text)
                except _LineError as error:
                    self._refuse(number, str(error))
                    continue
                if act.at_ms < newest_ms:
                    self._refuse(number, "time goes back; sort the file by time")
                    continue
                newest_ms = act.at_ms
                yield act
        if not newest_ms:
            reason = f"has no line that can be read (first: {self.first_skipped})" if self.skipped else "is empty"
            raise RecordedActsError(self._path, f"{reason}; give one JSON object per line")

    def _lines(self, stream: BinaryIO) -> Iterator[bytes]:
        """Lines of at most ``MAX_LINE`` bytes; of a longer one so much that it is seen to be longer."""
        try:
            while text := stream.readline(MAX_LINE + 1):
                rest = text
                while len(text) > MAX_LINE and rest and not rest.endswith(b"\n"):
                    rest = stream.readline(MAX_LINE)
                yield text
        except (EOFError, gzip.BadGzipFile, zlib.error) as error:
            self._refuse(self.lines + 1, f"the gzip ends or breaks here ({error}); compress the file again")

    def _refuse(self, number: int, problem: str) -> None:
        if not self._skip_bad:
            raise RecordedActsError(self._path, problem, number)
        self.skipped += 1
        self.first_skipped = self.first_skipped or f"line {number}: {problem}"

    @contextmanager
    def _opened(self) -> Iterator[BinaryIO]:
        with self._path.open("rb") as plain:
            if plain.peek(2)[:2] != GZIP_MAGIC:  # and not read: a pipe cannot go back
                yield plain
                return
            with gzip.GzipFile(fileobj=plain) as stream:
                yield BufferedReader(stream)


class _LineError(OrchestratorError):
    """What is wrong with one line."""


def parse_act(text: bytes) -> Act:
    """The act of one line."""
    if len(text) > MAX_LINE:
        raise _LineError(f"is longer than {MAX_LINE:,} bytes; give one JSON object per line")
    try:
        value = msgspec.json.decode(text)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise _LineError(f"is not JSON ({error}); give one JSON object per line") from error
    if not isinstance(value, dict):
        raise _LineError("is not a JSON object; give one object per line")
    for key in REQUIRED:
        if value.get(key) in (None, ""):
            raise _LineError(f"has no {key!r}; the keys {', '.join(REQUIRED)} are needed")
    actor = _text(value, "agent")
    outcome, error_class = _outcome(value)
    return Act(
        at_ms=_time(value["time"]),
        actor=actor,
        action=_text(value, "action").lower(),
        resource=_text(value, "resource"),
        kind=_kind(value, actor),
        outcome=outcome,
        error=error_class,
        entity=_text(value, "entity"),
        rows=_whole(value, "rows") or 0,
        instance=_text(value, "instance"),
        version=_text(value, "version"),
        seq=_whole(value, "seq"),
        commands_known="command" in value,
        command=_text(value, "command") or None,
        command_entity=_text(value, "command_entity") or None,
    )


def _text(value: Mapping[str, Any], key: str) -> str:
    given = value.get(key)
    if given is None:
        return ""
    if not isinstance(given, str | int) or isinstance(given, bool) or len(text := str(given)) > MAX_TEXT:
        raise _LineError(f"{key!r} is not a text of at most {MAX_TEXT} characters")
    return text


def _whole(value: Mapping[str, Any], key: str) -> int | None:
    given = value.get(key)
    if given is None:
        return None
    if isinstance(given, float) and given.is_integer():
        given = int(given)
    if not isinstance(given, int) or isinstance(given, bool) or not 0 <= given <= MAX_ROWS:
        raise _LineError(f"{key!r} is not a whole number from 0 to 2**63 - 1")
    return given


def _time(given: object) -> int:
    try:
        if isinstance(given, str):
            return parse_time(given)
        if isinstance(given, int | float) and not isinstance(given, bool):
            return _plausible(int(given) if given >= 10**11 else int(given * 1000))
    except (ValueError, OverflowError):
        pass
    raise _LineError("'time' is not a time from 2000 to 9999; give ISO 8601, like 2026-03-01T08:00:00Z")


def parse_time(text: str) -> int:
    """Milliseconds of an ISO 8601 time; UTC where it names no zone. Raises ValueError."""
    at = datetime.fromisoformat(text)
    return _plausible(int((at if at.tzinfo else at.replace(tzinfo=UTC)).timestamp() * 1000))


def _plausible(at_ms: int) -> int:
    if not 946_684_800_000 <= at_ms <= 253_402_300_799_999:
        raise ValueError(at_ms)
    return at_ms


def _outcome(value: Mapping[str, Any]) -> tuple[ActOutcome, ActError]:
    word = _text(value, "outcome")
    if word.lower() not in OUTCOMES:
        raise _LineError(f"'outcome' {word!r} is not known; use one of {', '.join(OUTCOMES)}")
    outcome, error = OUTCOMES[word.lower()]
    given = _text(value, "error").upper()
    if outcome is ActOutcome.FAILURE and given:
        error = ActError.__members__.get(given, ActError.OTHER)
    return outcome, error


def _kind(value: Mapping[str, Any], actor: str) -> ActorKind:
    """The kind given, else that of the name's prefix. A kind that is not known is somebody outside: a client."""
    prefix, colon, _ = actor.partition(":")
    given = (_text(value, "kind") or (prefix if colon else ActorKind.AGENT)).upper()
    return ActorKind.__members__.get(given, ActorKind.CLIENT)
