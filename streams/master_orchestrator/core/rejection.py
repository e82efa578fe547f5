"""An input that no workflow can record: it becomes a dead letter, and the vehicle's state stays as it was."""

import msgspec

from master_orchestrator_schemas.errors import OrchestratorError


class Rejection(msgspec.Struct, frozen=True, gc=False):
    """Why an input is rejected. ``code``: for dead letters and metrics. ``text``: for the reader of the dead letter."""

    code: str
    text: str

    def __str__(self) -> str:
        return f"{self.code}: {self.text}"


class RejectedError(OrchestratorError):
    """A record that no vehicle's state can take."""

    def __init__(self, code: str, text: str) -> None:
        self.rejection = Rejection(code, text)
        super().__init__(text)
