"""A progress bar on stderr for bounded reads, where a person is watching."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from master_orchestrator.readers.topics import OnProgress


@contextmanager
def reading(what: str) -> Iterator[OnProgress | None]:
    """What to hand to a reader as ``progress``; None where nobody watches."""
    from rich.progress import Progress as Bar

    from master_orchestrator.cli.output import console_for_people

    console = console_for_people(stderr=True)
    if not console.is_terminal:
        yield None
        return
    with Bar(console=console, transient=True) as bar:
        task = bar.add_task(f"Reading {what}", total=None)

        def progress(passed: int, total: int) -> None:
            bar.update(task, completed=passed, total=total)

        yield progress
