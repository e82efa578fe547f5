"""`dlq redrive` and `dlq drop`: a preview, or with `--yes` the deed."""

from __future__ import annotations

from collections.abc import Callable, Set
from dataclasses import replace
from typing import TYPE_CHECKING, Annotated, Any

import typer

from master_orchestrator.cli.context import UsageError, invocation
from master_orchestrator.cli.dlq_choice import (
    AllOption,
    IdsArgument,
    LimitOption,
    NewerOption,
    OlderOption,
    ReasonOption,
    TopicOption,
    VehicleOption,
    letter_filter,
    read_listing,
)
from master_orchestrator.cli.operate import OperatorOption, YesOption
from master_orchestrator.cli.output import JsonOption, answer
from master_orchestrator.exit_codes import ExitCode

if TYPE_CHECKING:
    from master_orchestrator.cli.letters import SettlementPlan
    from master_orchestrator.readers.dead_letters import DeadLetter, LetterId
    from master_orchestrator.readers.letter_value import LetterValue
    from master_orchestrator.readers.open_letters import LetterFilter, LetterListing

MAX_SHOWN_BYTES = 8 * 1024 * 1024
"""Of all values in a preview; `dlq show` has those beyond."""

UnverifiedOption = Annotated[
    bool, typer.Option("--unverified", help="Also send letters whose original record is gone and cannot be compared.")
]


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
    unverified: UnverifiedOption = False,
    operator: OperatorOption = None,
    yes: YesOption = False,
    json: JsonOption = False,
) -> None:
    """Send dead letters again to the topic they came from, oldest first, each once.

    A letter is compared with the record where it says it came from. Exit code 1: one is not that record, or cannot be
    compared, or an ID given cannot be sent again.
    """
    from master_orchestrator.cli.letters import SettlementPlan
    from master_orchestrator.client.redriving import Settlement, objection

    filters = letter_filter(
        letters, reason=reason, topic=topic, vehicle=vehicle, older_than=older_than, newer_than=newer_than
    )
    topology = invocation(ctx).topology
    refused: dict[LetterId, str] = {}

    def sendable(letter: DeadLetter) -> bool:
        why = objection(letter, topology)
        if why is not None and len(refused) < max(limit, len(filters.ids)):
            refused[letter.id] = why
        return why is None

    listing = _chosen(ctx, filters, limit, everything=everything, takes=sendable)
    rows, values, distrusted = _examined(ctx, listing.rows, unverified=unverified)
    beyond = listing.total - len(listing.rows)
    plan = SettlementPlan(Settlement.by(operator, "redriven"), rows, {**refused, **distrusted}, beyond, values)
    _settle(ctx, filters, plan, yes=yes, as_json=json)
    if distrusted:
        raise typer.Exit(ExitCode.NO)


def drop(
    ctx: typer.Context,
    letters: IdsArgument = None,
    *,
    reason_text: Annotated[str, typer.Option(help="Reason, for the record.", show_default=False)],
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
    """Drop dead letters: they are no longer listed, and nothing is sent; exit code 1 if an ID cannot be."""
    from master_orchestrator.cli.letters import SettlementPlan
    from master_orchestrator.client.redriving import Settlement

    filters = letter_filter(
        letters, reason=reason, topic=topic, vehicle=vehicle, older_than=older_than, newer_than=newer_than
    )
    listing = _chosen(ctx, filters, limit, everything=everything, takes=lambda _: True)
    beyond = listing.total - len(listing.rows)
    plan = SettlementPlan(Settlement.by(operator, "dropped", reason_text), listing.rows, {}, beyond)
    _settle(ctx, filters, plan, yes=yes, as_json=json)


def _examined(
    ctx: typer.Context, chosen: list[DeadLetter], *, unverified: bool
) -> tuple[list[DeadLetter], dict[LetterId, LetterValue], dict[LetterId, str]]:
    """The letters to send again, with the values that are shown, and why the others are not trusted."""
    from master_orchestrator.cli.progress import reading
    from master_orchestrator.readers.letter_origin import PlaceReader, examine
    from master_orchestrator.readers.letter_value import letter_value

    call = invocation(ctx)
    rows, values, distrusted, room = [], {}, {}, MAX_SHOWN_BYTES
    with PlaceReader(call.kafka) as places, reading("where they come from") as progress:
        examined = examine(chosen, call.topology.dead_letter_topic, places.at)
        for passed, (letter, value, (why, told)) in enumerate(examined, 1):
            if progress is not None:
                progress(passed, len(chosen))
            if why is not None and (told or not unverified):
                distrusted[letter.id] = why if told else f"{why}: look at it with 'dlq show', then give --unverified"
                continue
            rows.append(letter)
            room -= len(value)
            if room >= 0:
                values[letter.id] = letter_value(value, letter.topic, call.topology)
    return rows, values, distrusted


def _settle(ctx: typer.Context, filters: LetterFilter, plan: SettlementPlan, *, yes: bool, as_json: bool) -> None:
    """Show what would be done; with ``yes`` do it, and tell what was."""
    from master_orchestrator.cli.letters import plan_text, plan_value
    from master_orchestrator.client.redriving import settle

    call = invocation(ctx)
    going = [letter.id for letter in plan.rows]
    plan = replace(plan, refused={**plan.refused, **_missing(ctx, filters.ids - plan.refused.keys() - set(going))})
    if not as_json:
        answer(None, lambda: plan_text(plan, yes=yes), as_json=False)
    done: list[dict[str, Any]] = []
    if yes and going:
        details = f"{plan.settlement.done}: {len(going)} dead letters"
        with call.on_record("admin", "workflow", filters.vehicle, plan.settlement.operator, details) as access:
            for letter, cause in settle(call.kafka, call.topology, going, plan.settlement):
                place = str(cause) if cause else None
                done.append({"id": str(letter), "redriven_to": place})
                if cause is None:  # what is sent again is an input like any other; what is dropped is gone
                    access.rows = len(done)
    if as_json or (yes and (going or plan.refused)):
        text = f"{plan.settlement.done}: {len(done)} of {len(going)}."
        answer({**plan_value(plan), "acted": yes, "done": done}, lambda: text, as_json=as_json)
    if filters.ids and plan.refused:
        raise typer.Exit(ExitCode.NO)


def _missing(ctx: typer.Context, letters: Set[LetterId]) -> dict[LetterId, str]:
    """Why letters that were asked for by id are not among the open ones."""
    from master_orchestrator.readers.open_letters import find_letter

    call = invocation(ctx)
    why: dict[LetterId, str] = {}
    for letter in sorted(letters):
        record, marker = find_letter(call.kafka, call.topology, letter)
        if marker is not None:
            why[letter] = f"{marker.done} by {marker.operator} at {marker.at}"
        else:
            why[letter] = "there is no such dead letter" if record is None else "the filters do not match it"
    return why


def _chosen(
    ctx: typer.Context, filters: LetterFilter, limit: int, *, everything: bool, takes: Callable[[DeadLetter], bool]
) -> LetterListing:
    """The oldest that ``takes`` takes; those it does not take do not count."""
    from master_orchestrator.readers.open_letters import LetterFilter, oldest

    if filters == LetterFilter() and not everything:
        raise UsageError("name the dead letters: IDs, a filter such as --reason, or --all")
    return read_listing(ctx, filters, lambda letters: oldest(filter(takes, letters), max(limit, len(filters.ids))))
