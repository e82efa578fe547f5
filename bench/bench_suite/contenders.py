"""What a comparison is made of: contenders that can be had and measured, ours among them."""

from pathlib import Path
from typing import Protocol


class UnavailableError(Exception):
    """A contender that cannot be had or measured here; its text is the reason, and is printed."""


class Contender(Protocol):
    """One engine, in one configuration, doing the job of its comparison."""

    @property
    def name(self) -> str:
        """What stands in the table: 'Restate 1.7, Python SDK'."""

    @property
    def terms(self) -> str:
        """What it promises and how durably, in a few words: 'WAL fsynced; handlers at least once'."""

    def prepare(self, home: Path) -> None:
        """Install into ``home``, kept from run to run: idempotent, pinned versions. Raises :class:`UnavailableError`.

        The frame calls it once, before any measuring; what :meth:`measure` needs of it, the contender remembers.
        """

    def measure(self, *, quick: bool) -> dict[str, float]:
        """One round: start, load, measure, stop all that was started, whatever happens. ``quick``: a small load.

        Figures by name, with their unit at the end (``_per_s``, ``_ms``, ``_mb``), the one that matters most first: it
        is the plot's. A name that ends in ``_wrong`` or ``_missing`` counts broken promises: anything but 0
        marks the contender.
        Raises :class:`UnavailableError`, ``OSError`` (a time-out, too) or ``SubprocessError`` where a round fails.
        """
