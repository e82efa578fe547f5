"""The run over ingest files: ``ingest --dry-run`` in a sandbox; every row is a reading or a reject with its reason."""

import json
import resource
from pathlib import Path
from random import Random
from typing import Any

import msgspec

from fuzz_suite.findings import FindingsLog, ShardTally, WrongError
from fuzz_suite.ingest_files import GIANTS, ingest_case, write_giant
from fuzz_suite.sandbox import Invoked, Sandbox, judge, sandbox

SHARD = 500
GIANT_BYTES, SMALL_GIANT_BYTES = 100_000_000, 2_000_000
"""The first shard reads giants too, of these sizes; the small ones where the run is short."""
MEMORY_KB = 48 * 1024
"""By so much a giant may raise the process's peak."""
MAX_LINE = 262_144
NO_ROW = ("#", "//", "%", "[", "vehicle_id")
"""How a line may begin that is a comment, a heading, or the header again."""


class IngestCase(msgspec.Struct, frozen=True):
    """Files by name and a command line; or a giant, by its name, size and whether it is gzipped."""

    files: dict[str, bytes]
    words: tuple[str, ...]
    giant: tuple[str, int, bool] | None = None


def shard(seed: int, index: int, count: int) -> ShardTally:
    """One shard of a run."""
    rng, tally = Random(f"ingest/{seed}/{index}"), ShardTally()
    findings = FindingsLog("ingest", tally)
    with sandbox() as box:
        for _ in range(count):
            files, words = ingest_case(rng)
            case = IngestCase(files, tuple(words))
            with findings.watching(case):
                tally.counts[_ending(box, case, tally)] += 1
        if index == 0:
            size = GIANT_BYTES if count == SHARD else SMALL_GIANT_BYTES
            for name in GIANTS:
                for gzipped in (False, True):
                    giant = name, size, gzipped
                    with findings.watching(IngestCase({}, (), giant)):
                        tally.counts[f"giant.{_giant(box, *giant)}"] += 1
    return tally


def replay(case: bytes) -> str:
    """A saved case again."""
    given = msgspec.json.decode(case, type=IngestCase)
    with sandbox() as box:
        return _ending(box, given, ShardTally()) if given.giant is None else _giant(box, *given.giant)


def _ending(box: Sandbox, case: IngestCase, tally: ShardTally) -> str:
    box.fresh()
    for name, content in case.files.items():
        (box.home / name).write_bytes(content)
    invoked = box.invoke(list(case.words))
    judge(invoked)
    if invoked.code < 2 and "--guess" not in case.words:
        summary = _accounted(invoked)
        tally.counts.update({"rows": summary["rows"], "rows_rejected": summary["rejected"]})
        _judge_rejects(box.home / "rejects.ndjson", summary)
        if "--strict" not in case.words:
            _judge_rows(case, summary)
    return f"exit_{invoked.code}"


def _accounted(invoked: Invoked) -> dict[str, Any]:
    """The summary, whose rows are all sent, joined to another or rejected, as the exit code says."""
    summary: dict[str, Any] = json.loads(invoked.out)
    for counts in (summary, *summary["files"]):
        if (
            counts["rows"] != counts["sent"] + counts["joined"] + counts["rejected"]
            or counts["sent"] != counts["acknowledged"]
        ):
            raise WrongError("rows are not accounted for", repr(counts))
    if summary["complete"] != (summary["rejected"] == 0) or invoked.code != int(not summary["complete"]):
        raise WrongError("the exit code is not the summary's", repr(invoked)[:2_000])
    if any(not reject["reason"] for reject in summary["rejects"]):
        raise WrongError("a reject without a reason", repr(summary["rejects"]))
    return summary


def _judge_rejects(file: Path, summary: dict[str, Any]) -> None:
    if file.is_file():
        kept = [json.loads(line) for line in file.read_text(encoding="utf-8").split("\n") if line]
        if len(kept) != summary["rejected"]:
            raise WrongError("rejects are not all kept", f"{len(kept)} of {summary['rejected']}")


def _judge_rows(case: IngestCase, summary: dict[str, Any]) -> None:
    """As many rows as the file has lines, counted here, where lines are all there is to it: no quotes, no gzip."""
    for counts in summary["files"]:
        content = case.files[Path(counts["file"]).name].removeprefix(b"\xef\xbb\xbf")
        lines = [line.decode(errors="replace") for line in content.split(b"\n")]
        if b"\r" in content or b"\x00" in content:
            continue
        if content.startswith(b'{"vehicle_id"'):
            least = most = sum(bool(line.strip()) for line in lines)
        elif content.startswith(b"vehicle_id,timestamp") and b'"' not in content:
            behind = [line for line in lines[1:] if line.strip(", ") and line != lines[0]]
            most = len(behind)
            least = most - sum(line.lstrip().startswith(NO_ROW) for line in behind)
        else:
            continue
        if not least <= counts["rows"] <= most:
            raise WrongError("rows are lost or invented", f"{counts['rows']}, not {least} to {most}")


def _giant(box: Sandbox, name: str, size: int, gzipped: bool) -> str:  # noqa: FBT001 - as a finding has it
    """A file that is far too large ends soon enough, and is never held in memory."""
    box.fresh()
    write_giant(name, size, box.home / "giant", gzipped=gzipped)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    invoked = box.invoke(["ingest", "giant", "--vehicle-id", "v-1", "--dry-run", "--json"])
    more = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    judge(invoked)
    if invoked.code < 2:
        _accounted(invoked)
    if more > MEMORY_KB:
        raise WrongError("a giant is held in memory", f"{name}: {more} KB")
    return f"exit_{invoked.code}"
