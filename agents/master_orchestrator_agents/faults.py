"""Validation errors in one line."""

import pydantic


def first_fault(error: pydantic.ValidationError) -> str:
    """``anomalies.0.severity: Input should be less than or equal to 1 (got 7); 2 more``."""
    faults = error.errors(include_url=False)
    where = ".".join(str(part) for part in faults[0]["loc"]) or "(whole)"
    more = f"; {len(faults) - 1} more" if len(faults) > 1 else ""
    return f"{where}: {faults[0]['msg']} (got {faults[0]['input']!r:.100}){more}"
