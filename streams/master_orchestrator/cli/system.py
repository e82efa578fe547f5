"""`provision`, `engine`, `agents` and `up`: the system's processes."""

import typer


def register(app: typer.Typer) -> None:
    """Add the commands to the command line."""
