"""Answers of commands: a table or text for people, one JSON document for programs (`--json`)."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from rich.console import RenderableType

JsonOption = Annotated[bool, typer.Option("--json", help="Answer with one JSON document instead of text.")]


def answer(value: object, human: Callable[[], RenderableType], *, as_json: bool) -> None:
    """Print `value` as JSON, or what `human` makes of it; on stdout, where logs never go."""
    if as_json:
        typer.echo(json.dumps(value, ensure_ascii=False, default=str))
        return
    from rich.console import Console

    Console().print(human())
