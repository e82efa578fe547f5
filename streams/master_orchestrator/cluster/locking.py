"""File locks that the kernel releases when their holder dies, and files that are replaced whole or not at all."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from master_orchestrator.cluster.errors import FolderInUseError


def try_lock(path: Path) -> int | None:
    """Take the lock at `path` and return its file descriptor, or None while another process holds it.

    The lock lives as long as any process has the descriptor open: a child that inherits it holds it alone
    once the parent has closed its copy.
    """
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        return None
    except BaseException:
        os.close(descriptor)
        raise
    return descriptor


def is_locked(path: Path) -> bool:
    """Whether some living process holds the lock at `path`."""
    if not path.exists():
        return False
    descriptor = try_lock(path)
    if descriptor is None:
        return True
    os.close(descriptor)
    return False


@contextmanager
def exclusive(path: Path) -> Iterator[None]:
    """Hold the lock at `path`, waiting for its holder."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


@contextmanager
def alone(path: Path, complaint: str) -> Iterator[None]:
    """Hold the lock at `path`, making its folder; FolderInUseError with `complaint` while another process holds it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor = try_lock(path)
    if descriptor is None:
        raise FolderInUseError(complaint)
    try:
        yield
    finally:
        os.close(descriptor)


def write_whole(path: Path, text: str) -> None:
    """Write a temporary file and put it in place: an interruption leaves the old content."""
    staged = path.with_name(f"{path.name}.{os.getpid()}")
    try:
        staged.write_text(text)
        staged.replace(path)
    finally:
        staged.unlink(missing_ok=True)
