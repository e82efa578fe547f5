"""`dlq list|show|redrive|drop`: the dead letters."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Set
from typing import TYPE_CHECKING, Annotated, Any

import typer

from master_orchestrator.cli.context import UsageError, invocation, moment_before
from master_orchestrator.cli.inspect import OperatorOption, fail
from master_orchestrator.cli.output import JsonOption, answer
from master_orchestrator.exit_codes import ExitCode

if TYPE_CHECKING:
    from master_orchestrator.client.redriving import Settlement
    from master_orchestrator.readers.dead_letters import DeadLetter, LetterId
    from master_orchestrator.readers.open_letters import LetterFilter, Listing

ReasonOption = Annotated[str | None, typer.Option(help="Only those with this reason.", show_default=False)]
TopicOption = Annotated[str | None, typer.Option(help="Only those that came from this topic.", show_default=False)]
VehicleOption = Annotated[str | None, typer.Option(help="Only those with this key.", show_default=False)]
OlderOption = Annotated[
    str | None, typer.Option(metavar="AGE", help="Only those that have lain longer than this: 90s, 2h, 7d.")
]
NewerOption = Annotated[str | None, typer.Option(metavar="AGE", help="Only those that came within this time.")]
LimitOption = Annotated[int, typer.Option(min=1, max=100_000, help="At most N at a time.")]
IdsArgument = Annotated[list[str] | None, typer.Argument(metavar="[ID]...", help="PARTITION/OFFSET, from dlq list.")]
AllOption = Annotated[bool, typer.Option("--all", help="Where neither an ID nor a filter is given: all of them.")]
YesOption = Annotated[bool, typer.Option("--yes", help="Do it; without it, only show what would be done.")]


def register(app: typer.Typer) -> None:
    """Add the group to the command line."""
    group = typer.Typer(no_args_is_help=True, help="Dead letters: what could not be used. See them, mend, or let go.")
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

    wanted = _filter(None, reason=reason, topic=topic, vehicle=vehicle, older_than=older_than, newer_than=newer_than)
    listing = _read(ctx, wanted, lambda letters: newest(letters, limit))
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
    from master_orchestrator.cli.letters import letter_line, letter_text, marker_line
    from master_orchestrator.readers.dead_letters import headers_of, read_letter
    from master_orchestrator.readers.letter_value import letter_value
    from master_orchestrator.readers.open_letters import find_letter

    asked = invocation(ctx)
    place = _id(letter)
    record, marker = find_letter(asked.reachable_kafka("dead letters"), asked.topology, place)
    if record is None:
        fail(f"no dead letter {place}: list them with 'master-orchestrator dlq list'")
    found = read_letter(record)
    headers = [(name, text.decode(errors="backslashreplace")) for name, text in headers_of(record)]
    value = letter_value(record.value() or b"", found.topic, asked.topology)
    told = {
        **letter_line(found),
        "headers": headers,
        "value": {"form": value.form, "content": value.content},
        "settled": marker_line(marker),
    }
    answer(told, lambda: letter_text(found, headers, value, marker), as_json=json)


def redrive(
    ctx: typer.Context,
    letters: IdsArgument = None,
    *,
    reason: ReasonOption = None,
    topic: TopicOption = None,
    vehicle: VehicleOption = None,
    older_than: OlderOption = None,
    newer_than: NewerOption = None,
    everything: AllOption = False,
    limit: LimitOption = 50,
    operator: OperatorOption = None,
    yes: YesOption = False,
    json: JsonOption = False,
) -> None:
    """Send dead letters again to the topic they came from, oldest first, each once; exit code 1 if an ID cannot be."""
    from master_orchestrator.client.redriving import Settlement, objection

    wanted = _filter(letters, reason=reason, topic=topic, vehicle=vehicle, older_than=older_than, newer_than=newer_than)
    topology = invocation(ctx).topology
    refused: dict[LetterId, str] = {}

    def sendable(found: DeadLetter) -> bool:
        why = objection(found, topology)
        if why is not None and len(refused) < max(limit, len(wanted.ids)):
            refused[found.id] = why
        return why is None

    listing = _chosen(ctx, wanted, limit, everything=everything, takes=sendable)
    _settle(ctx, wanted, listing, refused, Settlement.by(operator, "redriven"), yes=yes, as_json=json)


def drop(
    ctx: typer.Context,
    letters: IdsArgument = None,
    *,
    reason_text: Annotated[str, typer.Option(help="Why they may go, for the record.", show_default=False)],
    reason: ReasonOption = None,
    topic: TopicOption = None,
    vehicle: VehicleOption = None,
    older_than: OlderOption = None,
    newer_than: NewerOption = None,
    everything: AllOption = False,
    limit: LimitOption = 50,
    operator: OperatorOption = None,
    yes: YesOption = False,
    json: JsonOption = False,
) -> None:
    """Let dead letters be: they are listed no more, and nothing is sent; exit code 1 if an ID cannot be."""
    from master_orchestrator.client.redriving import Settlement

    wanted = _filter(letters, reason=reason, topic=topic, vehicle=vehicle, older_than=older_than, newer_than=newer_than)
    listing = _chosen(ctx, wanted, limit, everything=everything, takes=lambda _: True)
    _settle(ctx, wanted, listing, {}, Settlement.by(operator, "dropped", reason_text), yes=yes, as_json=json)


def _settle(
    ctx: typer.Context,
    wanted: LetterFilter,
    listing: Listing,
    refused: dict[LetterId, str],
    settlement: Settlement,
    *,
    yes: bool,
    as_json: bool,
) -> None:
    """Show what would be done; with ``yes`` do it, and tell what was."""
    from master_orchestrator.cli.letters import Plan, plan_text, plan_value
    from master_orchestrator.client.redriving import settle

    asked = invocation(ctx)
    going = [letter.id for letter in listing.rows]
    refused = {**refused, **_missing(ctx, wanted.ids - refused.keys() - set(going))}
    plan = Plan(settlement, listing, refused)
    if not as_json:
        answer(None, lambda: plan_text(plan, yes=yes), as_json=False)
    done: list[dict[str, Any]] = []
    if yes and going:
        for letter, cause in settle(asked.kafka, asked.topology, going, settlement):
            place = str(cause) if cause else None
            done.append({"id": str(letter), "redriven_to": place})
    if yes or as_json:
        text = f"{settlement.done}: {len(done)} of {len(going)}."
        answer({**plan_value(plan), "acted": yes, "done": done}, lambda: text, as_json=as_json)
    if wanted.ids and refused:
        raise typer.Exit(ExitCode.NO)


def _missing(ctx: typer.Context, letters: Set[LetterId]) -> dict[LetterId, str]:
    """Why letters that were asked for by id are not among the open ones."""
    from master_orchestrator.readers.open_letters import find_letter

    asked = invocation(ctx)
    why: dict[LetterId, str] = {}
    for letter in sorted(letters):
        record, marker = find_letter(asked.kafka, asked.topology, letter)
        if marker is not None:
            why[letter] = f"{marker.done} by {marker.operator} at {marker.at}"
        else:
            why[letter] = "there is no such dead letter" if record is None else "the filters given do not take it"
    return why


def _chosen(
    ctx: typer.Context, wanted: LetterFilter, limit: int, *, everything: bool, takes: Callable[[DeadLetter], bool]
) -> Listing:
    """The oldest that ``takes`` takes; those it does not take do not count."""
    from master_orchestrator.readers.open_letters import LetterFilter, oldest

    if wanted == LetterFilter() and not everything:
        raise UsageError("say which dead letters: IDs, a filter such as --reason, or --all")
    return _read(ctx, wanted, lambda letters: oldest(filter(takes, letters), max(limit, len(wanted.ids))))


def _read(ctx: typer.Context, wanted: LetterFilter, fold: Callable[[Iterator[DeadLetter]], Listing]) -> Listing:
    from master_orchestrator.cli.progress import reading
    from master_orchestrator.readers.open_letters import open_letters

    asked = invocation(ctx)
    kafka = asked.reachable_kafka("dead letters")
    with reading("dead letters") as progress:
        return fold(open_letters(kafka, asked.topology, wanted, progress))


def _filter(
    ids: list[str] | None,
    *,
    reason: str | None,
    topic: str | None,
    vehicle: str | None,
    older_than: str | None,
    newer_than: str | None,
) -> LetterFilter:
    from master_orchestrator.readers.open_letters import LetterFilter

    return LetterFilter(
        reason=reason,
        topic=topic,
        vehicle=vehicle,
        not_after_ms=moment_before(older_than, "--older-than"),
        not_before_ms=moment_before(newer_than, "--newer-than"),
        ids=frozenset(_id(letter) for letter in ids or ()),
    )


def _id(text: str) -> LetterId:
    from master_orchestrator.readers.dead_letters import parse_letter_id

    try:
        return parse_letter_id(text)
    except ValueError as error:
        raise UsageError(str(error)) from None
