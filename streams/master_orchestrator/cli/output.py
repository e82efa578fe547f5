"""Answers of commands: a table or text for people, one JSON document for programs (`--json`)."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    import msgspec
    from rich.console import RenderableType

JsonOption = Annotated[bool, typer.Option("--json", help="Answer with one JSON document instead of text.")]


PLAIN_WIDTH = 140
"""Columns, where the output is not a terminal and no width is given."""


def harmless_text(text: str) -> str:
    """A stranger's text, so that it cannot steer the terminal: control characters are escaped."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


def plain(report: msgspec.Struct) -> dict[str, Any]:
    """A report as what JSON is written from."""
    import msgspec

    value: dict[str, Any] = msgspec.to_builtins(report)
    return value


def answer(value: object, human: Callable[[], RenderableType], *, as_json: bool) -> None:
    """Print `value` as JSON, or what `human` makes of it; on stdout, where logs never go."""
    if as_json:
        typer.echo(json.dumps(value, ensure_ascii=False, default=str))
        return
    shown = human()
    if isinstance(shown, str):  # as it is: neither wrapped nor read as markup
        typer.echo(shown)
        return
    from rich.console import Console

    Console(width=plain_width()).print(shown)


def plain_width() -> int | None:
    """Columns to write where stdout is not a terminal; None: the terminal's width, or COLUMNS."""
    return None if sys.stdout.isatty() or "COLUMNS" in os.environ else PLAIN_WIDTH
