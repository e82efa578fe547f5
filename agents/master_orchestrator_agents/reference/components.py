"""Names of components as workshops write them, brought to the form of the knowledge base."""

NO_FAULT = frozenset({"no_fault_found", "no_fault", "none", "nff"})
"""What workshops report when there was nothing to repair."""


def component_of(cause: str) -> str:
    """``Water pump`` and ``water-pump`` are ``water_pump``."""
    return "_".join(cause.lower().replace("-", " ").replace("_", " ").split())
