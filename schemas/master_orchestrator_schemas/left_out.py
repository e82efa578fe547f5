"""What is left out of an input because its meaning is not known; the rest of the input is used."""

from typing import NamedTuple

MAX_SHOWN = 60


class LeftOut(NamedTuple):
    """One thing that was left out.

    Args:
        name: as its sender wrote it, shortened and harmless to show.
        problem: why, for people.
        known: whether the name is known and its value is what is wrong.
    """

    name: str
    problem: str
    known: bool = False

    def __str__(self) -> str:
        return f"{self.name}: {self.problem}"


def harmless(text: object) -> str:
    """A sender's text, shortened, and without what could steer a terminal or break a line."""
    whole = str(text)
    plain = "".join(
        c if c.isprintable() else c.encode("unicode_escape", "backslashreplace").decode() for c in whole[:MAX_SHOWN]
    )
    return plain if len(whole) <= MAX_SHOWN else f"{plain}…"
