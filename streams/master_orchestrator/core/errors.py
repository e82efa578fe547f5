"""What the core raises: nothing, on any input. These name mistakes in the core itself, and states it cannot read."""

from typing import Self

from master_orchestrator.errors import OrchestratorError
from master_orchestrator_schemas.vocabulary import State


class IllegalTransitionError(OrchestratorError):
    """A decision that the transition table does not have: a fault in ``decide/``."""

    def __init__(self, from_state: State, to_state: State) -> None:
        super().__init__(
            f"{from_state} -> {to_state} is not in the transition table: correct the rule that decided it, "
            "or add the move to core/transitions.py"
        )


class ForeignStateError(OrchestratorError):
    """A stored state that this engine's code must not guess at. Nothing is harmed: another release can read it."""

    @classmethod
    def newer(cls, version: int, known: int) -> Self:
        """The state was written by a newer engine than this."""
        return cls(
            f"a vehicle's state has version {version}, written by a newer engine; this one knows versions up to "
            f"{known} and would damage it: upgrade this engine (nothing is lost meanwhile)"
        )

    @classmethod
    def older(cls, version: int, known: int) -> Self:
        """The state is older than all this engine can upgrade."""
        return cls(
            f"a vehicle's state has version {version}, which this engine (version {known}) cannot upgrade: "
            "run a release that can, until all its vehicles have reported, and then this one"
        )
