"""What a run writes down for the judge: JSON lines in its folder, on disk with each line."""

import json
import threading
import time
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Self


def now_ms() -> int:
    """This machine's clock, in ms since 1970."""
    return time.time_ns() // 1_000_000


class Journal:
    """One file of JSON lines, appended to. Safe for threads."""

    def __init__(self, path: Path) -> None:
        self._file = path.open("a", encoding="utf-8")
        self._lock = threading.Lock()

    def write(self, entry: Mapping[str, object]) -> None:
        """Append one line."""
        line = json.dumps(entry, ensure_ascii=False) + "\n"
        with self._lock:
            self._file.write(line)
            self._file.flush()

    def close(self) -> None:
        """Write no more."""
        with self._lock:
            self._file.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
