"""The errors of this package, and the base of those of all packages."""

from typing import Literal


class OrchestratorError(Exception):
    """Base of every error that Master Orchestrator raises on purpose.

    The text says what was wrong, with which input, and what to do.
    """


class ContractError(OrchestratorError):
    """Something does not keep to the contracts. The text says what was wrong, with which input, and what to do."""


DecodeReason = Literal[
    "undecodable",
    "oversized",
    "unknown_schema",
    "invalid",
    "too_deep",
    "not_finite",
    "json_not_allowed",
]
"""Why a record could not be read, as dead letters carry it."""


class DecodeError(ContractError):
    """A record cannot be read; it belongs into the dead letters, bytes untouched. ``reason`` is for machines."""

    def __init__(self, reason: DecodeReason, problem: str) -> None:
        self.reason: DecodeReason = reason
        super().__init__(problem)


class EncodeError(ContractError):
    """A message cannot be written: a field has the wrong type, or the record would be larger than readers accept."""
