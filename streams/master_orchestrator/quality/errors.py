"""What can be wrong with the files of a quality analysis."""

from pathlib import Path

from master_orchestrator.errors import OrchestratorError


class QualityFileError(OrchestratorError):
    """A file that cannot be used; the message names the line and the column where there is one, and what to do."""

    def __init__(self, path: Path, problem: str, line: int | None = None, column: str | None = None) -> None:
        place = "".join((f", line {line}" if line else "", f", column {column}" if column else ""))
        super().__init__(f"{path}{place}: {problem}")
