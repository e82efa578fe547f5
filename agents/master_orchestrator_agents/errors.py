"""The errors of this package; a handler raises RetryableError or PermanentError to say what kind of failure it is."""

import pydantic

from master_orchestrator_schemas.errors import OrchestratorError


class AgentError(OrchestratorError):
    """Base of all errors of this package. The text says what was wrong, with which input, and what to do."""


class RetryableError(AgentError):
    """Raised by a handler: this may work later.

    Args:
        message: for the audit trail and the on-call human.
        retry_after: seconds to wait at least; it may lengthen the retry policy's wait, never shorten it.
    """

    def __init__(self, message: str, retry_after: float | None = None) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class RunnerKilledError(RetryableError):
    """The answer to a quarantined command, whose handler is not called: it crashed its runners repeatedly."""


class PermanentError(AgentError):
    """Raised by a handler: this will never work. The workflow ends as FAILED with a call for a human."""


class CharterError(PermanentError):
    """An act that is outside the actor's charter was not done; the text names it, and the line that would allow it.

    It is raised by the guard of an act (``guard.py``). A handler that does not catch it ends its workflow.
    """


class ControlledError(RetryableError):
    """An act was not done because the actor is throttled or blocked for now; ``retry_after`` says until when."""


class InvalidTaskError(PermanentError):
    """The command's payload does not fit the task model of its agent."""


class InvalidResultError(PermanentError):
    """What a handler returned does not fit the result model of its agent; the text names the key."""


class HarnessError(AgentError):
    """A handler under test failed, or was called with a payload that no command can carry."""


class RunnerError(AgentError):
    """A runner cannot go on: broker unreachable, topics missing, fenced, or a fault in the runner itself."""


def first_fault(error: pydantic.ValidationError) -> str:
    """``anomalies.0.severity: Input should be less than or equal to 1 (got 7); 2 more``."""
    faults = error.errors(include_url=False)
    where = ".".join(str(part) for part in faults[0]["loc"]) or "(whole)"
    more = f"; {len(faults) - 1} more" if len(faults) > 1 else ""
    return f"{where}: {faults[0]['msg']} (got {faults[0]['input']!r:.100}){more}"
