"""`dlq list|show|redrive|drop`: the dead letters."""

from __future__ import annotations

from typing import Annotated

import typer

from master_orchestrator.cli.context import invocation
from master_orchestrator.cli.dlq_choice import (
    LimitOption,
    NewerOption,
    OlderOption,
    ReasonOption,
    TopicOption,
    VehicleOption,
    letter_filter,
    letter_id,
    read_listing,
)
from master_orchestrator.cli.dlq_settle import drop, redrive
from master_orchestrator.cli.inspect import fail
from master_orchestrator.cli.output import JsonOption, answer


def register(app: typer.Typer) -> None:
    """Add the group to the command line."""
    group = typer.Typer(
        no_args_is_help=True, help="Dead letters, the records that could not be used: list, send again, drop."
    )
    group.command("list", epilog="Example: master-orchestrator dlq list --reason invalid --newer-than 1h")(list_letters)
    group.command(epilog="Example: master-orchestrator dlq show 2/117")(show)
    group.command(epilog="Example: master-orchestrator dlq redrive --vehicle truck-7 --yes")(redrive)
    group.command(epilog='Example: master-orchestrator dlq drop 2/117 --reason-text "test data" --yes')(drop)
    app.add_typer(group, name="dlq", rich_help_panel="Workflows")


def list_letters(
    ctx: typer.Context,
    *,
    reason: ReasonOption = None,
    topic: TopicOption = None,
    vehicle: VehicleOption = None,
    older_than: OlderOption = None,
    newer_than: NewerOption = None,
    limit: LimitOption = 50,
    json: JsonOption = False,
) -> None:
    """Count the open dead letters by reason and topic and by sender, and show the newest."""
    from master_orchestrator.cli.letters import count_lines, letter_line, listing_table, sender_lines
    from master_orchestrator.readers.open_letters import newest

    chosen = letter_filter(
        None, reason=reason, topic=topic, vehicle=vehicle, older_than=older_than, newer_than=newer_than
    )
    listing = read_listing(ctx, chosen, lambda letters: newest(letters, limit))
    rows = [letter_line(letter) for letter in listing.rows]
    value = {"open": listing.total, "counts": count_lines(listing), "senders": sender_lines(listing), "letters": rows}
    answer(value, lambda: listing_table(listing), as_json=json)


def show(
    ctx: typer.Context,
    letter: Annotated[str, typer.Argument(metavar="ID", help="PARTITION/OFFSET, from dlq list.")],
    *,
    json: JsonOption = False,
) -> None:
    """Show one dead letter: headers, value, and what was done about it; exit code 1 if there is none."""
    from master_orchestrator.cli.letters import letter_line, letter_text, marker_line, value_line
    from master_orchestrator.readers.dead_letters import headers_of, read_letter
    from master_orchestrator.readers.letter_value import letter_value
    from master_orchestrator.readers.open_letters import find_letter

    call = invocation(ctx)
    place = letter_id(letter)
    kafka = call.reachable_kafka("dead letters")
    with call.on_record("read", "workflow"):
        record, marker = find_letter(kafka, call.topology, place)
    if record is None:
        fail(f"no dead letter {place}: list them with 'master-orchestrator dlq list'")
    dead_letter = read_letter(record)
    headers = [(name, text.decode(errors="backslashreplace")) for name, text in headers_of(record)]
    value = letter_value(record.value() or b"", dead_letter.topic, call.topology)
    told = {
        **letter_line(dead_letter),
        "headers": headers,
        "value": value_line(value),
        "settled": marker_line(marker),
    }
    answer(told, lambda: letter_text(dead_letter, headers, value, marker), as_json=json)
