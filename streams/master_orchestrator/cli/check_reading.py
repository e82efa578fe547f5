"""`check-reading`: what the engine would make of readings, told to the developer of a gateway."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from master_orchestrator.cli.context import invocation
from master_orchestrator.cli.output import harmless_json, harmless_text

if TYPE_CHECKING:
    from master_orchestrator.readers.reading_check import Checked

PANEL = "Load"
STDIN = "-"
SEE_MESSAGE = "the message"
"""A remedy that begins so only repeats what the message says."""

MAX_BYTES = 64 * 1024 * 1024
"""Of the input: what does not fit is for `ingest --dry-run`."""


def register(app: typer.Typer) -> None:
    """Add the command to the command line."""
    app.command("check-reading", rich_help_panel=PANEL, epilog=EXAMPLE)(check_reading)


EXAMPLE = (
    'Example: echo \'{"vehicle_id": "v-1", "timestamp": "2026-01-31T12:00:00Z"}\' | master-orchestrator check-reading -'
)


def check_reading(
    ctx: typer.Context,
    file: Annotated[str, typer.Argument(metavar="FILE|-", help="A JSON reading per line, or one record; -: stdin.")],
    *,
    key: Annotated[
        str | None,
        typer.Option(help="Key that the gateway would send; its partition is shown. (default: the vehicle id)"),
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="One JSON object per reading.")] = False,
) -> None:
    """Say what the engine would make of readings, one by one, without Kafka; exit code 1 if one would be refused."""
    import msgspec

    from master_orchestrator.readers.reading_check import ReadingCheck

    check = ReadingCheck(invocation(ctx).topology)
    refused = False
    for number, value in records_of(_content(file)):
        at_ms = time.time_ns() // 1_000_000
        checked = check.take(value, None if key is None else key.encode(), at_ms, number)
        refused |= checked.verdict == "refused"
        typer.echo(harmless_json(msgspec.json.encode(checked).decode()) if json else harmless_text(sentence(checked)))
    if refused:
        raise typer.Exit(1)


def records_of(content: bytes) -> Iterator[tuple[int, bytes]]:
    """The records of a file with their lines: each line, or the whole where only that is one (indented JSON, Avro)."""
    if not _is_lines(content):
        yield 1, content
        return
    for number, line in enumerate(content.splitlines(), 1):
        if line.strip():
            yield number, line


def sentence(checked: Checked) -> str:
    """The answer as one line."""
    return f"{checked.record}: {'; '.join(_parts(checked))}"


def _parts(checked: Checked) -> Iterator[str]:
    if checked.verdict == "refused":
        yield f"refused, {checked.reason}: {checked.message}"
        if checked.remedy and not checked.remedy.startswith(SEE_MESSAGE):
            yield f"remedy: {checked.remedy}"
    else:
        yield _verdict(checked)
        understood = [*checked.signals, *checked.codes]
        yield f"understood: {', '.join(understood) or 'no signal'}"
    if checked.extras:
        yield f"kept in extras: {', '.join(checked.extras)}"
    for item in checked.left_out:
        yield f"left out: {item.name}: {item.problem}"
    if checked.partition is not None:
        yield f"partition {checked.partition}"


def _verdict(checked: Checked) -> str:
    match checked.verdict:
        case "opens":
            why = ", ".join(checked.findings) or "a check was asked for"
            return f"opens {checked.workflow_id} as {checked.priority} ({why})"
        case "joins":
            return f"joins {checked.workflow_id}, {checked.priority}"
        case "ignored":
            return "ignored: late, or a repeat of a reading before it"
    if checked.suspected:
        return f"used; opens nothing yet: {', '.join(checked.suspected)} must last longer"
    return "used; opens nothing: no rule is met"


def _is_lines(content: bytes) -> bool:
    """Whether each line is a record of its own: one of several looks like a JSON object, and the whole is not JSON."""
    import msgspec

    lines = [line.strip() for line in content.splitlines()]
    if len(lines) < 2 or not any(line.startswith(b"{") and line.endswith(b"}") for line in lines):
        return False
    try:
        msgspec.json.decode(content)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return True
    return False


def _content(file: str) -> bytes:
    if file == STDIN:
        return sys.stdin.buffer.read(MAX_BYTES)
    with Path(file).open("rb") as stream:
        return stream.read(MAX_BYTES)
