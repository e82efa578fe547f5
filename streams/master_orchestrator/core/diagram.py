"""The transition table as a picture: Mermaid text for the docs, which a test holds to the table."""

from master_orchestrator.core.transitions import END_STATES, INITIAL, TRANSITIONS


def mermaid() -> str:
    """A Mermaid state diagram of the whole table, ending in a newline."""
    lines = ["stateDiagram-v2", f"    [*] --> {INITIAL}"]
    for from_state, moves in TRANSITIONS.items():
        lines += [f"    {from_state} --> {to_state}: {when}" for to_state, when in moves.items()]
    lines += [f"    {state} --> [*]" for state in TRANSITIONS if state in END_STATES]
    return "\n".join(lines) + "\n"
