"""Names that senders choose, of which only a bounded number may be kept: labels of metrics, lines of logs."""

from master_orchestrator_schemas.left_out import harmless

MAX_NAMES = 64
OTHER = "other"


class BoundedNames:
    """The first names of a group are known by themselves, all later ones as ``other``."""

    def __init__(self, most: int = MAX_NAMES) -> None:
        self._most = most
        self._known: set[str] = set()

    def is_new(self, name: str) -> bool:
        """Whether this name was not seen before, and is kept from now on; False where there is no room for it."""
        name = harmless(name)
        if name in self._known or len(self._known) >= self._most:
            return False
        self._known.add(name)
        return True

    def label(self, name: str) -> str:
        """The name as it may be shown, or ``other``."""
        self.is_new(name)
        plain = harmless(name)
        return plain if plain in self._known else OTHER
