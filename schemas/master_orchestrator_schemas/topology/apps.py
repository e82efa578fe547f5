"""The stream apps of the system: each has a table, its changelog, and input topics of its own."""

from typing import NamedTuple


class AppNames(NamedTuple):
    """One app's persistent names.

    Args:
        app_id: of the app, and prefix of its consumer group and transactions.
        table: of its states.
        inputs: its input topics in rank order: at equal timestamps the earlier goes first.
    """

    app_id: str
    table: str
    inputs: tuple[str, ...]

    @property
    def changelog_topic(self) -> str:
        """The table's changelog, as Faust names it."""
        return f"{self.app_id}-{self.table}-changelog"

    @property
    def assignor_topic(self) -> str:
        """Faust's leader topic, which it wants to exist; one partition."""
        return f"{self.app_id}-__assignor-__leader"
