"""The demo's folder: broker, tables and logs of one run, gone afterwards unless there is something to look into."""

import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import mkdtemp


@dataclass
class DemoFolder:
    """A temporary folder; ``keep`` may be set until the end."""

    path: Path
    keep: bool = False


@contextmanager
def demo_folder() -> Iterator[DemoFolder]:
    """A folder that is removed, unless it is to be kept; then, or after an error that left a log, stderr names it."""
    folder = DemoFolder(Path(mkdtemp(prefix="master-orchestrator-demo-")))
    try:
        yield folder
    except Exception:
        folder.keep = any(log.stat().st_size for log in folder.path.glob("*.log"))
        raise
    finally:
        if folder.keep:
            sys.stderr.write(f"logs and data are in {folder.path}\n")
        else:
            shutil.rmtree(folder.path, ignore_errors=True)
