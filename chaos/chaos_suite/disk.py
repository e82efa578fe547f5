"""An engine's state folder, and what may become of it. Only while its engine does not run."""

import shutil
from pathlib import Path


class Disk:
    """The state folder of one engine; ``copies``: where copies of it are kept."""

    def __init__(self, folder: Path, copies: Path) -> None:
        self.folder, self._copies = folder, copies

    def wipe(self) -> None:
        """Lose it."""
        shutil.rmtree(self.folder, ignore_errors=True)
