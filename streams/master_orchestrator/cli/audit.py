"""`audit tail|export|verify`: the audit trail."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, TextIO

import typer

from master_orchestrator.cli import completion
from master_orchestrator.cli.context import Invocation, invocation
from master_orchestrator.cli.output import JsonOption, answer, harmless_json, harmless_text
from master_orchestrator.exit_codes import ExitCode

if TYPE_CHECKING:
    from master_orchestrator.readers.decoding import OnUnreadable
    from master_orchestrator.readers.topics import OnProgress
    from master_orchestrator_agents.guard import Access
    from master_orchestrator_schemas.kafka import KafkaSettings
    from master_orchestrator_schemas.topology import Topology

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
    kafka = call.reachable_kafka("AuditRecord")
    with _on_record(call, workflow):
        for record in islice(follow_audit(kafka, call.topology, workflow, from_beginning=from_beginning), limit):
            typer.echo(harmless_json(json_line(record)) if json else harmless_text(text_line(record)))


def export(
    ctx: typer.Context,
    *,
    workflow: WorkflowOption = None,
    form: Annotated[
        Literal["ndjson", "exact", "csv", "ocsf"],
        typer.Option(
            "--format",
            help="ndjson has everything; exact has details as the text that hashes are over; ocsf: what actors did, "
            "and what was found of it, as events of OCSF 1.9.",
        ),
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
    from master_orchestrator.readers.export import WRITERS, write_events

    call = invocation(ctx)
    kafka = call.reachable_kafka("AuditRecord")
    unreadable = Unreadable()
    with _on_record(call, workflow) as access, reading("the audit trail") as progress, _opened(output) as stream:
        if form == "ocsf":
            count = write_events(_security_events(kafka, call.topology, workflow, progress, unreadable), stream)
        else:
            count = WRITERS[form](read_audit(kafka, call.topology, workflow, progress, unreadable), stream)
        access.rows = count
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
    from master_orchestrator.readers.adding import added
    from master_orchestrator.readers.verify_activity import verify_activity
    from master_orchestrator.readers.verify_topics import verify_topics

    call = invocation(ctx)
    kafka = call.reachable_kafka()
    with _on_record(call, workflow), reading("the audit trail and the inputs") as progress:
        verdict = verify_topics(kafka, call.topology, progress, workflow)
        if activity:
            verdict = added([verdict, verify_activity(kafka, call.topology, progress, workflow)])
    value = {"outcome": verdict.outcome, **msgspec.to_builtins(verdict)}
    answer(value, lambda: verdict_text(verdict), as_json=json)
    if code := {"whole": ExitCode.DONE, "violated": ExitCode.NO}.get(verdict.outcome, ExitCode.INCONCLUSIVE):
        raise typer.Exit(code)


def _security_events(
    kafka: KafkaSettings,
    topology: Topology,
    workflow: str | None,
    progress: OnProgress | None,
    unreadable: OnUnreadable,
) -> Iterator[dict[str, Any]]:
    """What was done, of one workflow or of all; of all, also what was found."""
    from master_orchestrator.readers.activity import read_activity
    from master_orchestrator.readers.actors import read_actor_trails
    from master_orchestrator.readers.ocsf import FindingEvents, activity_events

    for at_ms, activity in read_activity(kafka, topology, progress, unreadable):
        if workflow in {None, activity.workflow_id}:
            yield from activity_events(activity, at_ms)
    if workflow is None:
        events = FindingEvents()
        found = map(events.of, read_actor_trails(kafka, topology, progress, unreadable))
        yield from (event for event in found if event is not None)


def _on_record(call: Invocation, workflow: str | None) -> AbstractContextManager[Access]:
    """Who looks at the audit trail is part of the trail; it is on record before the reading begins."""
    from master_orchestrator.readers.topics import vehicle_of

    return call.on_record("read", "audit_log", None if workflow is None else vehicle_of(workflow))


@contextmanager
def _opened(output: Path | None) -> Iterator[TextIO]:
    if output is None:
        yield sys.stdout
        return
    with output.open("w", encoding="utf-8", newline="") as stream:
        yield stream
