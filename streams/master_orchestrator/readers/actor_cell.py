"""An actor in a table on a terminal."""

from dataclasses import dataclass

from rich.console import Console, ConsoleOptions, RenderResult
from rich.measure import Measurement
from rich.text import Text


@dataclass(frozen=True)
class ActorCell:
    """An actor with its instance (``agent:DIAGNOSIS@runner-1``).

    Where the column is too narrow the instance is left out, which the JSON answers have; then the line breaks after the
    kind of actor. ``name`` is shown as it is.
    """

    name: str

    def __rich_measure__(self, console: Console, options: ConsoleOptions) -> Measurement:
        """From the longest part to all of it."""
        least = max(map(len, self._parts))
        return Measurement(min(least, options.max_width), min(len(self.name), options.max_width))

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """What fits."""
        forms = (self.name, "".join(self._parts))
        fits = (form for form in forms if len(form) <= options.max_width)
        yield Text(next(fits, "\n".join(self._parts)), overflow="fold")

    @property
    def _parts(self) -> tuple[str, ...]:
        """The kind with its colon, and the name; without a colon all of it, without the instance in any case."""
        kind, colon, name = self.name.partition("@")[0].partition(":")
        return (kind + colon, name) if name else (kind,)
