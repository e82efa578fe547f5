"""Commands that need libraries which are an optional part of the installation."""

from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def needs_extra(extra: str) -> Iterator[None]:
    """Says what to install if a library of the extra is missing."""
    from master_orchestrator.errors import ExtraMissingError

    try:
        yield
    except ModuleNotFoundError as error:
        if (error.name or "").startswith("master_orchestrator"):
            raise
        raise ExtraMissingError(extra, error.name) from error
