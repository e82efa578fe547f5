"""Answers of commands: a table or text for people, one JSON document for programs (`--json`)."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    import msgspec
    from rich.console import Console, ConsoleOptions, RenderableType
    from rich.segment import Segment

JsonOption = Annotated[bool, typer.Option("--json", help="Answer with one JSON document instead of text.")]


PLAIN_WIDTH = 140
"""Columns, where the output is not a terminal and no width is given."""


def harmless_text(text: str) -> str:
    """A stranger's text, so that it cannot steer the terminal: control characters are escaped."""
    return text if text.isprintable() else "".join(map(_escaped, text))


def harmless_json(text: str) -> str:
    """A line of JSON that means the same, without control characters."""
    return text if text.isprintable() else "".join(c if c.isprintable() else json.dumps(c)[1:-1] for c in text)


def _escaped(character: str) -> str:
    return character if character.isprintable() else character.encode("unicode_escape").decode()


@dataclass(frozen=True)
class Harmless:
    """What to show, with the control characters of its texts escaped; styles and line breaks stay."""

    content: RenderableType

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> Iterator[Segment]:
        """Rich's protocol."""
        from rich.segment import Segment

        for segment in console.render(self.content, options):
            lines = "\n".join(map(harmless_text, segment.text.split("\n")))
            yield Segment(lines, segment.style, segment.control)


def plain(report: msgspec.Struct) -> dict[str, Any]:
    """A report as what JSON is written from."""
    import msgspec

    value: dict[str, Any] = msgspec.to_builtins(report)
    return value


def answer(value: object, human: Callable[[], RenderableType], *, as_json: bool, min_width: int = 1) -> None:
    """Print `value` as JSON, or what `human` makes of it; on stdout, where logs never go.

    Whatever strangers wrote in it cannot steer the terminal. A terminal of less than `min_width` columns breaks the
    lines itself.
    """
    if as_json:
        typer.echo(harmless_json(json.dumps(value, ensure_ascii=False, default=str)))
        return
    shown = human()
    if isinstance(shown, str):  # as it is: neither wrapped nor read as markup
        typer.echo("\n".join(map(harmless_text, shown.split("\n"))))
        return
    console = console_for_people(width=plain_width())
    console.width = max(console.width, min_width)
    console.print(Harmless(shown))


def console_for_people(**options: Any) -> Console:
    """Rich's console with these options; what it is given is text, whatever is in brackets or between colons."""
    from rich.console import Console

    return Console(markup=False, emoji=False, **options)


def plain_width() -> int | None:
    """Columns to write where stdout is not a terminal; None: the terminal's width, or COLUMNS."""
    return None if sys.stdout.isatty() or "COLUMNS" in os.environ else PLAIN_WIDTH
