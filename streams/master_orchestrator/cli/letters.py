"""What people and programs see of dead letters."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from rich.console import Group
from rich.text import Text

from master_orchestrator.cli.shown import age_of, now_ms, shown
from master_orchestrator.cli.tables import plain_table
from master_orchestrator_schemas.headers import rfc3339
from master_orchestrator_schemas.wording import amount

if TYPE_CHECKING:
    from rich.console import RenderableType

    from master_orchestrator.client.redriving import Settlement
    from master_orchestrator.readers.dead_letters import DeadLetter, LetterId, Marker
    from master_orchestrator.readers.letter_value import LetterValue
    from master_orchestrator.readers.open_letters import LetterListing

SHOWN_VALUE = 400
"""Characters of a value in a preview."""


def letter_line(letter: DeadLetter) -> dict[str, Any]:
    """A letter as JSON."""
    return {
        "id": str(letter.id),
        "at": rfc3339(letter.at_ms),
        "age_s": (now_ms() - letter.at_ms) // 1_000,
        "reason": letter.reason,
        "message": letter.message,
        "topic": letter.topic,
        "origin": letter.origin,
        "vehicle": letter.vehicle,
        "attempts": letter.attempts,
        "sender": letter.sender,
        "source_id": letter.source_id,
        "cut_from": letter.cut_from,
        "bytes": letter.size,
    }


def marker_line(marker: Marker | None) -> dict[str, Any] | None:
    """What was done about a letter, as JSON."""
    if marker is None:
        return None
    return {
        "done": marker.done,
        "operator": marker.operator,
        "at": marker.at,
        "reason_text": marker.text,
        "redriven_to": marker.redriven_to,
    }


def count_lines(listing: LetterListing) -> list[dict[str, Any]]:
    """The counts as JSON, the most frequent first."""
    return [{"reason": r, "topic": t, "count": number} for (r, t), number in listing.counts.most_common()]


def sender_lines(listing: LetterListing) -> list[dict[str, Any]]:
    """The counts by sender as JSON, the most frequent first."""
    return [{"sender": sender, "count": number} for sender, number in listing.senders.most_common()]


def listing_table(listing: LetterListing) -> RenderableType:
    """Counts by reason and topic, then the rows."""
    if not listing.total:
        return Text("No dead letters.")
    counts = plain_table("count", "reason", "topic")
    for (reason, topic), number in listing.counts.most_common():
        counts.add_row(str(number), shown(reason), shown(topic))
    senders = plain_table("count", "sender")
    for sender, number in listing.senders.most_common():
        senders.add_row(str(number), shown(sender))
    return Group(
        counts,
        Text(),
        senders,
        Text(),
        rows_table(listing.rows),
        Text(f"{len(listing.rows)} of {listing.total} dead letters"),
    )


def rows_table(letters: Sequence[DeadLetter]) -> RenderableType:
    """One line per letter."""
    table = plain_table("id", "age", "reason", "vehicle", "attempts", "origin")
    for letter in letters:
        cells = (shown(letter.reason), shown(letter.vehicle[:64]), Text(str(letter.attempts)), shown(letter.origin))
        table.add_row(str(letter.id), age_of(letter.at_ms), *cells)
    return table


@dataclass(frozen=True)
class SettlementPlan:
    """What is to be done about which letters, and which others cannot be, with the reason.

    ``beyond``: how many more there are than the limit lets in. ``values``: what would be sent.
    """

    settlement: Settlement
    rows: Sequence[DeadLetter]
    refused: Mapping[LetterId, str]
    beyond: int
    values: Mapping[LetterId, LetterValue] = field(default_factory=dict)


def plan_value(plan: SettlementPlan) -> dict[str, Any]:
    """A plan as JSON."""
    return {
        "action": plan.settlement.done,
        "operator": plan.settlement.operator,
        "letters": [{**letter_line(letter), **_value_field(plan, letter.id)} for letter in plan.rows],
        "refused": [{"id": str(letter), "why": why} for letter, why in plan.refused.items()],
        "beyond_limit": plan.beyond,
    }


def plan_text(plan: SettlementPlan, *, yes: bool) -> RenderableType:
    """A plan for people, who may still say no."""
    verb = "Will be" if yes else "Would be"
    if not (plan.rows or plan.refused):
        return Text(f"No open dead letter matches: nothing is {plan.settlement.done}.")
    letters = amount(len(plan.rows), "dead letter")
    head = shown(f"{verb} {plan.settlement.done} by {plan.settlement.operator}: {letters}")
    values = [shown(f"{letter} {value.form}: {_one_line(value)}") for letter, value in plan.values.items()]
    notes = [shown(f"Not {letter}: {why}.") for letter, why in plan.refused.items()]
    if plan.beyond:
        notes.append(Text(f"{plan.beyond} more are beyond --limit."))
    if plan.rows and not yes:
        notes.append(Text("Nothing was done: say --yes to do it."))
    return Group(head, *([rows_table(plan.rows)] if plan.rows else []), *values, *notes)


def _value_field(plan: SettlementPlan, letter: LetterId) -> dict[str, Any]:
    value = plan.values.get(letter)
    return {} if value is None else {"value": value_line(value)}


def value_line(value: LetterValue) -> dict[str, Any]:
    """A letter's value as JSON."""
    return {"form": value.form, "content": value.content}


def _one_line(value: LetterValue) -> str:
    """What matters of a value: what is not said (None) is left out."""
    content = value.content
    if isinstance(content, dict):
        content = {key: part for key, part in content.items() if part is not None}
    text = content if isinstance(content, str) else json.dumps(content, ensure_ascii=False)
    return text if len(text) <= SHOWN_VALUE else f"{text[:SHOWN_VALUE]}… (see dlq show)"


def letter_text(
    letter: DeadLetter, headers: Sequence[tuple[str, str]], value: LetterValue, marker: Marker | None
) -> RenderableType:
    """A letter with its headers and value."""
    head = Text.assemble((f"{letter.id}", "bold"), f", {age_of(letter.at_ms)} old: ", (letter.reason, "red"))
    table = plain_table("header", "value")
    for name, text in headers:
        table.add_row(shown(name), shown(text))
    done = f"{marker.done} by {marker.operator} at {marker.at}" if marker else "open: nothing was done about it"
    if marker and (more := marker.redriven_to or marker.text):
        done += f": {more}"
    body = value.content if isinstance(value.content, str) else json.dumps(value.content, indent=2, ensure_ascii=True)
    title = Text(f"\nvalue, {letter.size} bytes, {value.form}:")
    return Group(head, shown(letter.message), table, shown(done), title, Text(body or "(empty)"))
