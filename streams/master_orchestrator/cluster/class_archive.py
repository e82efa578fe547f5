"""The broker's classes as the JVM keeps them after its first run: with them a start takes a quarter to a half less CPU.

The first broker of a machine writes them when it stops in order, under a lock that it holds as long as it lives; the
next start puts them in place. The JVM itself refuses an archive of another JVM or of other jars, and goes on without.
"""

import hashlib
import os
from pathlib import Path
from typing import NamedTuple

from master_orchestrator.cluster.locking import try_lock

LOCK = "classes.lock"


class ClassOptions(NamedTuple):
    """What the JVM is told, and the lock that it inherits where it is the one that writes the archive."""

    options: tuple[str, ...] = ()
    lock: int | None = None


def existing_archive(java: Path, libs: Path) -> ClassOptions:
    """For a JVM that ends soon, whose classes are not worth keeping."""
    archive = _archive(java, libs)
    return ClassOptions((f"-XX:SharedArchiveFile={archive}",)) if archive.exists() else ClassOptions()


def class_options(java: Path, libs: Path) -> ClassOptions:
    """Use the archive; where there is none, write it, unless another broker does or the folder is not ours to write."""
    archive = _archive(java, libs)
    if not archive.exists():
        try:
            lock = try_lock(archive.with_name(LOCK))
        except OSError:
            return ClassOptions()
        if lock is None:
            return ClassOptions()
        written = archive.with_suffix(".new")
        if not _is_whole(written):
            return ClassOptions((f"-XX:ArchiveClassesAtExit={written}",), lock)
        written.replace(archive)
        os.close(lock)
    return existing_archive(java, libs)


def _archive(java: Path, libs: Path) -> Path:
    """Next to the jars; another Java, other jars or a copy of them, which the JVM would refuse, have another one."""
    files = [java.resolve(), *sorted(libs.glob("*.jar"))]
    facts = [(str(file), file.stat().st_size, file.stat().st_mtime_ns) for file in files if file.exists()]
    return libs.parent / f"classes-{hashlib.sha256(repr(facts).encode()).hexdigest()[:12]}.jsa"


def _is_whole(archive: Path) -> bool:
    """The JVM writes the file's head last."""
    if not archive.exists():
        return False
    with archive.open("rb") as file:
        return any(file.read(4))
