"""What the core raises: nothing, on any input. These name mistakes in the core itself."""

from master_orchestrator.errors import OrchestratorError
from master_orchestrator_schemas.vocabulary import State


class IllegalTransitionError(OrchestratorError):
    """A decision that the transition table does not have: a fault in ``decide/``."""

    def __init__(self, from_state: State, to_state: State) -> None:
        super().__init__(
            f"{from_state} -> {to_state} is not in the transition table: correct the rule that decided it, "
            "or add the move to core/transitions.py"
        )
