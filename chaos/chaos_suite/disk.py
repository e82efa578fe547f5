"""An engine's state folder, and what may become of it. Its engine must not run, unless a method says otherwise."""

import errno
import os
import random
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

SPARE_BYTES = 256 * 2**20
"""Room on a small disk for what RocksDB sets up when it opens."""
_ROCKSDB = ("*.sst", "*.log", "MANIFEST-*", "CURRENT")
_MAX_CUT = 4
_MEBIBYTE = bytes(2**20)


class Disk:
    """The state folder of one engine; ``copies``: where two copies of it are kept, the run's first and its last."""

    def __init__(self, folder: Path, copies: Path) -> None:
        self.folder, self._copies = folder, copies

    @property
    def _ballast(self) -> Path:
        return self.folder / "ballast"

    def keep_copy(self) -> None:
        """Copy the folder: as a crash left it, a consistent image."""
        self.folder.mkdir(parents=True, exist_ok=True)  # it was wiped just now, or not made yet
        self._copies.mkdir(parents=True, exist_ok=True)
        target = self._copies / ("last" if (self._copies / "first").exists() else "first")
        shutil.rmtree(target, ignore_errors=True)
        shutil.copytree(self.folder, target)

    def put_back(self, draw: random.Random) -> str:
        """Become one of the copies; which one. There must be one."""
        copy = draw.choice(sorted(self._copies.iterdir()))
        self.wipe()
        shutil.copytree(copy, self.folder)
        return copy.name

    @property
    def has_copy(self) -> bool:
        """Whether a copy was kept."""
        return self._copies.exists()

    def wipe(self) -> None:
        """Lose it."""
        shutil.rmtree(self.folder, ignore_errors=True)

    def truncate(self, draw: random.Random) -> list[str]:
        """Cut some of RocksDB's files short; which ones, and where."""
        files = sorted(file for pattern in _ROCKSDB for file in self.folder.rglob(pattern) if file.stat().st_size)
        cuts = []
        for file in draw.sample(files, min(len(files), draw.randint(1, _MAX_CUT))):
            size = draw.randrange(file.stat().st_size)
            cuts.append(f"{file.name} {file.stat().st_size} to {size}")
            os.truncate(file, size)
        return cuts

    @contextmanager
    def small(self) -> Iterator[None]:
        """Lie on a small disk (a tmpfs), with what is in it. The engine may run between beginning and end."""
        self.folder.mkdir(parents=True, exist_ok=True)
        kept, after = (self.folder.with_name(self.folder.name + end) for end in (".kept", ".after"))
        size = SPARE_BYTES + sum(file.stat().st_size for file in self.folder.rglob("*") if file.is_file())
        self.folder.rename(kept)
        self.folder.mkdir()
        subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size}", "none", self.folder], check=True)
        try:
            shutil.copytree(kept, self.folder, dirs_exist_ok=True)
            yield
            shutil.copytree(self.folder, after)
        finally:
            subprocess.run(["umount", self.folder], check=True)
            self.folder.rmdir()
            if after.exists():
                shutil.rmtree(kept)
            (after if after.exists() else kept).rename(self.folder)

    def opened_since(self, began_s: float) -> bool:
        """Whether a RocksDB in it was opened since ``began_s`` (``time.time()``): each opening begins a new LOG."""
        return any(log.stat().st_mtime >= began_s for log in self.folder.rglob("LOG"))

    def fill(self) -> None:
        """Take all the room there is on a `small` disk; its engine may run."""
        with self._ballast.open("wb", buffering=0) as ballast:
            try:
                while ballast.write(_MEBIBYTE):
                    pass
            except OSError as error:
                if error.errno != errno.ENOSPC:
                    raise

    def free(self) -> None:
        """Give back what `fill` took; its engine may run."""
        self._ballast.unlink(missing_ok=True)
