"""What can be wrong with a file, a map or a delivery."""

from pathlib import Path

from master_orchestrator.errors import OrchestratorError


class IngestError(OrchestratorError):
    """Base of all errors of ingesting."""


class FileUnusableError(IngestError):
    """A file that cannot be read as rows at all."""

    def __init__(self, path: Path, why: str) -> None:
        super().__init__(f"{path}: {why}")


class ColumnMapError(IngestError):
    """A column map that cannot be read, or does not fit the file."""


class DeliveryError(IngestError):
    """Readings that the broker did not acknowledge."""
