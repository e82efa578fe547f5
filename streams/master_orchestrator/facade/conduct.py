"""What the façade tells of actors, and what is asked about them."""

from typing import Any

from master_orchestrator.client.judge_requests import refusal_of
from master_orchestrator.errors import InvalidRequestError, UnknownActorError
from master_orchestrator.facade.requests import now_ms
from master_orchestrator.ports import Shell
from master_orchestrator.readers.explaining import explanation_value
from master_orchestrator_schemas.messages import UebaRequest


def explained(shell: Shell, actor: str) -> dict[str, Any]:
    """Why the actor has its risk, as ``ueba explain --json`` tells it. Raises :class:`UnknownActorError`."""
    known = shell.actor(actor)
    if known is None:
        raise UnknownActorError(actor)
    return explanation_value(*known, now_ms())


def decided(shell: Shell, request: UebaRequest, timeout_s: float) -> None:
    """Have the judge do what is asked. Raises :class:`InvalidRequestError` if it refuses."""
    if (why := refusal_of(shell.ask_judge(request, timeout_s))) is not None:
        raise InvalidRequestError(f"the judge of behaviour refused: {why}")
