"""`audit tail|export|verify`: the audit trail."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Literal, TextIO

import typer

from master_orchestrator.cli import completion
from master_orchestrator.cli.context import invocation
from master_orchestrator.cli.output import JsonOption, answer, harmless_json, harmless_text
from master_orchestrator.exit_codes import ExitCode

WorkflowOption = Annotated[
    str | None,
    typer.Option(help="Only this workflow's records.", show_default=False, autocompletion=completion.workflow_ids),
]


def register(app: typer.Typer) -> None:
    """Add the group to the command line."""
    group = typer.Typer(no_args_is_help=True, help="The audit trail: follow it, write it out, check it.")
    group.command(epilog="Example: master-orchestrator audit tail --workflow truck-7~0")(tail)
    group.command(epilog="Example: master-orchestrator audit export --format csv --output audit.csv")(export)
    group.command(epilog="Example: master-orchestrator audit verify --json")(verify)
    app.add_typer(group, name="audit", rich_help_panel="Workflows")


def tail(
    ctx: typer.Context,
    *,
    workflow: WorkflowOption = None,
    from_beginning: Annotated[bool, typer.Option("--from-beginning", help="Begin with the existing records.")] = False,
    limit: Annotated[int | None, typer.Option(min=1, help="Stop after N records.", show_default=False)] = None,
    json: JsonOption = False,
) -> None:
    """Show audit records as they come, one line each, until Ctrl-C; with --json one JSON object each."""
    from itertools import islice

    from master_orchestrator.readers.audit import follow_audit
    from master_orchestrator.readers.export import json_line, text_line

    call = invocation(ctx)
    records = follow_audit(call.reachable_kafka("AuditRecord"), call.topology, workflow, from_beginning=from_beginning)
    for record in islice(records, limit):
        typer.echo(harmless_json(json_line(record)) if json else harmless_text(text_line(record)))


def export(
    ctx: typer.Context,
    *,
    workflow: WorkflowOption = None,
    form: Annotated[
        Literal["ndjson", "exact", "csv"],
        typer.Option("--format", help="ndjson has everything; exact has details as the text that hashes are over."),
    ] = "ndjson",
    output: Annotated[Path | None, typer.Option(help="File to write; stdout by default.", show_default=False)] = None,
    json: JsonOption = False,
) -> None:
    """Write the audit trail out, as it is now; with --json and --output, answer with the counts.

    Exit code 0: all of it. 1: records that cannot be read were left out, each told on stderr; the others are written.
    """
    from master_orchestrator.cli.progress import reading
    from master_orchestrator.readers.audit import read_audit
    from master_orchestrator.readers.decoding import Unreadable
    from master_orchestrator.readers.export import WRITERS

    call = invocation(ctx)
    kafka = call.reachable_kafka("AuditRecord")
    unreadable = Unreadable()
    with reading("the audit trail") as progress, _opened(output) as stream:
        count = WRITERS[form](read_audit(kafka, call.topology, workflow, progress, unreadable), stream)
    if output is not None:
        missing = f" {unreadable.count} cannot be read and were left out." if unreadable.count else ""
        text = f"Wrote {count} records to {output}.{missing}"
        value = {"records": count, "left_out": unreadable.count, "output": str(output)}
        answer(value, lambda: text, as_json=json)
    if unreadable.count:
        raise typer.Exit(ExitCode.NO)


def verify(
    ctx: typer.Context,
    *,
    workflow: Annotated[
        str | None,
        typer.Option(help="Only this workflow.", show_default=False, autocompletion=completion.workflow_ids),
    ] = None,
    replay: Annotated[bool, typer.Option("--replay", hidden=True)] = False,  # noqa: ARG001  always done; scripts name it
    activity: Annotated[
        bool,
        typer.Option("--activity", help="Also: has each accepted reply a session, each agent's session a command?"),
    ] = False,
    json: JsonOption = False,
) -> None:
    """Check the audit trail against itself, statuses, the engine's table, and the inputs put through its rules again.

    Exit code 0: whole. 1: violated, by what is listed. 3: cannot be told, or nothing to verify: the inputs of some
    records are gone (retention), and what is listed was not checked against them.
    """
    import msgspec

    from master_orchestrator.cli.progress import reading
    from master_orchestrator.cli.tables import verdict_text
    from master_orchestrator.readers.audit_verdict import added
    from master_orchestrator.readers.verify_activity import verify_activity
    from master_orchestrator.readers.verify_topics import verify_topics

    call = invocation(ctx)
    kafka = call.reachable_kafka()
    with reading("the audit trail and the inputs") as progress:
        verdict = verify_topics(kafka, call.topology, progress, workflow)
        if activity:
            verdict = added([verdict, verify_activity(kafka, call.topology, progress, workflow)])
    value = {"outcome": verdict.outcome, **msgspec.to_builtins(verdict)}
    answer(value, lambda: verdict_text(verdict), as_json=json)
    if code := {"whole": ExitCode.DONE, "violated": ExitCode.NO}.get(verdict.outcome, ExitCode.INCONCLUSIVE):
        raise typer.Exit(code)


@contextmanager
def _opened(output: Path | None) -> Iterator[TextIO]:
    if output is None:
        yield sys.stdout
        return
    with output.open("w", encoding="utf-8", newline="") as stream:
        yield stream
