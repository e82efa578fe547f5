"""Which dead letters a `dlq` command is about: its options, and reading those that they name."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Annotated

import typer

from master_orchestrator.cli.context import UsageError, invocation, moment_before

if TYPE_CHECKING:
    from master_orchestrator.readers.dead_letters import DeadLetter, LetterId
    from master_orchestrator.readers.open_letters import LetterFilter, LetterListing

ReasonOption = Annotated[str | None, typer.Option(help="Only those with this reason.", show_default=False)]
TopicOption = Annotated[str | None, typer.Option(help="Only those that came from this topic.", show_default=False)]
VehicleOption = Annotated[str | None, typer.Option(help="Only those with this key.", show_default=False)]
OlderOption = Annotated[str | None, typer.Option(metavar="AGE", help="Only those older than this: 90s, 2h, 7d.")]
NewerOption = Annotated[str | None, typer.Option(metavar="AGE", help="Only those newer than this: 90s, 2h, 7d.")]
LimitOption = Annotated[int, typer.Option(min=1, max=100_000, help="At most N at a time.")]
IdsArgument = Annotated[list[str] | None, typer.Argument(metavar="[ID]...", help="PARTITION/OFFSET, from dlq list.")]
AllOption = Annotated[bool, typer.Option("--all", help="All of them; required without an ID or a filter.")]


def read_listing(
    ctx: typer.Context, chosen: LetterFilter, collect: Callable[[Iterator[DeadLetter]], LetterListing]
) -> LetterListing:
    """What ``collect`` makes of the open letters of interest."""
    from master_orchestrator.cli.progress import reading
    from master_orchestrator.readers.open_letters import open_letters

    call = invocation(ctx)
    kafka = call.reachable_kafka("dead letters")
    with call.on_record("read", "workflow", chosen.vehicle), reading("dead letters") as progress:
        return collect(open_letters(kafka, call.topology, chosen, progress))


def letter_filter(
    ids: list[str] | None,
    *,
    reason: str | None,
    topic: str | None,
    vehicle: str | None,
    older_than: str | None,
    newer_than: str | None,
) -> LetterFilter:
    """The filter that IDs and options name. Raises :class:`UsageError`."""
    from master_orchestrator.readers.open_letters import LetterFilter

    return LetterFilter(
        reason=reason,
        topic=topic,
        vehicle=vehicle,
        not_after_ms=moment_before(older_than, "--older-than"),
        not_before_ms=moment_before(newer_than, "--newer-than"),
        ids=frozenset(letter_id(letter) for letter in ids or ()),
    )


def letter_id(text: str) -> LetterId:
    """The id written as PARTITION/OFFSET. Raises :class:`UsageError`."""
    from master_orchestrator.readers.dead_letters import parse_letter_id

    try:
        return parse_letter_id(text)
    except ValueError as error:
        raise UsageError(str(error)) from None
